"""Rows to Salesforce in the fewest requests, each row's result understood. Floor 3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from worker.crm import RowResult
from worker.crm.verdicts import Act, Verdict
from worker.delivery.halving import Pair, Requests
from worker.delivery.limits import is_locked
from worker.delivery.lookup import Lookup
from worker.delivery.merging import (
    Identity,
    Row,
    after,
    group,
    merge,
    without_insert_only,
)
from worker.delivery.pace import NO_LOCK_WAITS, LockWaits
from worker.delivery.packing import MAX_REQUEST_BYTES, fits, pack
from worker.delivery.refusals import TOO_LARGE, settle_refused
from worker.model import Match

# What an id that Salesforce no longer has is refused with.
_GONE = frozenset({"INVALID_CROSS_REFERENCE_KEY", "ENTITY_IS_DELETED", "MALFORMED_ID"})


@dataclass(frozen=True, slots=True)
class Parcel:
    """The rows of one object: those of each record, and for each one of them all.

    A row that has nothing to send is not among the merged.
    """

    rows: dict[Identity, list[Row]]
    merged: list[Row]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Parcel:
        """Merge the rows of each record."""
        grouped = group(rows)
        merged = [merge(lane) for lane in grouped.values()]
        return cls(grouped, [row for row in merged if not _is_there(row)])


@dataclass(slots=True)
class Sender:
    """Sends the rows of one batch, as many a request as there may be.

    `side_by_side` requests of one object are on their way at once. They hold no parent
    in common, as far as that costs no further request.
    """

    requests: Requests
    lookup: Lookup
    locks: LockWaits = NO_LOCK_WAITS
    side_by_side: int = 1
    max_bytes: int = MAX_REQUEST_BYTES

    def send_ahead(self, parcels: Sequence[Parcel]) -> None:
        """Send what small requests there are in one, if none waits for another.

        `send` is to be asked for each parcel then.
        """
        merged = [row for parcel in parcels for row in parcel.merged]
        rows = [row for row in merged if fits(row, self.max_bytes)]
        is_for_job = self.requests.pace.is_for_job
        self.requests.send_ahead(
            [
                chunk
                for group_rows in _groups(rows)
                if not is_for_job(len(group_rows))
                for chunk in self._chunks(group_rows)
            ]
        )

    def send(self, parcel: Parcel) -> None:
        """Send the rows of one object and give every job of theirs an outcome.

        Where a merged row is refused, its jobs are sent one after the other, so that no
        call suffers from another's fault.
        """
        refused = self._send_merged(parcel.merged)
        lanes = [parcel.rows[row.identity] for row in refused]
        for wave in range(max(map(len, lanes), default=0)):
            self._send_merged(
                [after(lane[wave], lane[:wave]) for lane in lanes if wave < len(lane)]
            )

    def _send_merged(self, rows: Sequence[Row]) -> list[Row]:
        """Send rows of different records; return those to be sent job by job."""
        to_split: list[Row] = []
        again: list[Row] = []
        for row, result in self._past_locks([r for r in rows if not _is_there(r)]):
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

    def _past_locks(self, rows: Sequence[Row]) -> Iterator[Pair]:
        """Send rows, and those that met a lock once more, alone, after a wait."""
        waits = self.locks.each()
        while rows:
            locked: list[Pair] = []
            for row, result in self._exchange(rows):
                if is_locked(result):
                    locked.append((row, result))
                else:
                    yield row, result
            if not locked:
                return
            rows = [row for row, _ in locked]
            if self.requests.unavailable is not None or next(waits, rows) is rows:
                yield from locked
                return

    def _exchange(self, rows: Sequence[Row]) -> Iterator[Pair]:
        """Send rows, those that can share a request together; give their results."""
        sendable: list[Row] = []
        for row in rows:
            if fits(row, self.max_bytes):
                sendable.append(row)
            else:
                yield row, RowResult(None, code=TOO_LARGE)
        for group_rows in _groups(sendable):
            rest: Sequence[Row] = group_rows
            if self.requests.pace.is_for_job(len(group_rows)):
                by_parent = sorted(group_rows, key=lambda row: row.parent)
                done, rest = self.requests.by_job(by_parent)
                yield from done
            if rest:
                yield from self._send_chunks(self._chunks(rest))

    def _chunks(self, rows: Sequence[Row]) -> list[list[Row]]:
        return pack(rows, self.requests.pace.records(rows[0].object), self.max_bytes)

    def _send_chunks(self, chunks: list[list[Row]]) -> Iterator[Pair]:
        if len(chunks) == 1 or self.side_by_side == 1:
            for chunk in chunks:
                yield from self.requests.send(chunk)
            return
        with ThreadPoolExecutor(self.side_by_side) as pool:
            sent = pool.map(lambda chunk: list(self.requests.send(chunk)), chunks)
            for pairs in sent:
                yield from pairs

    def _settle(self, row: Row, result: RowResult) -> Verdict | None:
        """Give the row's jobs an outcome; return the verdict of an error, or None."""
        if result.code is not None:
            if result.code in _GONE or (result.code == "NOT_FOUND" and not row.key):
                self._forget(row)
            return settle_refused(row, result, result.code)
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


def _groups(rows: Iterable[Row]) -> list[list[Row]]:
    """Return the rows, those that can share a request together."""
    groups: dict[tuple[str, str | None, bool], list[Row]] = {}
    for row in rows:
        kind = (row.object, row.key, row.allows_duplicates)
        groups.setdefault(kind, []).append(row)
    return list(groups.values())


def _is_there(row: Row) -> bool:
    """Return whether the record has all lines of the row, which has nothing else.

    An attempt before put them in, and its answer was lost. Its jobs end here.
    """
    if row.key is not None or row.fields or row.values():
        return False
    for job in row.jobs:
        job.written(row.target, created=None)
    return True


def _changed(row: Row, verdict: Verdict) -> Row | None:
    """Return the row as it may pass at once, or None where it would not."""
    if verdict.act is Act.SEND_WITHOUT_INSERT_ONLY and row.insert_only:
        return without_insert_only(row)
    if verdict.act is Act.SEND_AGAIN and row.tries == 0:
        return replace(row, tries=1)
    return None
