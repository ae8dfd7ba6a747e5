"""One login: OAuth 2.0 by a signed assertion, or by the app's own secret. Floor 2.

The JWT bearer flow of RFC 7523 where a private key is set, else client credentials.
No answer's text leaves this module: only the codes and phrases of `STOPS`.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from worker.crm.token_store import Grant
from worker.errors import CrmUnavailable
from worker.model import OrgLogin

ASSERTION_SECONDS = 180
RATE_SECONDS = 3600.0
# After what only a person can mend, one login asks so much later whether it is.
STOP_SECONDS = 900.0
TIMEOUT_SECONDS = (5.0, 25.0)
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class LoginStopped(CrmUnavailable):
    """No login before `retry_after_seconds`; `hint` says who must do what."""

    def __init__(self, code: str, retry_after_seconds: float, hint: str) -> None:
        super().__init__(code, retry_after_seconds)
        self.args = (code, retry_after_seconds, hint)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Stop:
    """An OAuth error that no repetition cures, told by its code and a phrase."""

    error: str
    phrase: str
    hint: str


_APP = "compare it with the org's External Client App"
_ACTIVE = "activate the integration user, or set another"
STOPS = (
    Stop(
        "invalid_grant",
        "invalid assertion",
        "upload the certificate of SALESFORCE_PRIVATE_KEY to the app, and look at this"
        " machine's clock",
    ),
    Stop(
        "invalid_grant",
        "approved this consumer",
        "let the app admit its users by an admin's approval, and give it to a profile"
        " or permission set of SALESFORCE_USERNAME",
    ),
    Stop("invalid_grant", "audience", "set SALESFORCE_AUDIENCE to the login host"),
    Stop("invalid_grant", "inactive user", _ACTIVE),
    Stop("inactive_user", "", _ACTIVE),
    Stop("inactive_org", "", "the org is locked or closed: ask Salesforce"),
    Stop(
        "invalid_grant",
        "no client credentials user",
        "name a run-as user in the app's client credentials flow",
    ),
    Stop("invalid_app_access", "", "give the integration user access to the app"),
    Stop("invalid_client_id", "", f"SALESFORCE_CLIENT_ID: {_APP}"),
    Stop("invalid_client", "", f"SALESFORCE_CLIENT_SECRET: {_APP}"),
    Stop("unsupported_grant_type", "", "enable the flow in the app"),
)


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
        raise _meaning(answer)
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


def _meaning(answer: requests.Response) -> CrmUnavailable:
    error, text = _oauth_error(answer)
    if "login_rate_exceeded" in (error.lower(), text.replace(" ", "_")):
        hint = "too many logins in an hour: nothing to do, it is tried again"
        return LoginStopped("login LOGIN_RATE_EXCEEDED", RATE_SECONDS, hint)
    for stop in STOPS:
        if stop.error == error and stop.phrase in text:
            code = f"login {error} ({stop.phrase})" if stop.phrase else f"login {error}"
            return LoginStopped(code, STOP_SECONDS, stop.hint)
    return CrmUnavailable(f"login {error}")


def _oauth_error(answer: requests.Response) -> tuple[str, str]:
    """Return the error's code, else the status, and its text in lower case."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if isinstance(body, list) and body:
        body = body[0]
    if isinstance(body, dict):
        code = body.get("error") or body.get("errorCode")
        text = body.get("error_description") or body.get("message")
        if isinstance(code, str):
            return code[:80], str(text).lower()
    return f"HTTP {answer.status_code}", ""
