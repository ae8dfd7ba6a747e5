"""An app that reads the body and answers a constant: what the server alone can.

A WSGI app, behind the same reader of bodies as ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from worker.rsgi import Gate

BODY = b'{"status": "accepted", "event": 1}\n'
HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))]


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", HEADERS)
    return [BODY]


gate = Gate(app, max_body_bytes=1_000_000, body_seconds=10.0)
