"""Find, upsert and update in Salesforce by the fewest API requests. Floor 2.

No exception of `requests` or simple-salesforce leaves this module, and no text of one:
it would hold a URL with an external id, and the body.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import requests
from simple_salesforce.api import Salesforce as SimpleSalesforce
from simple_salesforce.exceptions import SalesforceError
from tenacity import (
    Retrying,
    retry_if_exception_type,
    wait_random_exponential,
)

from worker.crm import MAX_RECORDS, RowResult
from worker.crm.error_bodies import row_error
from worker.crm.failures import (
    STOP_SECONDS,
    Blip,
    LoginStopped,
    NoLoginCures,
    exchange_failure,
    request_failure,
)
from worker.crm.session import Session
from worker.crm.soql import lookups
from worker.errors import CrmRefused, CrmUnavailable, SessionExpired

BLIP_ATTEMPTS = 3
FRESH_REFUSED_SECONDS = 60.0
# Of a rule that blocks it changes nothing.
_ALLOW_DUPLICATES = {
    "Sforce-Duplicate-Rule-Header": "allowSave=true; includeRecordDetails=false;"
    " runAsCurrentUser=true"
}
_RIGHTS = "let the integration user use the API and the app, in its profile"


class SalesforceCrm:
    """A `Crm` that is a Salesforce org. One per process: it holds a session.

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

    def find(
        self,
        object_name: str,
        select: Collection[str],
        values: Mapping[str, Collection[str]],
    ) -> list[dict[str, Any]]:
        """Return the records where any field has any of its values, with `Id`."""
        found: dict[str, dict[str, Any]] = {}
        for query in lookups(object_name, select, values):
            page = _page(self._request("GET", "query", params={"q": query}))
            found.update({record["Id"]: record for record in page["records"]})
            while not page.get("done"):
                locator = page["nextRecordsUrl"].rsplit("/", 1)[-1]
                page = _page(self._request("GET", f"query/{locator}"))
                found.update({record["Id"]: record for record in page["records"]})
        return list(found.values())

    def upsert(
        self,
        object_name: str,
        key_field: str,
        records: Sequence[Mapping[str, Any]],
        *,
        allow_duplicates: bool = False,
    ) -> list[RowResult]:
        """Create or update up to 200 records by an external id that each holds."""
        path = f"composite/sobjects/{object_name}/{key_field}"
        return self._write(path, object_name, records, allow_duplicates)

    def update(
        self,
        object_name: str,
        records: Sequence[Mapping[str, Any]],
        *,
        allow_duplicates: bool = False,
    ) -> list[RowResult]:
        """Update up to 200 records; each holds its `Id`."""
        path = "composite/sobjects"
        return self._write(path, object_name, records, allow_duplicates)

    def describe(self, object_name: str) -> dict[str, Any]:
        """Return an object and its fields, as far as the user may see them."""
        path = f"sobjects/{object_name}/describe"
        described: dict[str, Any] = self._request("GET", path)
        return described

    def limits(self) -> dict[str, Any]:
        """Return the org's limits; the user needs the right to see Setup."""
        limits = self._request("GET", "limits")
        if not isinstance(limits, dict):
            raise CrmUnavailable("answer that is no limits")
        return limits

    def _write(
        self,
        path: str,
        object_name: str,
        records: Sequence[Mapping[str, Any]],
        allow_duplicates: bool,
    ) -> list[RowResult]:
        if len(records) > MAX_RECORDS:
            raise ValueError(f"{len(records)} records in one request")
        # `attributes` has to stand first in each record.
        rows = [{"attributes": {"type": object_name}, **record} for record in records]
        body = {"allOrNone": False, "records": rows}
        options = {"headers": _ALLOW_DUPLICATES} if allow_duplicates else {}
        results = self._request("PATCH", path, json=body, **options)
        if not isinstance(results, list) or len(results) != len(rows):
            raise exchange_failure("answer of another length")
        if not all(isinstance(result, dict) for result in results):
            raise exchange_failure("answer of another shape")
        return [_row_result(result) for result in results]

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


def _page(answer: Any) -> dict[str, Any]:
    """Return a page of a query's answer as it has to be."""
    if (
        isinstance(answer, dict)
        and isinstance(answer.get("records"), list)
        and (answer.get("done") or isinstance(answer.get("nextRecordsUrl"), str))
    ):
        return answer
    raise exchange_failure("answer of another shape")


def _row_result(result: dict[str, Any]) -> RowResult:
    if result.get("success"):
        return RowResult(result.get("id"), result.get("created"))
    said = row_error(result)
    return RowResult(
        salesforce_id=None,
        code=said.code,
        fields=said.fields,
        message=said.message,
        matches=said.matches,
    )
