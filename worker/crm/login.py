"""One login: OAuth 2.0 by a signed assertion, or by the app's own secret. Floor 2.

The JWT bearer flow of RFC 7523 where a private key is set, else client credentials.
No answer's text leaves this module: only codes, and phrases of the error table.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from worker.crm.failures import login_failure
from worker.crm.token_store import Grant
from worker.errors import CrmUnavailable
from worker.model import OrgLogin

ASSERTION_SECONDS = 180
TIMEOUT_SECONDS = (5.0, 25.0)
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def log_in(http: requests.Session, login: OrgLogin, now_seconds: float) -> Grant:
    """Ask for a token. Raises `CrmUnavailable`, as `LoginStopped` where asking harms.

    Whatever goes wrong, the events wait: a person may mend it.
    """
    try:
        answer = http.post(
            f"{login.url}/services/oauth2/token",
            allow_redirects=False,
            timeout=TIMEOUT_SECONDS,
            **_credentials(login, now_seconds),
        )
    except requests.RequestException as error:
        raise CrmUnavailable(f"login {type(error).__name__}") from None
    if answer.status_code != 200:
        raise login_failure(answer.status_code, _content(answer))
    try:
        return Grant(answer.json()["instance_url"], answer.json()["access_token"])
    except (ValueError, KeyError, TypeError):
        raise CrmUnavailable("login answer without a token") from None


def assertion(login: OrgLogin, now_seconds: float) -> str:
    """Return the signed claim that Salesforce takes for a login, for three minutes."""
    claims = {
        "iss": login.client_id,
        "sub": login.username,
        "aud": login.audience,
        "exp": int(now_seconds) + ASSERTION_SECONDS,
    }
    signed = ".".join(
        _encoded(json.dumps(part).encode()) for part in ({"alg": "RS256"}, claims)
    )
    key = load_pem_private_key(login.private_key.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("the private key is not an RSA key")
    return f"{signed}.{_encoded(key.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def _credentials(login: OrgLogin, now_seconds: float) -> dict[str, Any]:
    """Return the arguments of the request that prove who we are."""
    if login.private_key:
        form = {"grant_type": _JWT_BEARER, "assertion": assertion(login, now_seconds)}
        return {"data": form}
    return {
        "data": {"grant_type": "client_credentials"},
        "auth": (login.client_id, login.client_secret),
    }


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _content(answer: requests.Response) -> Any:
    """Return the body of an answer, or None of a page."""
    try:
        return answer.json()
    except ValueError:
        return None
