"""Logins by the JWT bearer flow: the signed assertion of an app that is registered.

Refusals and their texts follow Salesforce's documentation of the flow, 2026-08.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# Salesforce takes an assertion that ends at most so much later.
LONGEST_SECONDS = 300


@dataclass(frozen=True, slots=True)
class JwtApp:
    """An app with a certificate, and the user whom it may log in."""

    public_key: str
    username: str
    audience: str = "https://login.salesforce.com"
    is_approved: bool = True
    is_active: bool = True


def refusal(
    app: JwtApp | None, client_id: str, assertion: str, now_seconds: float
) -> str:
    """Return why an assertion is no login, as `invalid_grant` says it; else nothing."""
    claims = _verified(app, assertion)
    if app is None or claims is None or claims.get("iss") != client_id:
        return "invalid assertion"
    if claims.get("aud") != app.audience:
        return "audience is invalid"
    ends_at = claims.get("exp")
    if not isinstance(ends_at, int) or not (
        now_seconds < ends_at <= now_seconds + LONGEST_SECONDS
    ):
        return "invalid assertion"
    if claims.get("sub") != app.username or not app.is_approved:
        return "user hasn't approved this consumer"
    return "" if app.is_active else "inactive user"


def _verified(app: JwtApp | None, assertion: str) -> dict[str, Any] | None:
    """Return the claims if the app's key has signed them by RS256."""
    signed, _, signature = assertion.rpartition(".")
    try:
        header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        key = load_pem_public_key(app.public_key.encode()) if app else None
        if header["alg"] != "RS256" or not isinstance(key, RSAPublicKey):
            return None
        key.verify(_decoded(signature), signed.encode(), PKCS1v15(), SHA256())
    except (ValueError, TypeError, KeyError, InvalidSignature):
        return None
    return claims if isinstance(claims, dict) else None


def _decoded(part: str) -> bytes:
    try:
        padded = part + "=" * (-len(part) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
