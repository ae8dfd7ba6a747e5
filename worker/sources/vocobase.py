"""Vocobase webhooks: ended sessions. Floor 1, pure.

Facts: Vocobase's webhook pages, read 2026-08. A browser session has no `call`; an agent
without an analysis has no `extraction`; the older shape has `latency` and ends `call`
after `status`.

Not confirmed: that the key is the whole secret, `whsec_` included.
Not confirmed: whether a retry gets a new timestamp, and a new signature with it.
Not confirmed: whether a repeated extraction sends the webhook again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from worker.errors import BadSignature
from worker.model import Connection, Delivery, Event
from worker.sources import _signing
from worker.sources._reader import Reader, parse_json, utc_time

EVENTS: Sequence[str] = ("session.completed",)
OPTIONS: Mapping[str, Sequence[str]] = {}

_SIGNATURE = "X-Webhook-Signature"
_TIMESTAMP = "X-Webhook-Timestamp"


def verify(delivery: Delivery, connection: Connection, *, now: datetime) -> None:
    """Check `sha256=<hex>` over `<X-Webhook-Timestamp>.<raw body>`, and its age.

    The time may be 300 s away from now, either way. Raises `BadSignature`.
    """
    sent_at = _signing.header(delivery, _TIMESTAMP)
    scheme, _, offered = _signing.header(delivery, _SIGNATURE).partition("=")
    if scheme != "sha256":
        raise BadSignature(f"{_SIGNATURE} is malformed")
    message = sent_at.encode() + b"." + delivery.body
    offers = [offered.encode()]
    _signing.check_hex(connection.secrets, message, offers, name=_SIGNATURE)
    try:
        moment = utc_time(sent_at)
    except ValueError:
        raise BadSignature(f"{_TIMESTAMP} is malformed") from None
    _signing.check_fresh(moment, now)


def read(delivery: Delivery) -> Event:
    """Return the event; `payload` is the body's `data`. Raises `BadPayload`."""
    body = Reader(parse_json(delivery.body)).object()
    event_type = Reader(body)["event"].name()
    known = event_type in EVENTS
    root = Reader(body)
    data, call = root["data"], root["data"]["call"]
    session = data["session_id"]
    session_id = session.text() if known else session.text_or_none()
    content_hash = _signing.canonical_hash(_content(body))
    return Event(
        source="vocobase",
        type=event_type,
        dedupe_key=f"{event_type}:{session_id if known else content_hash}",
        content_hash=content_hash,
        call_id=call["call_id"].text_or_none() or session_id,
        file_number=None,
        foreign_id=None,
        phone=call["to_number"].text_or_none(),
        occurred_at=data["transcript"].first()["timestamp"].timestamp_or_none()
        or data["pipeline_completed_at"].timestamp_or_none()
        or root["timestamp"].timestamp_or_none()
        or delivery.received_at,
        payload=data.object() if known else data.object_or_none() or {},
        body=body,
        # Not the time of sending: a retry of the older one may have a later one.
        revised_at=data["pipeline_completed_at"].timestamp_or_none(),
    )


def sign(body: bytes, connection: Connection, *, now: datetime) -> dict[str, str]:
    """Return Vocobase's headers for this body, signed with the first secret."""
    moment = now.astimezone(UTC).isoformat(timespec="milliseconds")
    sent_at = moment.replace("+00:00", "Z")
    key = _signing.keys(connection.secrets)[0]
    digest = _signing.hex_digest(key, sent_at.encode() + b"." + body)
    return {
        "Content-Type": "application/json",
        _SIGNATURE: f"sha256={digest}",
        _TIMESTAMP: sent_at,
    }


def secret_problem(secret: str, options: Mapping[str, str]) -> str | None:  # noqa: ARG001
    """Say why no signature could match with this secret; None if one could."""
    return _signing.text_secret_problem(secret)


def _content(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body without the time of sending and the signature in the recording's URL."""
    content = {key: value for key, value in body.items() if key != "timestamp"}
    data = body.get("data")
    if isinstance(data, dict) and isinstance(data.get("recording_url"), str):
        url, _, _ = data["recording_url"].partition("?")
        content["data"] = {**data, "recording_url": url}
    return content
