"""Requests that are halved until they pass or one row is left at fault. Floor 3."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from worker.crm import Batch, CompositeCrm, Crm, RowResult, Written
from worker.crm.error_kinds import PASSES
from worker.delivery.limits import LOCKED, OF_SOME_ROWS, TOO_MUCH, is_governed
from worker.delivery.merging import Row
from worker.delivery.pace import TOGETHER, Pace
from worker.delivery.packing import together
from worker.errors import CrmRefused, CrmUnavailable
from worker.model import State

# After so many failures, with no request that passed between, it is no row's fault.
# Down to one row of 200 it takes eight. Time-outs are slow, and the pace remembers.
MOST_FAILURES = 9
MOST_TIMEOUTS = 3
MOST_ALONE = 3

Pair = tuple[Row, RowResult]
Step = tuple[list[list[Row]], list[Pair]]


@dataclass(slots=True)
class Requests:
    """The requests of one batch. After `CrmUnavailable` it asks for nothing more.

    `ahead` keeps the results of rows that were sent together with others' until `send`
    is asked for them. `failures` counts whole requests that were too much, `alone` the
    rows that met a limit in a request of their own, each since a request last passed.
    """

    crm: Crm
    before_request: Callable[[], None]
    pace: Pace
    unavailable: CrmUnavailable | None = None
    failures: int = 0
    alone: int = 0
    ahead: dict[tuple[int, ...], Written] = field(default_factory=dict)

    def send_ahead(self, parts: Sequence[list[Row]]) -> None:
        """Send several requests' rows in as few as the CRM lets us."""
        self.ahead.clear()
        if not isinstance(self.crm, CompositeCrm):
            return
        for group in together(parts, self.pace.records(TOGETHER)):
            if self.unavailable is not None:
                return
            self.before_request()
            batches = [_batch(part) for part in group]
            try:
                written = self.crm.write_each(batches)
            except CrmUnavailable as error:
                count = sum(map(len, group))
                if error.code in TOO_MUCH:
                    self.pace.slower(TOGETHER, count)  # Each alone may pass.
                else:
                    self.unavailable = error
                continue
            self.pace.faster(TOGETHER)
            for part, answer in zip(group, written, strict=True):
                self.ahead[_name(part)] = answer

    def send(self, rows: Sequence[Row]) -> Iterator[Pair]:
        """Send rows of one kind; yield results, but of rows that wait.

        They have object, key and `allows_duplicates` in common.
        """
        name = rows[0].object
        usual = self.pace.records(name)
        rest = [list(rows[at : at + usual]) for at in range(0, len(rows), usual)][::-1]
        while rest:
            part = rest.pop()
            if self.alone >= MOST_ALONE:
                _put_later(part, "governor_limit", None)
                continue
            smaller, done = self._attempt(part, may_wait_alone=len(rows) > 1)
            rest.extend(reversed(smaller))
            if len(part) == 1 and len(rows) > 1 and (self.failures or self.alone):
                self.pace.set(name, usual)  # The row was at fault, not the number.
            yield from done

    def by_job(self, rows: Sequence[Row]) -> tuple[list[Pair], Sequence[Row]]:
        """Send rows by a job; return results, and the rows to send by requests.

        What a job is refused for as a whole, or fails for, need be no fault of a row.
        """
        try:
            results = self._request(rows)
        except CrmUnavailable as error:
            if self.unavailable is None and error.code in TOO_MUCH:
                return [], rows
            self.unavailable = error
            _put_off(rows, error)
            return [], []
        except CrmRefused:
            return [], rows
        done: list[Pair] = []
        rest: list[Row] = []
        for row, result in zip(rows, results, strict=True):
            if result.is_reached and not is_governed(result):
                done.append((row, result))
            else:
                rest.append(row)
        return done, rest

    def _attempt(self, part: list[Row], *, may_wait_alone: bool) -> Step:
        """Send one request; return what to send then, and the results so far."""
        try:
            results = self._request(part)
        except CrmUnavailable as error:
            if error.code == LOCKED:
                return [], [(row, RowResult(None, code=LOCKED)) for row in part]
            return self._unavailable(part, error, may_wait_alone), []
        except CrmRefused as error:
            if len(part) > 1 and error.code in OF_SOME_ROWS:
                return _halves(part), []
            refused = _of_all(error)
            return [], [(row, refused) for row in part]
        return self._answered(part, results)

    def _request(self, part: Sequence[Row]) -> list[RowResult]:
        known = self.ahead.pop(_name(part), None)
        if isinstance(known, list):
            return known
        if known is not None:
            raise known
        if self.unavailable is not None:
            raise self.unavailable
        self.before_request()
        batch = _batch(part)
        name, records, allows = batch.object_name, batch.records, batch.allow_duplicates
        if batch.key_field is None:
            return self.crm.update(name, records, allow_duplicates=allows)
        return self.crm.upsert(name, batch.key_field, records, allow_duplicates=allows)

    def _unavailable(
        self, part: list[Row], error: CrmUnavailable, may_wait_alone: bool
    ) -> list[list[Row]]:
        """Return smaller parts where those may pass; otherwise the rows wait."""
        if self.unavailable is None and error.code in TOO_MUCH:
            self.failures += 1
            self.pace.slower(part[0].object, len(part))
            most = MOST_TIMEOUTS if "timeout" in error.code.lower() else MOST_FAILURES
            if self.failures < most and len(part) > 1:
                return _halves(part)
            if self.failures < most and may_wait_alone:
                _put_later(part, error.code.lower(), error.code)
                return []
        self.unavailable = error
        _put_off(part, error)
        return []

    def _answered(self, part: list[Row], results: list[RowResult]) -> Step:
        """Sort out which rows met a limit of all; the others are done."""
        pairs = list(zip(part, results, strict=True))
        governed = [row for row, result in pairs if is_governed(result)]
        if len(governed) < len(part):
            self.failures = self.alone = 0
        if not governed:
            self.pace.faster(part[0].object)
            return [], pairs
        if len(part) == 1:
            self.alone += 1
            return [], pairs
        if len(governed) == len(part):
            self.pace.slower(part[0].object, len(part))
        few = len(governed) <= len(part) // 2
        done = [pair for pair in pairs if not is_governed(pair[1])]
        return [governed] if few else _halves(governed), done


def _batch(part: Sequence[Row]) -> Batch:
    first, records = part[0], [row.record() for row in part]
    return Batch(first.object, first.key, records, first.allows_duplicates)


def _name(part: Sequence[Row]) -> tuple[int, ...]:
    """Return what tells these very rows from all others."""
    return tuple(map(id, part))


def _halves(rows: list[Row]) -> list[list[Row]]:
    middle = (len(rows) + 1) // 2
    return [rows[:middle], rows[middle:]]


def _put_off(rows: Iterable[Row], error: CrmUnavailable) -> None:
    for row in rows:
        for job in row.jobs:
            job.put_off(error)


def _put_later(rows: Iterable[Row], reason: str, code: str | None) -> None:
    """Let these rows be due again, without a word against the org as a whole."""
    for row in rows:
        for job in row.jobs:
            hint = f"{job.write.place}: {PASSES}"
            job.end(State.PENDING, reason=reason, error_code=code, hint=hint)


def _of_all(error: CrmRefused) -> RowResult:
    """Return what a request that is refused as a whole means for each row."""
    return RowResult(
        None,
        code=error.code,
        fields=error.fields,
        message=error.said,
        matches=error.matches,
    )
