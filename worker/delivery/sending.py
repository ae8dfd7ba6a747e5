"""Rows to Salesforce in the fewest requests, each row's result understood. Floor 3."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from worker.crm import MAX_RECORDS, Crm, RowResult
from worker.crm.verdicts import Act, Verdict, row_verdict
from worker.delivery.lookup import Lookup
from worker.delivery.rows import Row, merge, outcome
from worker.errors import CrmRefused, CrmUnavailable
from worker.model import Match, State

# Of a whole request, these speak of the object, not of a row: halving finds nothing.
_OF_NO_ROW = frozenset({"INVALID_TYPE", "NOT_FOUND", "METHOD_NOT_ALLOWED"})


class Sender:
    """Sends the rows of one batch. After `CrmUnavailable` it asks for nothing more.

    `before_request` is called before each request; a drainer renews its lease there.
    """

    def __init__(
        self, crm: Crm, lookup: Lookup, before_request: Callable[[], None]
    ) -> None:
        self._crm = crm
        self._lookup = lookup
        self._before_request = before_request
        self.unavailable: CrmUnavailable | None = None

    def send(self, rows: Sequence[Row]) -> None:
        """Send the rows of one object and give every job of theirs an outcome.

        Rows of one target are one record. Where such a record is refused, its jobs are
        sent one after the other, so that no call suffers from another's fault.
        """
        by_target: dict[str, list[Row]] = {}
        for row in rows:
            by_target.setdefault(row.target.casefold(), []).append(row)
        refused = self._send_merged(merge(rows))
        singles = [by_target[row.target.casefold()] for row in refused]
        for wave in range(max(map(len, singles), default=0)):
            self._send_merged([lane[wave] for lane in singles if wave < len(lane)])

    def _send_merged(self, rows: Sequence[Row]) -> list[Row]:
        """Send rows of different targets; return those refused that are of several."""
        refused: list[Row] = []
        without: list[Row] = []
        for chunk in _chunks(rows):
            for row, result in self._exchange(chunk):
                verdict = self._settle(row, result)
                if verdict is None or verdict.act is Act.RETRY:
                    continue
                if _may_lose_fields(row, verdict):
                    without.append(_without_insert_only(row))
                elif len(row.jobs) > 1:
                    refused.append(row)
        if without:
            refused.extend(self._send_merged(without))
        return refused

    def _exchange(self, chunk: list[Row]) -> Iterator[tuple[Row, RowResult]]:
        """Send one request and pair the results; halve it where it is refused whole."""
        try:
            results = self._request(chunk)
        except CrmUnavailable as error:
            self.unavailable = error
            self._put_off(chunk, error)
            return
        except CrmRefused as error:
            if len(chunk) > 1 and error.code not in _OF_NO_ROW:
                middle = len(chunk) // 2
                yield from self._exchange(chunk[:middle])
                yield from self._exchange(chunk[middle:])
                return
            results = [RowResult(None, code=error.code, fields=error.fields)]
            results *= len(chunk)
        yield from zip(chunk, results, strict=True)

    def _request(self, chunk: list[Row]) -> list[RowResult]:
        if self.unavailable is not None:
            raise self.unavailable
        self._before_request()
        records = [row.record() for row in chunk]
        if chunk[0].key is None:
            return self._crm.update(chunk[0].object, records)
        return self._crm.upsert(chunk[0].object, chunk[0].key, records)

    def _settle(self, row: Row, result: RowResult) -> Verdict | None:
        """Give the row's jobs an outcome; return the verdict of an error, or None."""
        if result.code is None:
            salesforce_id = result.salesforce_id or (
                row.target if not row.key else None
            )
            for job in row.jobs:
                job.outcome = outcome(
                    job,
                    State.SYNCED,
                    dict(row.fields) if len(row.jobs) == 1 else None,
                    salesforce_id=salesforce_id,
                    created=result.created,
                )
            if row.key and salesforce_id:
                match = Match(row.key, row.target)
                self._lookup.add(row.object, match, {"Id": salesforce_id})
            return None
        verdict = row_verdict(result.code, result.message)
        state = State.PENDING if verdict.act is Act.RETRY else State.PARKED
        for job in row.jobs:
            names = ", ".join(result.fields) or job.write.object
            job.outcome = outcome(
                job,
                state,
                reason=result.code.lower(),
                error_code=result.code,
                error_fields=result.fields,
                hint=f"{job.write.place}: {names}: {verdict.hint}",
            )
        return verdict

    def _put_off(self, rows: Iterable[Row], error: CrmUnavailable) -> None:
        for row in rows:
            for job in row.jobs:
                job.outcome = outcome(
                    job, State.PENDING, reason=error.reason, error_code=error.code
                )


def _may_lose_fields(row: Row, verdict: Verdict) -> bool:
    """An existing record keeps its insert-only fields: send the others alone."""
    return verdict.act is Act.SEND_WITHOUT_INSERT_ONLY and bool(row.insert_only)


def _without_insert_only(row: Row) -> Row:
    fields = {n: v for n, v in row.fields.items() if n not in row.insert_only}
    return replace(row, fields=fields, insert_only=frozenset())


def _chunks(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield rows that fit one request: of one object, one key, at most 200."""
    groups: dict[tuple[str, str | None], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.object, row.key), []).append(row)
    for group in groups.values():
        for start in range(0, len(group), MAX_RECORDS):
            yield group[start : start + MAX_RECORDS]
