"""Altur webhooks: ended calls. Floor 1, pure.

Facts: Altur's webhook pages of three ages, read 2026-08. The oldest payload names the
event in the root's `type`, which later ones use for the direction of the call.

`payload` is the body and one key that we add: `contact` is `campaign_user`, or else the
deprecated `end_user` under the names of `campaign_user` (and without `f_id`). It is
absent where neither is there. Should the vendor ever send a `contact`, ours wins.

Signature schemes: `v2` is base64 with a base64 secret, `v1` is hex with a plain secret.
A v2 signature may be over a compact form of the body rather than over its bytes.

Not confirmed: whether v2 escapes non-ASCII text; either form is accepted.
Not confirmed: the shape of an inbound call, and of one that nobody answered.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from worker.errors import BadSignature
from worker.model import Connection, Delivery, Event
from worker.sources import _signing
from worker.sources._reader import STRING, Reader, parse_json

EVENTS: Sequence[str] = ("on_call_end",)
OPTIONS: Mapping[str, Sequence[str]] = {"signature": ("v2", "v1")}

_SIGNATURE = "X-Altur-Signature"
_STRINGS = re.compile(f"({STRING})", re.DOTALL)
# No text of JSON has a line break in it: it parts what they encode.
_ENCODERS = (
    json.JSONEncoder(separators=("\n", ":")),
    json.JSONEncoder(separators=("\n", ":"), ensure_ascii=False),
)
# Anybody may have a body rewritten, before a signature is found to be none.
_MOST_QUOTES = 200_000
_END_USER_NAMES = {
    "display_name": "name",
    "phone_number": "contact",
    "context": "context",
    "status": "status",
    "extracted_data": "extracted_data",
    "tags": "tags",
}


def verify(delivery: Delivery, connection: Connection, *, now: datetime) -> None:  # noqa: ARG001
    """Check the signature of the connection's scheme: there is no time to check.

    Raises `BadSignature`.
    """
    offered = [_signing.header(delivery, _SIGNATURE).encode()]
    if _scheme(connection.options) == "v1":
        _signing.check_hex(connection.secrets, delivery.body, offered, name=_SIGNATURE)
        return
    decoded = [key for key in map(_decoded, connection.secrets) if key]
    for message in _messages(delivery.body):
        expected = (_base64_digest(key, message) for key in decoded)
        if _signing.matches(expected, offered):
            return
    raise BadSignature(f"{_SIGNATURE} does not match the body")


def read(delivery: Delivery) -> Event:
    """Return the event; `payload` is the body and `contact`. Raises `BadPayload`."""
    body = Reader(parse_json(delivery.body)).object()
    event_type = _event_type(Reader(body))
    known = event_type in EVENTS
    root = Reader(body)
    call_id = root["id"].text() if known else root["id"].text_or_none()
    content_hash = _signing.canonical_hash(body)
    return Event(
        source="altur",
        type=event_type,
        dedupe_key=f"{event_type}:{call_id if known else content_hash}",
        content_hash=content_hash,
        call_id=call_id,
        file_number=None,
        foreign_id=root["campaign_user"]["f_id"].text_or_none(),
        phone=_phone(root),
        occurred_at=root["ended_at"].timestamp_or_none()
        or root["started_at"].timestamp_or_none()
        or root["created_at"].timestamp_or_none()
        or delivery.received_at,
        payload={**body, **_contact(root)},
        body=body,
    )


def sign(body: bytes, connection: Connection, *, now: datetime) -> dict[str, str]:  # noqa: ARG001
    """Return Altur's headers for this body, signed with the first secret.

    The bytes are signed as they are. Raises ValueError for a v2 secret that is no
    base64.
    """
    secret = connection.secrets[0]
    if _scheme(connection.options) == "v1":
        signature = _signing.hex_digest(_signing.keys([secret])[0], body)
    else:
        key = base64.b64decode(secret, validate=True)
        signature = _base64_digest(key, body).decode()
    return {"Content-Type": "application/json", _SIGNATURE: signature}


def secret_problem(secret: str, options: Mapping[str, str]) -> str | None:
    """Say why no signature could match with this secret; None if one could."""
    problem = _signing.text_secret_problem(secret)
    if problem is None and _scheme(options) == "v2" and not _decoded(secret):
        return "is not base64, which signature scheme v2 needs"
    return problem


def _scheme(options: Mapping[str, str]) -> str:
    return options.get("signature", OPTIONS["signature"][0])


def _decoded(secret: str) -> bytes:
    """Return the key of a v2 secret: empty where it is no base64."""
    try:
        return base64.b64decode(secret, validate=True)
    except ValueError:
        return b""


def _base64_digest(key: bytes, message: bytes) -> bytes:
    return base64.b64encode(_signing.digest(key, message))


def _messages(body: bytes) -> Iterator[bytes]:
    """Yield what a v2 signature may be over, the likeliest first."""
    yield body
    if body.count(b'"') <= _MOST_QUOTES:
        with contextlib.suppress(ValueError):
            yield from _compact(body.decode())


def _compact(text: str) -> Iterator[bytes]:
    """Yield the JSON text as each encoder would write it without spaces.

    Numbers, keys and their order stay as they were sent. It takes a few calls for all
    strings together, not some for each. Raises ValueError where a string is no JSON.
    """
    parts = _STRINGS.split(text)
    strings = json.loads(f"[{','.join(parts[1::2])}]")
    # A quote begins a string, so that it is nowhere between them.
    between = '"'.join(parts[::2])
    for space in " \t\r\n":
        between = between.replace(space, "")
    parts[::2] = between.split('"')
    for encoder in _ENCODERS:
        if strings:
            parts[1::2] = encoder.encode(strings)[1:-1].split("\n")
        yield "".join(parts).encode()


def _event_type(root: Reader) -> str:
    name = root["event_type"]
    if name.text_or_none() is None and root["type"].text_or_none() == "on_call_end":
        return "on_call_end"
    return name.name()


def _phone(root: Reader) -> str | None:
    inbound = root["type"].text_or_none() == "inbound"
    return (
        root["campaign_user"]["contact"].text_or_none()
        or root["end_user"]["phone_number"].text_or_none()
        or root["phone_number_from" if inbound else "phone_number_to"].text_or_none()
    )


def _contact(root: Reader) -> dict[str, Any]:
    campaign_user = root["campaign_user"].object_or_none()
    end_user = root["end_user"].object_or_none()
    if campaign_user:
        return {"contact": campaign_user}
    if end_user:
        names = _END_USER_NAMES.items()
        return {
            "contact": {new: end_user[old] for old, new in names if old in end_user}
        }
    return {}
