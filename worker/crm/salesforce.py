"""Find, upsert and update in Salesforce by the fewest API requests. Floor 2.

No exception of `requests` or simple-salesforce leaves this module, and no text of one:
it would hold a URL with an external id, and the body.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import requests
from simple_salesforce.api import Salesforce as SimpleSalesforce
from simple_salesforce.exceptions import SalesforceError
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from worker.crm import MAX_RECORDS, RowResult
from worker.crm.login import STOP_SECONDS
from worker.crm.session import Session
from worker.crm.soql import lookups
from worker.crm.verdicts import (
    RETRY_CODES,
    RETRY_STATUSES,
    retry_after_seconds,
    row_verdict,
)
from worker.errors import CrmRefused, CrmUnavailable, SessionExpired

BLIP_ATTEMPTS = 3
FRESH_REFUSED_SECONDS = 60.0
_NO_LOGIN_CURES = ("not valid for use with the REST API", "not attached to Agent")


class Blip(CrmUnavailable):
    """The exchange broke off: asking again at once may do."""


class NoLoginCures(CrmUnavailable):
    """The session is refused, and the next would be: a person must change the org."""


class SalesforceCrm:
    """A `Crm` that is a Salesforce org. One per process: it holds a session."""

    def __init__(self, session: Session, blip_wait_seconds: float = 0.2) -> None:
        self._session = session
        self._retrying = Retrying(
            retry=retry_if_exception_type(Blip),
            stop=stop_after_attempt(BLIP_ATTEMPTS),
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
            page = self._request("GET", "query", params={"q": query})
            found.update({record["Id"]: record for record in page["records"]})
            while not page["done"]:
                locator = page["nextRecordsUrl"].rsplit("/", 1)[-1]
                page = self._request("GET", f"query/{locator}")
                found.update({record["Id"]: record for record in page["records"]})
        return list(found.values())

    def upsert(
        self, object_name: str, key_field: str, records: Sequence[Mapping[str, Any]]
    ) -> list[RowResult]:
        """Create or update up to 200 records by an external id that each holds."""
        path = f"composite/sobjects/{object_name}/{key_field}"
        return self._write(path, object_name, records)

    def update(
        self, object_name: str, records: Sequence[Mapping[str, Any]]
    ) -> list[RowResult]:
        """Update up to 200 records; each holds its `Id`."""
        return self._write("composite/sobjects", object_name, records)

    def describe(self, object_name: str) -> dict[str, Any]:
        """Return an object and its fields, as far as the user may see them."""
        path = f"sobjects/{object_name}/describe"
        described: dict[str, Any] = self._request("GET", path)
        return described

    def _write(
        self, path: str, object_name: str, records: Sequence[Mapping[str, Any]]
    ) -> list[RowResult]:
        if len(records) > MAX_RECORDS:
            raise ValueError(f"{len(records)} records in one request")
        # `attributes` has to stand first in each record.
        rows = [{"attributes": {"type": object_name}, **record} for record in records]
        body = {"allOrNone": False, "records": rows}
        results = self._request("PATCH", path, json=body)
        if not isinstance(results, list) or len(results) != len(rows):
            raise CrmUnavailable("answer of another length")
        return [_row_result(result) for result in results]

    def _request(self, method: str, path: str, **options: Any) -> Any:
        """Ask once; blips are asked again, an ended session is renewed once."""
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
            self._session.stop(client.session_id, code, FRESH_REFUSED_SECONDS)
            raise

    def _ask(
        self, client: SimpleSalesforce, method: str, path: str, **options: Any
    ) -> Any:
        try:
            return self._retrying(self._exchange, client, method, path, **options)
        except NoLoginCures as error:
            self._session.stop(client.session_id, error.code, STOP_SECONDS)
            raise

    def _exchange(
        self, client: SimpleSalesforce, method: str, path: str, **options: Any
    ) -> Any:
        url = f"{client.base_url}{path}"
        try:
            answer = client._call_salesforce(method, url, name=path, **options)
            return answer.json()
        except SalesforceError as error:
            raise meaning(error) from None
        except requests.exceptions.InvalidJSONError:
            raise CrmRefused("INVALID_JSON", "a value cannot be sent") from None
        except requests.Timeout:
            raise CrmUnavailable("timeout") from None
        except requests.RequestException as error:
            # The outcome is unknown, and every write is an upsert or sets the same
            # values again: repeating is safe. A broken JSON body lands here too.
            raise Blip(type(error).__name__) from None


def meaning(error: SalesforceError) -> CrmRefused | CrmUnavailable:
    """Return what a failed request as a whole means."""
    status = getattr(error, "status", None)
    code, message, fields = _first_error(getattr(error, "content", None))
    if status == 300:
        code = "MORE_THAN_ONE_RECORD"
    if status == 401:
        if any(text in message for text in _NO_LOGIN_CURES):
            return NoLoginCures(f"{code}: no login cures this session", STOP_SECONDS)
        return SessionExpired(code or "INVALID_SESSION_ID")
    if code in RETRY_CODES:
        wait_seconds = retry_after_seconds(code, message)
        blip = code in ("SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION")
        return Blip(code) if blip else CrmUnavailable(code, wait_seconds)
    if status in RETRY_STATUSES:
        return Blip(code or f"HTTP {status}")
    if not code:
        # No word of Salesforce's own, such as a proxy's page: no verdict on the data.
        return CrmUnavailable(f"HTTP {status}")
    return CrmRefused(code, row_verdict(code, message).hint, fields)


def _first_error(content: Any) -> tuple[str, str, tuple[str, ...]]:
    """Return code, message and fields of an error body: a list, a dict or a page."""
    if isinstance(content, list) and content:
        content = content[0]
    if not isinstance(content, dict):
        return "", "", ()
    code = content.get("errorCode") or content.get("error") or ""
    message = content.get("message") or content.get("error_description") or ""
    return str(code), str(message), _names(content.get("fields"))


def _row_result(result: Any) -> RowResult:
    if result.get("success"):
        return RowResult(result.get("id"), result.get("created"))
    error = (result.get("errors") or [{}])[0]
    return RowResult(
        salesforce_id=None,
        code=str(error.get("statusCode") or "UNKNOWN_EXCEPTION"),
        fields=_names(error.get("fields")),
        message=str(error.get("message") or ""),
    )


def _names(fields: Any) -> tuple[str, ...]:
    return tuple(map(str, fields)) if isinstance(fields, list) else ()
