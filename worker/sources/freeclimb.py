"""FreeClimb webhooks: ended calls. Floor 1, pure.

Facts: FreeClimb's `callStatus` reference, signature page and SDKs, read 2026-08. The
SDKs' own verifiers are not used: they take seconds for milliseconds, accept any time
ahead of now, and compare in variable time.

A recording of no length comes with a blank id, a blank URL or zero seconds: the three
keys are then left out of `payload`.

Not confirmed: the retries of `statusCallbackUrl`, if there are any.
Not confirmed: whether a `to` can be a SIP address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from worker.errors import BadSignature
from worker.model import Connection, Delivery, Event
from worker.sources import _signing
from worker.sources._reader import Reader, parse_json

EVENTS: Sequence[str] = ("callStatus",)
OPTIONS: Mapping[str, Sequence[str]] = {}

_KEYED_BY_RECORDING = ("record", "transcribe", "conferenceRecordingStatus")
_RECORDING = ("recordingId", "recordingUrl", "recordingDurationSec")
_SIGNATURE = "FreeClimb-Signature"


def verify(delivery: Delivery, connection: Connection, *, now: datetime) -> None:
    """Check the hex HMACs over `<t>.<raw body>`, and that `t` is within 300 s of now.

    Raises `BadSignature`.
    """
    seconds, offered = _signature(delivery)
    message = seconds.encode() + b"." + delivery.body
    _signing.check_hex(connection.secrets, message, offered, name=_SIGNATURE)
    _signing.check_fresh(_moment(seconds), now)


def read(delivery: Delivery) -> Event:
    """Return the event; `payload` is the body. Raises `BadPayload`."""
    body = Reader(parse_json(delivery.body)).object()
    event_type = Reader(body)["requestType"].name()
    known = event_type in EVENTS
    root = Reader(body)
    call_id = root["callId"].text() if known else root["callId"].text_or_none()
    content_hash = _signing.canonical_hash(body)
    return Event(
        source="freeclimb",
        type=event_type,
        dedupe_key=_vendor_key(event_type, root) or f"{event_type}:{content_hash}",
        content_hash=content_hash,
        call_id=call_id,
        file_number=None,
        foreign_id=None,
        phone=_phone(root),
        occurred_at=_sent_at(delivery),
        payload=_payload(body),
        body=body,
        revised_at=_sent_at(delivery),
    )


def sign(body: bytes, connection: Connection, *, now: datetime) -> dict[str, str]:
    """Return FreeClimb's headers for this body, signed with the first secret."""
    seconds = str(int(now.timestamp()))
    key = _signing.keys(connection.secrets)[0]
    digest = _signing.hex_digest(key, seconds.encode() + b"." + body)
    return {
        "Content-Type": "application/json",
        _SIGNATURE: f"t={seconds},v1={digest}",
    }


def secret_problem(secret: str, options: Mapping[str, str]) -> str | None:  # noqa: ARG001
    """Say why no signature could match with this secret; None if one could."""
    return _signing.text_secret_problem(secret)


def _signature(delivery: Delivery) -> tuple[str, list[bytes]]:
    """Take the one `t`, as text, and every `v1` out of the header.

    Other schemes are ignored. Raises `BadSignature`.
    """
    times, offered = [], []
    for part in _signing.header(delivery, _SIGNATURE).split(","):
        scheme, _, value = part.partition("=")
        if scheme.strip() == "t":
            times.append(value.strip())
        elif scheme.strip() == "v1":
            offered.append(value.strip().encode())
    # 11 digits reach to the year 5138; more would not fit into a datetime.
    if len(times) != 1 or not times[0].isdigit() or len(times[0]) > 11 or not offered:
        raise BadSignature(f"{_SIGNATURE} is malformed")
    return times[0], offered


def _moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _sent_at(delivery: Delivery) -> datetime:
    """The signed time: the body has none."""
    try:
        return _moment(_signature(delivery)[0])
    except BadSignature:
        return delivery.received_at


def _vendor_key(event_type: str, root: Reader) -> str | None:
    if event_type in EVENTS:
        account_id = root["accountId"].text_or_none() or "-"
        return f"{event_type}:{account_id}:{root['callId'].text()}"
    account, thing = (
        root["accountId"].text_or_none(),
        root["recordingId"].text_or_none(),
    )
    thing = thing or root["callId"].text_or_none()
    if event_type in _KEYED_BY_RECORDING and account and thing:
        return f"{event_type}:{account}:{thing}"
    return None


def _phone(root: Reader) -> str | None:
    side = "from" if root["direction"].text_or_none() == "inbound" else "to"
    return root[side].text_or_none()


def _payload(body: Mapping[str, Any]) -> dict[str, Any]:
    if any(_is_nothing(body[key]) for key in _RECORDING if key in body):
        return {key: value for key, value in body.items() if key not in _RECORDING}
    return dict(body)


def _is_nothing(value: Any) -> bool:
    text = value.strip() if isinstance(value, str) else value
    return text in ("", "0", 0, None)
