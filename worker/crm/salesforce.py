"""Find, upsert and update in Salesforce by the fewest API requests. Floor 2."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from worker.crm import MAX_RECORDS, MAX_TOGETHER, Batch, Find, Found, RowResult, Written
from worker.crm.composite import (
    NO_COMPOSITE,
    Part,
    composite_answers,
    composite_body,
    query_part,
)
from worker.crm.error_bodies import row_error
from worker.crm.failures import exchange_failure, request_failure
from worker.crm.rest_api import RestApi
from worker.crm.soql import lookups
from worker.errors import CrmRefused, CrmUnavailable

# Of a rule that blocks it changes nothing.
_ALLOW_DUPLICATES = {
    "Sforce-Duplicate-Rule-Header": "allowSave=true; includeRecordDetails=false;"
    " runAsCurrentUser=true"
}
_FAILED = (CrmRefused, CrmUnavailable)
T = TypeVar("T")


class SalesforceCrm(RestApi):
    """A `Crm` that is a Salesforce org. One per process: it holds a session."""

    def find(
        self,
        object_name: str,
        select: Collection[str],
        values: Mapping[str, Collection[str]],
    ) -> list[dict[str, Any]]:
        """Return the records where any field has any of its values, with `Id`."""
        (found,) = self.find_each([Find(object_name, select, values)])
        return _or_raise(found)

    def find_each(self, finds: Sequence[Find]) -> list[Found]:
        """Return what each look-up finds; up to five queries are one request."""
        asked = [
            (number, query_part(query))
            for number, find in enumerate(finds)
            for query in lookups(find.object_name, find.select, find.values)
        ]
        answers = self._each([part for _, part in asked])
        found: list[Found] = [[] for _ in finds]
        for (number, _), answer in zip(asked, answers, strict=True):
            known = found[number]
            if isinstance(answer, _FAILED):
                found[number] = answer
            elif not isinstance(known, _FAILED):
                known.extend(self._records(answer))
        return [_each_once(known) for known in found]

    def upsert(
        self,
        object_name: str,
        key_field: str,
        records: Sequence[Mapping[str, Any]],
        *,
        allow_duplicates: bool = False,
    ) -> list[RowResult]:
        """Create or update up to 200 records by an external id that each holds."""
        return self._write(Batch(object_name, key_field, records, allow_duplicates))

    def update(
        self,
        object_name: str,
        records: Sequence[Mapping[str, Any]],
        *,
        allow_duplicates: bool = False,
    ) -> list[RowResult]:
        """Update up to 200 records; each holds its `Id`."""
        return self._write(Batch(object_name, None, records, allow_duplicates))

    def write_each(self, batches: Sequence[Batch]) -> list[Written]:
        """Write in this order; up to five batches are one request."""
        answers = self._each([_write_part(batch) for batch in batches])
        return [
            answer if isinstance(answer, _FAILED) else _row_results(answer, batch)
            for answer, batch in zip(answers, batches, strict=True)
        ]

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

    def _write(self, batch: Batch) -> list[RowResult]:
        (written,) = self.write_each([batch])
        return _or_raise(written)

    def _records(self, answer: Any) -> list[dict[str, Any]]:
        """Return the records of a query's first page, and of those that follow."""
        page = _page(answer)
        records: list[dict[str, Any]] = list(page["records"])
        while not page.get("done"):
            locator = page["nextRecordsUrl"].rsplit("/", 1)[-1]
            page = _page(self._request("GET", f"query/{locator}"))
            records.extend(page["records"])
        return records

    def _each(self, parts: Sequence[Part]) -> list[Any]:
        """Return the answer to each part, or its error."""
        starts = range(0, len(parts), MAX_TOGETHER)
        groups = [parts[start : start + MAX_TOGETHER] for start in starts]
        return [answer for group in groups for answer in self._together(group)]

    def _together(self, parts: Sequence[Part]) -> list[Any]:
        """Ask for up to five parts in one request, where Salesforce lets us."""
        if len(parts) > 1 and self._session.has_composite:
            body = composite_body(parts, self._session.api_path)
            try:
                said = self._request("POST", "composite", json=body)
            except CrmRefused as error:
                self._session.has_composite = error.code not in NO_COMPOSITE
            else:
                return _answers_of(said, len(parts))
        return [self._alone(part) for part in parts]

    def _alone(self, part: Part) -> Any:
        given = {"json": part.body, "headers": part.headers}
        options = {name: value for name, value in given.items() if value is not None}
        try:
            return self._request(part.method, part.path, **options)
        except CrmRefused as error:
            return error


def _write_part(batch: Batch) -> Part:
    name, records = batch.object_name, batch.records
    if len(records) > MAX_RECORDS:
        raise ValueError(f"{len(records)} records in one request")
    # `attributes` has to stand first in each record.
    rows = [{"attributes": {"type": name}, **record} for record in records]
    key = f"/{name}/{batch.key_field}" if batch.key_field else ""
    body = {"allOrNone": False, "records": rows}
    headers = _ALLOW_DUPLICATES if batch.allow_duplicates else None
    return Part("PATCH", f"composite/sobjects{key}", body, headers)


def _row_results(answer: Any, batch: Batch) -> list[RowResult]:
    if not isinstance(answer, list) or len(answer) != len(batch.records):
        raise exchange_failure("answer of another length")
    if not all(isinstance(result, dict) for result in answer):
        raise exchange_failure("answer of another shape")
    return [_row_result(result) for result in answer]


def _answers_of(said: Any, count: int) -> list[Any]:
    """Return what each part of a composite request was answered, or its error."""
    answers = composite_answers(said, count)
    if answers is None:
        raise exchange_failure("answer of another shape")
    return [
        body if status < 300 else request_failure(status, body)
        for status, body in answers
    ]


def _or_raise(answer: list[T] | CrmRefused | CrmUnavailable) -> list[T]:
    if isinstance(answer, _FAILED):
        raise answer
    return answer


def _each_once(found: Found) -> Found:
    """Return each record once: several queries may find it."""
    if isinstance(found, _FAILED):
        return found
    return list({record["Id"]: record for record in found}.values())


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
