"""One logged-in session with Salesforce. Floor 2.

simple-salesforce is used in direct mode, with a session id that we hold: its own
refresh loses headers, recurses without end on a standing 401, and knows no timeout.
Facts: simple-salesforce 1.12.10's source, tried against a local server 2026-08.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce as SimpleSalesforce

from worker.crm.failures import STOP_SECONDS, LoginStopped
from worker.crm.login import log_in
from worker.crm.token_store import Grant, OwnTokens, Tokens
from worker.model import OrgLogin

CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 60

OnHeaders = Callable[[Mapping[str, str]], None]

_logger = logging.getLogger(__name__)


def ignore_headers(_headers: Mapping[str, str]) -> None:
    """Do nothing with the headers of an answer."""


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
    """Holds the client until its token no longer works; `tokens` may be all's.

    `on_headers` is given the headers of each answer. `has_composite` is True until the
    org says that it takes no composite requests.
    """

    def __init__(
        self,
        login: OrgLogin,
        tokens: Tokens | None = None,
        clock_seconds: Callable[[], float] = time.time,
        *,
        on_headers: OnHeaders = ignore_headers,
    ) -> None:
        self.has_composite = True
        self._login = login
        self._tokens = tokens or OwnTokens()
        self._clock_seconds = clock_seconds
        self._client: SimpleSalesforce | None = None
        # Requests of one batch go side by side: one of them logs in for all.
        self._lock = threading.Lock()
        self._http = requests.Session()
        self._http.hooks["response"].append(
            lambda answer, **_: on_headers(answer.headers)
        )
        loopback = login.url if login.url.startswith("http://") else None
        self._http.mount("https://", TimeoutAdapter(loopback))
        self._http.mount("http://", TimeoutAdapter())

    @property
    def api_path(self) -> str:
        """The path of the REST API, with its version."""
        return f"/services/data/v{self._login.api_version}/"

    def client(self) -> SimpleSalesforce:
        """Return a client with a token. Raises `CrmUnavailable`."""
        with self._lock:
            if self._client is None:
                grant = self._tokens.obtain(self._log_in)
                self._client = SimpleSalesforce(
                    session_id=grant.token,
                    instance_url=grant.instance_url,
                    version=self._login.api_version,
                    session=self._http,
                )
            return self._client

    def forget(self, token: str) -> None:
        """Drop the token that Salesforce refused; a newer one stays."""
        with self._lock:
            if self._client is not None and self._client.session_id == token:
                self._client = None
            self._tokens.drop(token)

    def stop(self, token: str, stopped: LoginStopped) -> None:
        """Drop a token that a new one would not cure, and log nobody in for a while."""
        self._pause(stopped)
        self.forget(token)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
        self._tokens.close()

    def _log_in(self) -> Grant:
        try:
            return log_in(self._http, self._login, self._clock_seconds())
        except LoginStopped as stopped:
            self._pause(stopped)
            raise

    def _pause(self, stopped: LoginStopped) -> None:
        """Stop all logins; the first who finds out says so, loudly."""
        seconds = stopped.retry_after_seconds or STOP_SECONDS
        if self._tokens.pause(stopped.code, seconds):
            _logger.error(
                "%s: events wait, and nobody logs in for %d minutes; %s",
                stopped.code,
                seconds / 60,
                stopped.hint,
            )
