"""The HTTP entry, PEP 3333 without a framework. Floor 5.

`granian --interface wsgi worker.wsgi:app` serves it. The app is built when a server
asks for it; wrong settings then stop the start with every fault and its fix.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from worker import bootstrap, broker, logs
from worker.credentials import holds_token
from worker.errors import (
    BrokerUnavailable,
    Refused,
    StoreUnavailable,
    SyncError,
    TooLarge,
)
from worker.intake import Intake
from worker.model import Delivery
from worker.store.schema import newest_revision

log = logging.getLogger(__name__)

Environ = Mapping[str, Any]
StartResponse = Callable[..., Any]

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    411: "Length Required",
    413: "Content Too Large",
    503: "Service Unavailable",
}
_WEBHOOKS = "/webhooks/"
RETRY_AFTER_SECONDS = 5
_SECURITY = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
)
_CHALLENGES = (
    ("WWW-Authenticate", "Bearer"),
    ("WWW-Authenticate", 'Basic realm="crm-sync metrics"'),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a body (JSON, or the text of metrics) and headers of its own."""

    status: int
    body: dict[str, Any] | bytes
    headers: tuple[tuple[str, str], ...] = ()


class Early(Exception):
    """The answer is known before the use case is asked."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The WSGI app. `is_ready` gives what is not ready, by name, with why.

    `metrics` gives the figures to who holds the token; without one, to nobody.
    """

    intake: Intake
    max_body_bytes: int
    is_ready: Callable[[], dict[str, str]]
    clock: Callable[[], datetime]
    metrics: Callable[[], bytes] = bytes
    metrics_token: str = field(default="", repr=False)

    def __call__(
        self, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer a request."""
        try:
            answer = self._route(environ)
        except Early as early:
            answer = early.answer
        content_type, body = _content(answer.body)
        headers = [
            ("Content-Type", content_type),
            ("Content-Length", str(len(body))),
            *_SECURITY,
            *answer.headers,
        ]
        start_response(f"{answer.status} {_REASONS[answer.status]}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    def _route(self, environ: Environ) -> Answer:
        path = environ.get("PATH_INFO", "")
        if path.startswith(_WEBHOOKS):
            _allow(environ, "POST")
            return self._webhook(environ, path.removeprefix(_WEBHOOKS))
        if path == "/healthz":
            _allow(environ, "GET", "HEAD")
            return Answer(200, {"status": "up"})
        if path == "/readyz":
            _allow(environ, "GET", "HEAD")
            faults = self.is_ready()
            status = {"status": "not ready" if faults else "ready", **faults}
            return Answer(503 if faults else 200, status)
        if path == "/metrics":
            _allow(environ, "GET", "HEAD")
            return self._metrics(environ)
        return Answer(404, {"error": "not_found"})

    def _webhook(self, environ: Environ, name: str) -> Answer:
        now = self.clock()
        try:
            body = _read_body(environ, self.max_body_bytes)
            taken = self.intake.accept(name, Delivery(_headers(environ), body, now))
        except Refused as refused:
            self._count(name, refused, environ, now)
            return Answer(refused.status, {"error": refused.reason})
        except StoreUnavailable as error:
            log.error("a delivery was put off: the database: %s", error)
            again = ("Retry-After", str(RETRY_AFTER_SECONDS))
            return Answer(503, {"error": error.reason}, (again,))
        return Answer(200, {"status": taken.status, "event": taken.event_id})

    def _metrics(self, environ: Environ) -> Answer:
        if not self.metrics_token:
            fix = "set METRICS_TOKEN, and send it as a bearer token"
            return Answer(403, {"error": "no_metrics_token", "fix": fix})
        if not holds_token(environ.get("HTTP_AUTHORIZATION", ""), self.metrics_token):
            log.warning("refused a scrape from %s", environ.get("REMOTE_ADDR", ""))
            return Answer(401, {"error": "unauthorized"}, _CHALLENGES)
        return Answer(200, self.metrics())

    def _count(
        self, name: str, refused: Refused, environ: Environ, now: datetime
    ) -> None:
        remote = str(environ.get("REMOTE_ADDR", ""))
        log.warning("refused %s from %s: %s", refused.reason, remote, refused)
        try:
            self.intake.refuse(name, refused, remote, now)
        except StoreUnavailable as error:
            log.error("a refusal was not counted: the database: %s", error)


def create_app() -> Endpoint:
    """Return the app of this process's environment; a fault of it ends the process."""
    logs.log_to_stderr()
    try:
        intake = bootstrap.intake()
    except SyncError as error:
        sys.exit(str(error))
    return Endpoint(
        intake,
        max_body_bytes=bootstrap.settings().max_body_bytes,
        is_ready=_faults,
        clock=bootstrap.utc_now,
        metrics=bootstrap.metrics().text,
        metrics_token=bootstrap.settings().metrics_token,
    )


def __getattr__(name: str) -> Any:
    if name in ("app", "application"):
        globals()[name] = create_app()
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _faults() -> dict[str, str]:
    """Return what is not reachable, by name, with why."""
    faults: dict[str, str] = {}
    try:
        if bootstrap.events().schema_version() != newest_revision():
            faults["database"] = "not migrated: run crm-sync migrate"
    except StoreUnavailable as error:
        faults["database"] = f"unreachable: {error}"
    try:
        broker.ping(bootstrap.doorbell_app())
    except BrokerUnavailable as error:
        faults["broker"] = f"unreachable: {error}"
    return faults


def _content(body: dict[str, Any] | bytes) -> tuple[str, bytes]:
    """Return a body with its type."""
    if isinstance(body, bytes):
        return CONTENT_TYPE_PLAIN_0_0_4, body
    return "application/json", json.dumps(body).encode() + b"\n"


def _allow(environ: Environ, *methods: str) -> None:
    if environ["REQUEST_METHOD"] not in methods:
        allow = ("Allow", ", ".join(methods))
        raise Early(Answer(405, {"error": "method_not_allowed"}, (allow,)))


def _read_body(environ: Environ, max_body_bytes: int) -> bytes:
    """Return the body's exact bytes, never more than allowed. Raises `TooLarge`."""
    length = environ.get("CONTENT_LENGTH", "")
    if not (length.isascii() and length.isdecimal()):
        raise Early(Answer(411, {"error": "length_required"}))
    if len(length) > 12 or int(length) > max_body_bytes:
        raise TooLarge("the body is longer than MAX_BODY_BYTES")
    body: bytes = environ["wsgi.input"].read(int(length))
    if len(body) != int(length):
        raise Early(Answer(400, {"error": "body_cut_short"}))
    return body


def _headers(environ: Environ) -> dict[str, str]:
    """Return the headers by lower-case name."""
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    return headers
