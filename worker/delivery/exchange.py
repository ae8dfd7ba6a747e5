"""Jobs to Salesforce and back: looked up, made rows, sent, each settled. Floor 3.

It knows no lane, lease or database: by it a mapping is tried out on another `Crm`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from worker.crm import Crm
from worker.delivery.halving import Requests
from worker.delivery.link_cache import NO_CACHE, LinkCache
from worker.delivery.lookup import Lookup, look_up
from worker.delivery.merging import Row
from worker.delivery.ordering import (
    hold_orphans,
    in_order,
    names_made,
    rounds,
    waits_for,
)
from worker.delivery.pace import NO_LOCK_WAITS, LockWaits, Pace
from worker.delivery.planning import Job
from worker.delivery.rows import build_rows, find_target
from worker.delivery.sending import Parcel, Sender
from worker.errors import CrmUnavailable
from worker.org_schema import OrgSchema
from worker.store.tables import RecordRow

# Object, Salesforce ids, keys (`Field=value`) and a moment, to what calls since wrote.
Newer = Callable[[str, Sequence[str], Sequence[str], datetime], Sequence[RecordRow]]


def _nothing_newer(*_: object) -> Sequence[RecordRow]:
    return ()


def deliver(
    jobs: Sequence[Job],
    crm: Crm,
    schema: OrgSchema,
    *,
    newer: Newer = _nothing_newer,
    before_request: Callable[[], None] = lambda: None,
    pace: Pace | None = None,
    locks: LockWaits = NO_LOCK_WAITS,
    side_by_side: int = 1,
    cache: LinkCache = NO_CACHE,
    by_key: bool = False,
) -> CrmUnavailable | None:
    """Give every job without an outcome one; return why Salesforce is unavailable.

    `newer` gives what later calls already wrote. With `by_key` a link may be left to
    Salesforce where that saves a look-up. Where an id of the cache turns out to
    be gone, its jobs are delivered once more, from the look-up on.
    """
    exchange = _Exchange(
        jobs,
        crm,
        schema,
        newer,
        before_request,
        pace or Pace(),
        locks,
        side_by_side,
        cache,
        by_key,
    )
    open_jobs = [job for job in jobs if job.outcome is None]
    if not open_jobs:
        return None
    gone, unavailable = exchange.send(open_jobs, may_recall=True)
    again = [job for job in open_jobs if job.ids & gone and not job.is_taken]
    if again and unavailable is None:
        for job in again:
            job.reopen()
        _, unavailable = exchange.send(again, may_recall=False)
    elif unavailable is not None:
        for job in again:
            job.put_off(unavailable)
    return unavailable


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A batch on its way. `everyone` are all its jobs, also those settled before."""

    everyone: Sequence[Job]
    crm: Crm
    schema: OrgSchema
    newer: Newer
    before_request: Callable[[], None]
    pace: Pace
    locks: LockWaits
    side_by_side: int
    cache: LinkCache
    by_key: bool

    def send(
        self, jobs: Sequence[Job], *, may_recall: bool
    ) -> tuple[set[str], CrmUnavailable | None]:
        """Look up and send; return the ids that are gone, and why it had to end.

        Jobs that refer to a gone id may have no outcome, or a wrong one.
        """
        self.before_request()
        try:
            lookup = look_up(
                jobs,
                self.crm,
                self.schema,
                self.cache,
                may_recall=may_recall,
                made=names_made(self.everyone) if self.by_key else None,
            )
        except CrmUnavailable as error:
            for job in jobs:
                job.put_off(error)
            return set(), error
        requests = Requests(self.crm, self.before_request, self.pace)
        sender = Sender(requests, lookup, self.locks, self.side_by_side)
        waiting: list[list[Job]] = []
        for group in rounds(jobs):
            for part in in_order(group, lookup):
                if waits_for(part, waiting, lookup):
                    self._send_parts(waiting, lookup, sender)
                    waiting = []
                waiting.append(part)
        self._send_parts(waiting, lookup, sender)
        return lookup.gone, requests.unavailable

    def _send_parts(
        self, parts: Sequence[list[Job]], lookup: Lookup, sender: Sender
    ) -> None:
        """Send jobs, those of each object by themselves; none waits for another's."""
        rows = [self._rows(part, lookup) for part in parts]
        parcels = [Parcel.of(each) for each in rows if each]
        sender.send_ahead(parcels)
        for each, parcel in zip(filter(None, rows), parcels, strict=True):
            there = [row for row in each if not row.jobs[0].ids & lookup.gone]
            sender.send(parcel if len(there) == len(each) else Parcel.of(there))

    def _rows(self, jobs: Sequence[Job], lookup: Lookup) -> list[Row]:
        hold_orphans(self.everyone, lookup)
        ready = [job for job in jobs if job.outcome is None]
        if not ready:
            return []
        written = self._written_later(ready, lookup)
        return build_rows(ready, lookup, written, self.schema)

    def _written_later(
        self, jobs: Sequence[Job], lookup: Lookup
    ) -> Sequence[RecordRow]:
        ids = [find_target(job, lookup) for job in jobs if job.write.mode == "update"]
        keys = [str(job.write.key) for job in jobs if job.write.mode != "update"]
        since = min(job.occurred_at for job in jobs)
        known = [salesforce_id for salesforce_id in ids if salesforce_id is not None]
        return self.newer(jobs[0].write.object, known, keys, since)
