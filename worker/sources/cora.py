"""Cora (corafone) webhooks: calls and payments. Floor 1, pure.

Facts: Cora's webhook pages, read 2026-08. Both shapes of `call.completed` are read: the
older one sends `phoneNumber` as "" and has no `direction` and no `isTestCall`.

`tokenized`, a token of the payment processor, is a secret and is taken out of every
body here. The exact bytes of the delivery still hold it.

Not confirmed: that the key is the secret's UTF-8 bytes.
Not confirmed: that a retry repeats the body, its `timestamp` and its key.
Not confirmed: whether `X-Webhook-Delivery-Id` names the event or the attempt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from worker.errors import BadPayload
from worker.model import Connection, Delivery, Event
from worker.sources import _signing
from worker.sources._reader import Reader, parse_json

EVENTS: Sequence[str] = (
    "call.completed",
    "payment.success",
    "payment.failed",
    "payment.plan_created",
)
OPTIONS: Mapping[str, Sequence[str]] = {}

# What tells two payments of one call apart; a plan's date is that of its first one.
_PAYMENT_KEYS = {
    "payment.success": ("amount", "paymentDate"),
    "payment.failed": ("amount", "paymentDate"),
    "payment.plan_created": ("totalAmount", "paymentDate"),
}
_SIGNATURE = "X-Webhook-Signature"


def verify(delivery: Delivery, connection: Connection, *, now: datetime) -> None:  # noqa: ARG001
    """Check the hex HMAC over the raw body.

    There is no age limit: a retry repeats the time of the event. Raises `BadSignature`.
    """
    offered = _signing.header(delivery, _SIGNATURE).encode()
    _signing.check_hex(connection.secrets, delivery.body, [offered], name=_SIGNATURE)


def read(delivery: Delivery) -> Event:
    """Return the event; `payload` is the inner payload. Raises `BadPayload`."""
    body = _without_tokens(Reader(parse_json(delivery.body)).object())
    event_type = Reader(body)["event"].name()
    known = event_type in EVENTS
    root = Reader(body)
    _check_sent_at(delivery, body)
    payload = root["payload"]
    is_call = event_type == "call.completed"
    call_id = payload["callId"].text() if is_call else payload["callId"].text_or_none()
    content_hash = _signing.canonical_hash(_content(body))
    return Event(
        source="cora",
        type=event_type,
        # Not of the header: whoever sends an old delivery again may write it anew.
        dedupe_key=root["idempotencyKey"].text_or_none()
        or _built_key(event_type, root, call_id)
        or f"{event_type}:{content_hash}",
        content_hash=content_hash,
        call_id=call_id,
        file_number=_file_number(payload),
        foreign_id=None,
        phone=payload["phoneNumber"].text_or_none(),
        occurred_at=_occurred_at(event_type, root) or delivery.received_at,
        payload=payload.object() if known else payload.object_or_none() or {},
        body=body,
        revised_at=root["timestamp"].timestamp_or_none(),
    )


def sign(body: bytes, connection: Connection, *, now: datetime) -> dict[str, str]:  # noqa: ARG001
    """Return Cora's headers for this body, signed with the first secret.

    Cora copies event, time and key out of the body: without them their headers are
    left out.
    """
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Cora-Webhooks/1.0",
        _SIGNATURE: _signing.hex_digest(_signing.keys(connection.secrets)[0], body),
        "X-Webhook-Delivery-Id": hashlib.sha256(body).hexdigest()[:24],
    }
    try:
        root = Reader(parse_json(body))
    except BadPayload:
        return headers
    for name, key in (
        ("X-Webhook-Event", "event"),
        ("X-Webhook-Timestamp", "timestamp"),
        ("X-Webhook-Idempotency-Key", "idempotencyKey"),
    ):
        value = root[key].text_or_none()
        if value and _signing.is_printable(value):
            headers[name] = value
    return headers


def secret_problem(secret: str, options: Mapping[str, str]) -> str | None:  # noqa: ARG001
    """Say why no signature could match with this secret; None if one could."""
    return _signing.text_secret_problem(secret)


def _without_tokens(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_tokens(member)
            for key, member in value.items()
            if key != "tokenized"
        }
    if isinstance(value, list):
        return [_without_tokens(item) for item in value]
    return value


def _check_sent_at(delivery: Delivery, body: Mapping[str, Any]) -> None:
    """The header is not signed: refuse it where the signed body says otherwise."""
    header = Reader(delivery.headers.get("x-webhook-timestamp"))
    in_header = header.timestamp_or_none() or header.text_or_none()
    in_body = Reader(body)["timestamp"].timestamp_or_none() or body.get("timestamp")
    if in_header is not None and in_header != in_body:
        raise BadPayload("$.timestamp", "is not that of the X-Webhook-Timestamp header")


def _content(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body without its key and without the times at which Cora built it."""
    content = {
        k: v for k, v in body.items() if k not in ("timestamp", "idempotencyKey")
    }
    if isinstance(body.get("payload"), dict):
        content["payload"] = {
            k: v for k, v in body["payload"].items() if k != "endedAt"
        }
    return content


def _built_key(event_type: str, root: Reader, call_id: str | None) -> str | None:
    """Build the key as newer senders do; None where a part of it is missing."""
    if event_type not in EVENTS or call_id is None:
        return None
    organization_id = root["organization"]["id"].text_or_none()
    if organization_id is None:
        return None
    parts = [event_type, organization_id, call_id]
    payment = Reader(root["payload"].object())
    for name in _PAYMENT_KEYS.get(event_type, ()):
        value = payment[name].text_or_none()
        if value is None:
            return None
        parts.append(value)
    return ":".join(parts)


def _file_number(payload: Reader) -> str | None:
    number = payload["fileNumber"].text_or_none()
    return None if number is None or number.strip().upper() == "NA" else number


def _occurred_at(event_type: str, root: Reader) -> datetime | None:
    sent_at = root["timestamp"].timestamp_or_none()
    if event_type == "call.completed":
        return root["payload"]["createdAt"].timestamp_or_none() or sent_at
    return sent_at
