"""A lane with thousands of due events: claimed at once, written by jobs. Floor 3."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.crm import MAX_RECORDS, Crm
from worker.store.lanes import Lanes
from worker.store.tables import EventRow

# Of an object that few events write, more events make fuller requests. An urgent one
# that comes in meanwhile waits for the batch.
EVENTS_A_BATCH = 3 * MAX_RECORDS
# A worker process holds them all, each with its body, rows and outcome: with bodies of
# 2 KB that takes it some 130 MB.
MOST_BULK_EVENTS = 10_000
# What a job has not done by then is left to the next one.
MOST_JOB = timedelta(minutes=30)

# Lane, and what to ask before each wait for a job.
LaneCrm = Callable[[int, Callable[[], bool]], Crm]


@dataclass(frozen=True, slots=True)
class Backlogs:
    """From how many due events of a lane on they are a backlog, and by which `Crm`.

    `crm` takes any number of records; it ends a job early where it may not wait.
    """

    threshold: int
    crm: LaneCrm

    def widened(
        self, rows: Sequence[EventRow], lanes: Lanes, lane: int, now: datetime
    ) -> Sequence[EventRow]:
        """Return a lane's claimed events, or more of them where they are a backlog."""
        if len(rows) < EVENTS_A_BATCH or self.threshold >= MOST_BULK_EVENTS:
            return rows
        if lanes.count_due(lane, now, self.threshold + 1) <= self.threshold:
            return rows
        more = lanes.due(lane, now, limit=MOST_BULK_EVENTS)
        # An urgent one that has just come in is not for a job.
        return rows if more[0].urgent else more
