"""How many records a request takes, and how long to wait for a locked one. Floor 3."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from worker.crm import MAX_RECORDS

PASSES_TO_GROW = 10
# Requests of one drain that are on their way at once; the client holds 4 connections.
SIDE_BY_SIDE = 3
# The name under which it is remembered how many records several requests in one have.
TOGETHER = "(together)"


@dataclass(slots=True)
class Pace:
    """How many records of an object go into a request: halved when it is too much.

    One per worker process, so that what was learnt holds for the next batch. It doubles
    again after ten requests that passed. More rows than `jobs_above` go by one job.
    """

    jobs_above: int | None = None
    _records: dict[str, int] = field(default_factory=dict)
    _passed: dict[str, int] = field(default_factory=dict)

    def records(self, object_name: str) -> int:
        """Return how many records to send."""
        return self._records.get(object_name, MAX_RECORDS)

    def with_jobs(self, above: int) -> Pace:
        """Return the same pace, by which more rows than that go by one job."""
        return replace(self, jobs_above=above)

    def is_for_job(self, rows: int) -> bool:
        """Return whether so many rows of an object go by a job."""
        return self.jobs_above is not None and rows > self.jobs_above

    def slower(self, object_name: str, tried: int) -> None:
        """Half of what was tried may do."""
        self.set(object_name, max(1, tried // 2))

    def set(self, object_name: str, records: int) -> None:
        """Send so many, as before one row was found to spoil every request."""
        self._records[object_name] = records
        self._passed[object_name] = 0

    def faster(self, object_name: str) -> None:
        """A request passed: after some of them try more."""
        records = self.records(object_name)
        self._passed[object_name] = self._passed.get(object_name, 0) + 1
        if records < MAX_RECORDS and self._passed[object_name] >= PASSES_TO_GROW:
            self.set(object_name, min(MAX_RECORDS, records * 2))


def _half() -> float:
    return 0.5


@dataclass(frozen=True, slots=True)
class LockWaits:
    """How to wait before rows that met a lock are sent again, within the drain.

    `jitter` gives a number from 0 to 1, which takes up to half of a wait away.
    """

    wait: Callable[[float], None]
    jitter: Callable[[], float] = _half
    seconds: tuple[float, ...] = (0.5, 1.0, 2.0)

    def each(self) -> Iterator[None]:
        """Wait, then yield, as often as rows may be sent again."""
        for seconds in self.seconds:
            self.wait(seconds * (1 - self.jitter() / 2))
            yield


NO_LOCK_WAITS = LockWaits(lambda _seconds: None, seconds=())
