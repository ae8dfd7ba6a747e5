"""Requests to Salesforce's REST API: repeated, logged in again, understood. Floor 2.

No exception of `requests` or simple-salesforce leaves this module, and no text of one:
it would hold a URL with an external id, and the body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests
from simple_salesforce.api import Salesforce as SimpleSalesforce
from simple_salesforce.exceptions import SalesforceError
from tenacity import (
    Retrying,
    retry_if_exception_type,
    wait_random_exponential,
)

from worker.crm.failures import (
    STOP_SECONDS,
    Blip,
    LoginStopped,
    NoLoginCures,
    exchange_failure,
    request_failure,
)
from worker.crm.session import Session
from worker.errors import CrmRefused, CrmUnavailable, SessionExpired

BLIP_ATTEMPTS = 3
FRESH_REFUSED_SECONDS = 60.0
_RIGHTS = "let the integration user use the API and the app, in its profile"


class RestApi:
    """The API of one org, by the session that it holds.

    `may_repeat` says whether a blip is asked again at once.
    """

    def __init__(
        self,
        session: Session,
        blip_wait_seconds: float = 0.2,
        may_repeat: Callable[[], bool] = lambda: True,
    ) -> None:
        self._session = session
        self._retrying = Retrying(
            retry=retry_if_exception_type(Blip),
            stop=lambda tried: (
                tried.attempt_number >= BLIP_ATTEMPTS or not may_repeat()
            ),
            wait=wait_random_exponential(multiplier=blip_wait_seconds, max=5),
            reraise=True,
        )

    def _request(self, method: str, path: str, **options: Any) -> Any:
        """Ask once; blips are asked again, an ended session is renewed once.

        With `once` a blip is the caller's: repeating would not be safe.
        """
        client = self._session.client()
        try:
            return self._ask(client, method, path, **options)
        except SessionExpired:
            self._session.forget(client.session_id)
        client = self._session.client()
        try:
            return self._ask(client, method, path, **options)
        except SessionExpired as error:
            code = f"{error.code}: a new session is refused too"
            stopped = LoginStopped(code, FRESH_REFUSED_SECONDS, _RIGHTS)
            self._session.stop(client.session_id, stopped)
            raise

    def _ask(
        self,
        client: SimpleSalesforce,
        method: str,
        path: str,
        *,
        once: bool = False,
        **options: Any,
    ) -> Any:
        try:
            if once:
                return self._exchange(client, method, path, **options)
            return self._retrying(self._exchange, client, method, path, **options)
        except NoLoginCures as error:
            stopped = LoginStopped(error.code, STOP_SECONDS, error.hint)
            self._session.stop(client.session_id, stopped)
            raise

    def _exchange(
        self,
        client: SimpleSalesforce,
        method: str,
        path: str,
        *,
        read: Callable[[requests.Response], Any] = requests.Response.json,
        **options: Any,
    ) -> Any:
        url = f"{client.base_url}{path}"
        try:
            answer = client._call_salesforce(method, url, name=path, **options)
            return read(answer)
        except SalesforceError as error:
            raise meaning(error) from None
        except requests.exceptions.JSONDecodeError:
            # Also an `InvalidJSONError`, but of the answer and not of what was sent.
            raise exchange_failure("answer cut short") from None
        except requests.exceptions.InvalidJSONError:
            raise exchange_failure("INVALID_JSON") from None
        except requests.Timeout:
            raise exchange_failure("timeout") from None
        except requests.RequestException as error:
            # The outcome is unknown, and every write is an upsert or sets the same
            # values again: repeating is safe.
            raise exchange_failure(f"no answer: {type(error).__name__}") from None


def meaning(error: SalesforceError) -> CrmRefused | CrmUnavailable:
    """Return what a failed request as a whole means."""
    return request_failure(
        getattr(error, "status", None), getattr(error, "content", None)
    )
