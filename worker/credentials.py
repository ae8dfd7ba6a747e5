"""Whether a request may see what is not for everybody. Floor 1."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable

# No token of ours is longer, and nothing longer is decoded.
LONGEST_HEADER = 4096


def holds_token(authorization: str, token: str) -> bool:
    """Return whether an `Authorization` header has the token; it may be anything.

    It is `Bearer <token>`, or `Basic` with any user and the token for a password. The
    time that it takes says nothing of how much of the token is right.
    """
    if not token or len(authorization) > LONGEST_HEADER:
        return False
    scheme, _, rest = authorization.partition(" ")
    # What the server could not read as Latin-1 stands for no token.
    given = rest.strip().encode("latin-1", "replace")
    if scheme.lower() == "basic":
        given = _password(given)
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given, token.encode())


def holds_login(authorization: str, logins: Iterable[str]) -> bool:
    """Return whether a `Basic` header has one of the logins, `user:password` each."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() != "basic" or len(authorization) > LONGEST_HEADER:
        return False
    given = _decoded(rest.strip().encode("latin-1", "replace"))
    found = False
    for login in logins:
        found |= hmac.compare_digest(given, login.encode())
    return found and bool(given)


def _password(given: bytes) -> bytes:
    return _decoded(given).partition(b":")[2]


def _decoded(given: bytes) -> bytes:
    try:
        return base64.b64decode(given, validate=True)
    except binascii.Error:
        return b""
