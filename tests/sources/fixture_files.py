"""Read the `.http` fixtures: whole deliveries, signed with the secrets below."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from worker import sources
from worker.model import Connection, Delivery, Event

FOLDER = Path(__file__).parents[1] / "fixtures"
SIGNED_AT = datetime(2026, 5, 4, 10, 15, 30, tzinfo=UTC)
CONNECTIONS = {
    name: Connection(name=name, source=name, secrets=(secret,))
    for name, secret in {
        "altur": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "cora": "cora-test-secret-0001",
        "freeclimb": "sigsec_00000000000000000000000000000000000000aa",
        "vocobase": "whsec_testvector0001",
    }.items()
}
PATHS = sorted(FOLDER.glob("*/*.http"))


def read_http(path: Path) -> tuple[str, str, dict[str, str], bytes]:
    """Return method, path, headers with lower-case names, and the exact body."""
    head, _, body = path.read_bytes().partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(": ") for line in lines)
    return method, target, {name.lower(): value for name, _, value in pairs}, body


def delivery(headers: Mapping[str, str], body: bytes) -> Delivery:
    """Return a delivery that was received when the fixtures were signed."""
    lower = {name.lower(): value for name, value in headers.items()}
    return Delivery(headers=lower, body=body, received_at=SIGNED_AT)


def fixture(source: str, name: str) -> Delivery:
    _, _, headers, body = read_http(FOLDER / source / f"{name}.http")
    return delivery(headers, body)


def body_of(source: str, name: str) -> Any:
    return json.loads(fixture(source, name).body)


def signed(source: str, body: Any, **headers: str) -> Delivery:
    """Return a delivery of this body, as its vendor would sign it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    module, connection = sources.load(source), CONNECTIONS[source]
    return delivery(module.sign(raw, connection, now=SIGNED_AT) | headers, raw)


def event_of(source: str, body: Any) -> Event:
    return sources.load(source).read(signed(source, body))
