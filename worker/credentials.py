"""Whether a request may see what is not for everybody. Floor 1."""

from __future__ import annotations

import base64
import binascii
import hmac

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


def _password(given: bytes) -> bytes:
    try:
        return base64.b64decode(given, validate=True).partition(b":")[2]
    except binascii.Error:
        return b""
