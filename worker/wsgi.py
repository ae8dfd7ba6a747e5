"""The HTTP entry, PEP 3333 without a framework. Floor 5.

Any WSGI server serves `worker.wsgi:app`; `rsgi.py` serves it so that slow clients hold
no thread. The app is built when a server asks for it; wrong settings then stop the
start with every fault and its fix.
"""

from __future__ import annotations

import json
import logging
import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from worker import bootstrap, broker, logs
from worker.addresses import household
from worker.credentials import holds_token
from worker.door import Door, Environ, headers_of, read_body
from worker.errors import (
    BadToken,
    BrokerUnavailable,
    Refused,
    StoreUnavailable,
    SyncError,
    TooMany,
)
from worker.intake import Intake
from worker.model import Delivery
from worker.store.schema import newest_revision

log = logging.getLogger(__name__)

StartResponse = Callable[..., Any]

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    411: "Length Required",
    413: "Content Too Large",
    429: "Too Many Requests",
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
    door: Door = field(default_factory=Door)

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
        now, address = self.clock(), self.door.caller(environ)
        try:
            self.door.check(self.intake.connections.get(name), address)
            body = read_body(environ, self.max_body_bytes)
            delivery = Delivery(headers_of(environ), body, now)
            taken = self.intake.accept(name, delivery, address)
        except Refused as refused:
            return self._refuse(name, refused, address, now)
        except StoreUnavailable as error:
            log.error("a delivery was put off: the database: %s", error)
            return _later(503, error.reason, RETRY_AFTER_SECONDS)
        return Answer(200, {"status": taken.status, "event": taken.event_id})

    def _metrics(self, environ: Environ) -> Answer:
        if not self.metrics_token:
            fix = "set METRICS_TOKEN, and send it as a bearer token"
            return Answer(403, {"error": "no_metrics_token", "fix": fix})
        if not holds_token(environ.get("HTTP_AUTHORIZATION", ""), self.metrics_token):
            refused = BadToken("a scrape without METRICS_TOKEN")
            address, now = self.door.caller(environ), self.clock()
            answer = self._refuse("", refused, address, now)
            return replace(answer, headers=(*answer.headers, *_CHALLENGES))
        return Answer(200, self.metrics())

    def _refuse(
        self, name: str, refused: Refused, address: str, now: datetime
    ) -> Answer:
        """Count a refusal, and say no: shortly, where there were too many."""
        # Unknown names are anybody's, and of any length.
        name = name if name in self.intake.connections else "?"
        times, wait_seconds = self.door.weigh(name, refused, address, now)
        if wait_seconds:
            return _later(429, "too_many_refusals", wait_seconds)
        text = "refused %s from %s, %d times since the last line: %s"
        log.warning(text, refused.reason, address, times, refused)
        try:
            self.intake.refuse(name, refused, household(address), now, times)
        except StoreUnavailable as error:
            log.error("a refusal was not counted: the database: %s", error)
        if isinstance(refused, TooMany):
            return _later(refused.status, refused.reason, refused.retry_after_seconds)
        return Answer(refused.status, {"error": refused.reason})


def create_app() -> Endpoint:
    """Return the app of this process's environment; a fault of it ends the process."""
    logs.log_to_stderr()
    try:
        intake = bootstrap.intake()
    except SyncError as error:
        sys.exit(str(error))
    rules = bootstrap.settings().door
    return Endpoint(
        intake,
        max_body_bytes=bootstrap.settings().max_body_bytes,
        is_ready=_faults,
        clock=bootstrap.utc_now,
        metrics=bootstrap.metrics().text,
        metrics_token=bootstrap.settings().metrics_token,
        door=Door(rules.trusted_proxies, rules.refusals_per_minute),
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


def _later(status: int, reason: str, wait_seconds: float) -> Answer:
    """Return an answer after which the same may be sent once more."""
    again = ("Retry-After", str(math.ceil(wait_seconds)))
    return Answer(status, {"error": reason}, (again,))


def _content(body: dict[str, Any] | bytes) -> tuple[str, bytes]:
    """Return a body with its type."""
    if isinstance(body, bytes):
        return CONTENT_TYPE_PLAIN_0_0_4, body
    return "application/json", json.dumps(body).encode() + b"\n"


def _allow(environ: Environ, *methods: str) -> None:
    if environ["REQUEST_METHOD"] not in methods:
        allow = ("Allow", ", ".join(methods))
        raise Early(Answer(405, {"error": "method_not_allowed"}, (allow,)))
