"""Rows to Salesforce in the fewest requests, each row's result understood. Floor 3."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from worker.crm import MAX_RECORDS, Crm, RowResult
from worker.crm.verdicts import Act, Verdict, row_verdict
from worker.delivery.lookup import Lookup
from worker.delivery.merging import Row, after, group, merge, without_insert_only
from worker.errors import CrmRefused, CrmUnavailable
from worker.model import Match, State

# A request that is refused with these has a row in it that cannot be read.
_OF_A_ROW = frozenset({"JSON_PARSER_ERROR", "INVALID_JSON"})
# With fewer records the same request may pass.
_TOO_MUCH = frozenset({"timeout", "REQUEST_RUNNING_TOO_LONG", "HTTP 413"})
# What an id that Salesforce no longer has is refused with.
_GONE = frozenset({"INVALID_CROSS_REFERENCE_KEY", "ENTITY_IS_DELETED", "MALFORMED_ID"})


@dataclass(slots=True)
class Pace:
    """How many records of an object go into a request: halved when it is too much.

    One per worker process, so that a batch that timed out comes back smaller. It
    recovers as requests pass.
    """

    _records: dict[str, int] = field(default_factory=dict)

    def records(self, object_name: str) -> int:
        """Return how many records to send."""
        return self._records.get(object_name, MAX_RECORDS)

    def slower(self, object_name: str, tried: int) -> None:
        """Half of what was tried may do."""
        self._records[object_name] = max(1, tried // 2)

    def faster(self, object_name: str) -> None:
        """A request passed: try more."""
        doubled = self.records(object_name) * 2
        self._records[object_name] = min(MAX_RECORDS, doubled)


@dataclass(slots=True)
class Sender:
    """Sends the rows of one batch. After `CrmUnavailable` it asks for nothing more.

    `before_request` is called before each request; a drainer renews its lease there.
    """

    crm: Crm
    lookup: Lookup
    before_request: Callable[[], None]
    pace: Pace
    unavailable: CrmUnavailable | None = None

    def send(self, rows: Sequence[Row]) -> None:
        """Send the rows of one object and give every job of theirs an outcome.

        Rows of one record are merged. Where such a record is refused, its jobs are
        sent one after the other, so that no call suffers from another's fault.
        """
        grouped = group(rows)
        refused = self._send_merged([merge(lane) for lane in grouped.values()])
        lanes = [grouped[row.identity] for row in refused]
        for wave in range(max(map(len, lanes), default=0)):
            self._send_merged(
                [after(lane[wave], lane[:wave]) for lane in lanes if wave < len(lane)]
            )

    def _send_merged(self, rows: Sequence[Row]) -> list[Row]:
        """Send rows of different records; return those to be sent job by job."""
        to_split: list[Row] = []
        again: list[Row] = []
        for chunk in self._chunks([row for row in rows if not _is_there(row)]):
            for row, result in self._exchange(chunk):
                verdict = self._settle(row, result)
                if verdict is None:
                    continue
                changed = _changed(row, verdict)
                if changed is not None:
                    again.append(changed)
                elif len(row.jobs) > 1 and verdict.splits:
                    to_split.append(row)
        if again:
            to_split.extend(self._send_merged(again))
        return to_split

    def _chunks(self, rows: Sequence[Row]) -> Iterator[list[Row]]:
        """Yield rows that fit one request: of one object and key."""
        groups: dict[tuple[str, str | None], list[Row]] = {}
        for row in rows:
            groups.setdefault((row.object, row.key), []).append(row)
        for rest in groups.values():
            while rest:
                size = self.pace.records(rest[0].object)
                yield rest[:size]
                rest = rest[size:]

    def _exchange(self, chunk: list[Row]) -> Iterator[tuple[Row, RowResult]]:
        """Send one request and pair the results; halve it where a row spoils it."""
        try:
            results = self._request(chunk)
        except CrmUnavailable as error:
            if self.unavailable is None and error.code in _TOO_MUCH:
                self.pace.slower(chunk[0].object, len(chunk))
            self.unavailable = error
            self._put_off(chunk, error)
            return
        except CrmRefused as error:
            if len(chunk) > 1 and error.code in _OF_A_ROW:
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
        self.before_request()
        records = [row.record() for row in chunk]
        if chunk[0].key is None:
            results = self.crm.update(chunk[0].object, records)
        else:
            results = self.crm.upsert(chunk[0].object, chunk[0].key, records)
        self.pace.faster(chunk[0].object)
        return results

    def _settle(self, row: Row, result: RowResult) -> Verdict | None:
        """Give the row's jobs an outcome; return the verdict of an error, or None."""
        if result.code is not None:
            if result.code in _GONE or (result.code == "NOT_FOUND" and not row.key):
                self._forget(row)
            return _settle_error(row, result, result.code)
        salesforce_id = result.salesforce_id or (None if row.key else row.target)
        for job in row.jobs:
            job.written(salesforce_id, created=result.created)
        if salesforce_id:
            self._note(row, salesforce_id)
        return None

    def _forget(self, row: Row) -> None:
        """Forget whom the row refers to, so that all its jobs are looked up again."""
        ids = frozenset().union(*(job.ids for job in row.jobs))
        self.lookup.forget(ids)
        for job in row.jobs:
            job.ids = ids

    def _note(self, row: Row, salesforce_id: str) -> None:
        """Let what is sent after it know of the record."""
        self.lookup.note(row.object, salesforce_id, row.values())
        if row.key:
            match = Match(row.key, row.target)
            self.lookup.add(row.object, match, {"Id": salesforce_id})
            self.lookup.keep(row.object, match)

    def _put_off(self, rows: Iterable[Row], error: CrmUnavailable) -> None:
        for row in rows:
            for job in row.jobs:
                job.put_off(error)


def _is_there(row: Row) -> bool:
    """Return whether the record has all lines of the row, which has nothing else.

    An attempt before put them in, and its answer was lost. Its jobs end here.
    """
    if row.key is not None or row.fields or row.values():
        return False
    for job in row.jobs:
        job.written(row.target, created=None)
    return True


def _settle_error(row: Row, result: RowResult, code: str) -> Verdict:
    verdict = row_verdict(code, result.message)
    state = State.PENDING if verdict.act is Act.RETRY else State.PARKED
    for job in row.jobs:
        names = ", ".join(result.fields) or job.write.object
        job.end(
            state,
            reason=code.lower(),
            error_code=code,
            error_fields=result.fields,
            hint=f"{job.write.place}: {names}: {verdict.hint}",
        )
    return verdict


def _changed(row: Row, verdict: Verdict) -> Row | None:
    """Return the row as it may pass at once, or None where it would not."""
    if verdict.act is Act.SEND_WITHOUT_INSERT_ONLY and row.insert_only:
        return without_insert_only(row)
    if verdict.act is Act.SEND_AGAIN and row.tries == 0:
        return replace(row, tries=1)
    return None
