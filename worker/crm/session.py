"""One logged-in session with Salesforce, by the client credentials flow. Floor 2.

simple-salesforce is used in direct mode, with a session id that we hold: its own
refresh loses headers, recurses without end on a standing 401, and knows no timeout.
Facts: simple-salesforce 1.12.10's source, tried against a local server 2026-08.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce as SimpleSalesforce

from worker.crm.verdicts import retry_after_seconds
from worker.errors import CrmUnavailable
from worker.model import OrgLogin

CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 60


class TimeoutAdapter(HTTPAdapter):
    """An adapter that never waits without end; `loopback` sends all there instead.

    The library forces https, which a local org does not speak.
    """

    def __init__(self, loopback: str | None = None) -> None:
        self._loopback = loopback
        super().__init__(pool_maxsize=4, max_retries=0)

    def send(self, request: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send with a timeout."""
        if options.get("timeout") is None:
            options["timeout"] = (CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS)
        if self._loopback:
            parts = urlsplit(request.url)
            query = f"?{parts.query}" if parts.query else ""
            request.url = f"{self._loopback}{parts.path}{query}"
        return super().send(request, **options)


class Session:
    """Logs in when it must, and holds the client until the token no longer works."""

    def __init__(self, login: OrgLogin) -> None:
        self._login = login
        self._client: SimpleSalesforce | None = None
        self._http = requests.Session()
        loopback = login.url if login.url.startswith("http://") else None
        self._http.mount("https://", TimeoutAdapter(loopback))
        self._http.mount("http://", TimeoutAdapter())

    def client(self) -> SimpleSalesforce:
        """Return a client with a token. Raises `CrmUnavailable`."""
        if self._client is None:
            self._client = self._log_in()
        return self._client

    def forget(self) -> None:
        """Drop the token: Salesforce says that it is over."""
        self._client = None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _log_in(self) -> SimpleSalesforce:
        """Get a token. Whatever goes wrong, the events wait: a person may mend it."""
        try:
            answer = self._http.post(
                f"{self._login.url}/services/oauth2/token",
                data={"grant_type": "client_credentials"},
                auth=(self._login.client_id, self._login.client_secret),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise CrmUnavailable(f"login {type(error).__name__}") from None
        if answer.status_code != 200:
            code = _oauth_error(answer)
            raise CrmUnavailable(f"login {code}", retry_after_seconds(code, ""))
        try:
            token, instance_url = (
                answer.json()[name] for name in ("access_token", "instance_url")
            )
        except (ValueError, KeyError, TypeError):
            raise CrmUnavailable("login answer without a token") from None
        return SimpleSalesforce(
            session_id=token,
            instance_url=instance_url,
            version=self._login.api_version,
            session=self._http,
        )


def _oauth_error(answer: requests.Response) -> str:
    """Return the OAuth error code, which is never a secret, or the status."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if isinstance(body, list) and body:
        body = body[0]
    if isinstance(body, dict):
        code = body.get("error") or body.get("errorCode")
        if isinstance(code, str):
            return code[:80]
    return f"HTTP {answer.status_code}"
