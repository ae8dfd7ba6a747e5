"""Logins by client credentials, `local` / `local`, or a key; tokens are kept.

Shapes: Salesforce's token endpoint. The secret is public on purpose: this org listens
on loopback only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from urllib.parse import parse_qs

from worker.localorg.ids import make_id
from worker.localorg.jwt_bearer import GRANT_TYPE, JwtApp, refusal
from worker.localorg.messages import (
    Answer,
    Problem,
    Refused,
    Request,
    json_answer,
)
from worker.localorg.records import RecordStore

CLIENT_ID = "local"
CLIENT_SECRET = "local"  # noqa: S105 - public, see above
_ORG_ID = make_id("00D", 1)
RUNNING_USER_ID = make_id("005", 1)


class TokenStore:
    """The access tokens that are still good, by their digest."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        store.execute("CREATE TABLE IF NOT EXISTS _token (digest TEXT PRIMARY KEY)")

    def issue(self) -> str:
        """A new access token."""
        token = f"{_ORG_ID[:15]}!{secrets.token_urlsafe(48)}"
        self._store.execute("INSERT INTO _token VALUES (?)", (_digest(token),))
        return token

    def expire_all(self) -> None:
        """From now on every token issued so far is refused."""
        self._store.execute("DELETE FROM _token")

    def check(self, authorization: str | None) -> None:
        """Refuse an Authorization header without a good token, with 401."""
        scheme, _, token = (authorization or "").partition(" ")
        if authorization and scheme.lower() not in ("bearer", "oauth"):
            problem = Problem("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
            raise Refused(problem, status=401)
        sql = "SELECT 1 FROM _token WHERE digest = ?"
        if not self._store.fetch(sql, (_digest(token),)):
            problem = Problem("INVALID_SESSION_ID", "Session expired or invalid")
            raise Refused(problem, status=401)


def login_answer(tokens: TokenStore, app: JwtApp | None, request: Request) -> Answer:
    """The answer to `POST /services/oauth2/token`."""
    form = {
        name: values[0]
        for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()
    }
    base_url = f"http://{request.headers['Host']}"
    identity_url = f"{base_url}/id/{_ORG_ID}/{RUNNING_USER_ID}"
    grant = {
        "scope": "api",
        "instance_url": base_url,
        "id": identity_url,
        "token_type": "Bearer",
    }
    if form.get("grant_type") == GRANT_TYPE:
        reason = refusal(app, CLIENT_ID, form.get("assertion", ""), time.time())
        if reason:
            return _oauth_error(400, "invalid_grant", reason)
    else:
        refused = _credentials_refusal(request, form)
        if refused:
            return refused
        issued_at = str(time.time_ns() // 1_000_000)
        grant["issued_at"] = issued_at
        grant["signature"] = _signature(identity_url + issued_at)
    grant["access_token"] = tokens.issue()
    return json_answer(200, grant, Cache_Control="no-store")


def _credentials_refusal(request: Request, form: dict[str, str]) -> Answer | None:
    if form.get("grant_type") != "client_credentials":
        text = "grant type not supported"
        return _oauth_error(400, "unsupported_grant_type", text)
    client_id, client_secret = _client(request, form)
    if client_id != CLIENT_ID:
        return _oauth_error(400, "invalid_client_id", "client identifier invalid")
    if not hmac.compare_digest(client_secret.encode(), CLIENT_SECRET.encode()):
        return _oauth_error(401, "invalid_client", "invalid client credentials")
    return None


def _client(request: Request, form: dict[str, str]) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        pair = base64.b64decode(encoded, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return "", ""
    client_id, _, client_secret = pair.partition(":")
    return client_id, client_secret


def _oauth_error(status: int, error: str, description: str) -> Answer:
    return json_answer(status, {"error": error, "error_description": description})


def _signature(text: str) -> str:
    signed = hmac.new(CLIENT_SECRET.encode(), text.encode(), hashlib.sha256)
    return base64.b64encode(signed.digest()).decode()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
