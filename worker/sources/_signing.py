"""What the vendors' signatures have in common. Floor 1, pure.

Everything is compared as bytes, in constant time, and to the end: `compare_digest`
refuses non-ASCII text with a TypeError, and an early exit would tell which secret is
in use. Whatever a header holds, the answer is `BadSignature` and no other exception.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from worker.errors import BadSignature
from worker.model import Delivery

_HEADER_LENGTH = 1024


def header(delivery: Delivery, name: str) -> str:
    """Return a header's text without white space around it: printable ASCII.

    `name` is as the vendor writes it. Raises `BadSignature` where the header is
    missing, empty, longer than 1024 characters or not such text.
    """
    value = delivery.headers.get(name.lower(), "").strip()
    if not value:
        raise BadSignature(f"{name} is missing")
    if len(value) > _HEADER_LENGTH or not is_printable(value):
        raise BadSignature(f"{name} is malformed")
    return value


def is_printable(text: str) -> bool:
    """Return whether the text is ASCII without control characters."""
    return text.isascii() and text.isprintable()


def keys(secrets: Iterable[str]) -> list[bytes]:
    """Return the secrets as UTF-8, without the blank ones: anybody could sign those."""
    return [
        secret.encode("utf-8", "surrogatepass") for secret in secrets if secret.strip()
    ]


def digest(key: bytes, message: bytes) -> bytes:
    """Return the raw HMAC-SHA256."""
    return hmac.digest(key, message, "sha256")


def hex_digest(key: bytes, message: bytes) -> str:
    """Return the HMAC-SHA256 in lower-case hex."""
    return digest(key, message).hex()


def matches(expected: Iterable[bytes], offered: Iterable[bytes]) -> bool:
    """Return whether any expected signature is any of the offered ones."""
    offers = list(offered)
    found = False
    for signature in expected:
        for offer in offers:
            found |= hmac.compare_digest(signature, offer)
    return found


def check_hex(
    secrets: Iterable[str], message: bytes, offered: Iterable[bytes], *, name: str
) -> None:
    """Raise `BadSignature` unless a secret gives one of the offered hex digests."""
    expected = (hex_digest(key, message).encode() for key in keys(secrets))
    if not matches(expected, offered):
        raise BadSignature(f"{name} does not match the body")


def check_fresh(
    sent_at: datetime, now: datetime, tolerance_seconds: float = 300
) -> None:
    """Raise `BadSignature` where the signed time is too far from now, either way."""
    if abs(now - sent_at) > timedelta(seconds=tolerance_seconds):
        raise BadSignature(f"the signed time is over {tolerance_seconds} s from now")


def text_secret_problem(secret: str) -> str | None:
    """Say what is wrong with a secret that is used as plain text; None if nothing."""
    if not secret.strip():
        return "is empty"
    if secret != secret.strip():
        return "has white space around it"
    if not is_printable(secret):
        return "has characters that are not printable ASCII"
    return None


def canonical_hash(content: Any) -> str:
    """Return the hex SHA-256 of parsed JSON, whatever the order of its keys was."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
