"""The loop under a lane's lease: claim, map, look up, write, settle. Floor 3."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial

from worker.crm import Crm
from worker.delivery.backlog import EVENTS_A_BATCH, MOST_JOB, Backlogs
from worker.delivery.earlier import earlier_records
from worker.delivery.exchange import deliver
from worker.delivery.guarding import NO_GUARD, Guard, Permit, allowed, due_again
from worker.delivery.heartbeat import heartbeat
from worker.delivery.link_cache import NO_CACHE, LinkCache
from worker.delivery.pace import NO_LOCK_WAITS, LockWaits, Pace
from worker.delivery.past_mappings import PastMappings
from worker.delivery.planning import EventPlan, plan_event, recall_calls
from worker.delivery.settling import fold
from worker.errors import CrmUnavailable, SessionExpired, SyncError
from worker.lane_numbers import is_urgent, usual_lane
from worker.mapping.mapping_set import Mappings
from worker.model import Connection, State
from worker.org_schema import OrgSchema
from worker.store.calls import Calls
from worker.store.events import Events
from worker.store.lanes import Lanes, Lease, LeaseLost
from worker.store.outcomes import EventOutcome
from worker.store.tables import EventRow

BATCHES_A_DRAIN = 4
# An urgent one that comes in meanwhile waits for the batch.
URGENT_A_BATCH = 50
_AWAY = (CrmUnavailable.reason, SessionExpired.reason)

log = logging.getLogger(__name__)


class _Batch(Enum):
    SENT = auto()
    NOTHING_DUE = auto()
    PUT_OFF = auto()
    HELD = auto()


@dataclass(frozen=True, slots=True)
class Drainer:
    """What draining needs. `jitter` gives a number from 0 to 1.

    `side_by_side` is how many requests of a batch may be on their way at once. With
    `backlogs` they, and not `crm`, say whom to ask.
    """

    events: Events
    lanes: Lanes
    crm: Crm
    mappings: Mappings
    connections: Mapping[str, Connection]
    lease_seconds: int
    retry_hours: int
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    calls: Calls
    past: PastMappings
    schema: Callable[[], OrgSchema] = OrgSchema
    pace: Pace = field(default_factory=Pace)
    locks: LockWaits = NO_LOCK_WAITS
    side_by_side: int = 1
    cache: LinkCache = NO_CACHE
    guard: Guard = NO_GUARD
    backlogs: Backlogs | None = None

    def drain(self, lane: int) -> bool:
        """Deliver the lane's due events; return whether more are due.

        Nothing happens while another drains the lane: what came in meanwhile is seen
        by that drainer, which looks once more after it has given the lane back. What
        the guard holds up stays due: the sweep rings for it.
        """
        if not self._is_due(lane):
            return False
        lease = self.lanes.lease(lane, self.clock(), self.lease_seconds)
        if lease is None:
            return False
        ended = _Batch.SENT
        try:
            with heartbeat(self.lanes, lease, self.clock, self.lease_seconds):
                for _ in range(BATCHES_A_DRAIN):
                    ended = self._deliver_batch(lease)
                    if ended is not _Batch.SENT:
                        break
            self.lanes.release(lease)
        except LeaseLost:
            log.warning("lane %d was taken over while we drained it", lane)
            return False
        return ended is not _Batch.HELD and self._is_due(lane)

    def _is_due(self, lane: int) -> bool:
        return self.lanes.has_due(lane, self.clock())

    def _deliver_batch(self, lease: Lease) -> _Batch:
        most = URGENT_A_BATCH if is_urgent(lease.lane) else EVENTS_A_BATCH
        rows = self.lanes.due(lease.lane, self.clock(), limit=most)
        if not rows:
            return _Batch.NOTHING_DUE
        permit = self.guard.ask(lease.lane, urgent=rows[0].urgent)
        if permit is None:
            return _Batch.HELD
        quiet_epoch = self._quiet_epoch(lease)
        try:
            backlogs = self._backlogs(rows, permit)
            if backlogs:
                rows = backlogs.widened(rows, self.lanes, lease.lane, self.clock())
            sent = allowed(rows, permit)
            outcomes = self._deliver_safely(sent, lease, permit)
        finally:
            permit.close()
        ended = self._settle(outcomes, lease, permit.retry_seconds(), quiet_epoch)
        if ended is _Batch.SENT and len(sent) == len(rows) < most:
            # What came in behind less than a full batch waits for the next turn.
            return _Batch.NOTHING_DUE
        return ended

    def _settle(
        self,
        outcomes: Sequence[EventOutcome],
        lease: Lease,
        retry_seconds: float | None,
        quiet_epoch: int | None,
    ) -> _Batch:
        if retry_seconds is not None:
            retry_at = self.clock() + timedelta(seconds=retry_seconds)
            outcomes = due_again(outcomes, _AWAY, retry_at)
        for start in range(0, len(outcomes), EVENTS_A_BATCH):
            # A transaction of thousands would hold up those who take calls in.
            some = outcomes[start : start + EVENTS_A_BATCH]
            if is_urgent(lease.lane):
                self.lanes.settle_urgent(lease, some, self.clock(), quiet_epoch)
            else:
                self.lanes.settle(lease, some, self.clock())
        for event in outcomes:
            log.info("event %d %s %s", event.event_id, event.state, event.reason or "")
        away = [o.next_attempt_at for o in outcomes if o.reason in _AWAY]
        if not away:
            return _Batch.SENT
        # What has not been tried would meet the same.
        self.lanes.put_off(lease, min(away))
        return _Batch.PUT_OFF if retry_seconds is None else _Batch.HELD

    def _quiet_epoch(self, lease: Lease) -> int | None:
        if not is_urgent(lease.lane):
            return None
        return self.lanes.quiet_epoch(usual_lane(lease.lane), self.clock())

    def _deliver_safely(
        self, rows: Sequence[EventRow], lease: Lease, permit: Permit
    ) -> list[EventOutcome]:
        """Deliver; a fault of our own parks the one event that brings it about.

        Without this it would come back with its lane for ever and hold up all others.
        """
        try:
            return self._deliver(rows, lease, permit)
        except (SyncError, LeaseLost):
            raise
        except Exception as error:  # noqa: BLE001  (parked and logged, not hidden)
            if len(rows) > 1:
                halves = rows[: len(rows) // 2], rows[len(rows) // 2 :]
                sent = (self._deliver_safely(half, lease, permit) for half in halves)
                return [outcome for outcomes in sent for outcome in outcomes]
            where = traceback.extract_tb(error.__traceback__)[-1]
            # Its text may hold a value, so its kind and place have to do.
            place = f"{where.filename}:{where.lineno}"
            log.error("event %s: %s at %s", rows[0].id, type(error).__name__, place)
            fault = EventPlan(rows[0], state=State.PARKED, reason="internal_error")
            return [self._fold(fault, None)]

    def _deliver(
        self, rows: Sequence[EventRow], lease: Lease, permit: Permit
    ) -> list[EventOutcome]:
        earlier = earlier_records(self.events, rows)
        backlogs = self._backlogs(rows, permit)
        mappings = self.mappings.current()
        plans = [
            plan_event(
                row,
                self.past.of(row) if row.replay_mapping_hash else mappings,
                self.connections,
                earlier.get(row.id or 0, ()),
            )
            for row in rows
        ]
        recall_calls(plans, self.calls)
        unavailable = deliver(
            [job for plan in plans for job in plan.jobs],
            permit.watch(self._crm(lease)),
            self.schema(),
            newer=self.lanes.newer_records,
            before_request=lambda: self._keep(lease),
            pace=self.pace.with_jobs(backlogs.threshold) if backlogs else self.pace,
            locks=self.locks,
            side_by_side=self.side_by_side,
            cache=self.cache,
            by_key=True,
        )
        return [self._fold(plan, unavailable) for plan in plans]

    def _backlogs(self, rows: Sequence[EventRow], permit: Permit) -> Backlogs | None:
        """Return what says how jobs go, where these rows may go by some.

        Urgent ones come first, and never wait for a job.
        """
        return self.backlogs if permit.takes_jobs and not rows[0].urgent else None

    def _crm(self, lease: Lease) -> Crm:
        if self.backlogs is None:
            return self.crm
        may_wait = partial(self._may_wait, lease, self.clock() + MOST_JOB)
        return self.backlogs.crm(lease.lane, may_wait)

    def _may_wait(self, lease: Lease, until: datetime) -> bool:
        """Return whether a job may be waited for, and keep the lane meanwhile."""
        self._keep(lease)
        return self.clock() < until

    def _keep(self, lease: Lease) -> None:
        self.lanes.renew(lease, self.clock(), self.lease_seconds)

    def _fold(
        self, plan: EventPlan, unavailable: CrmUnavailable | None
    ) -> EventOutcome:
        return fold(
            plan,
            now=self.clock(),
            jitter=self.jitter(),
            retry_hours=self.retry_hours,
            retry_after_seconds=(
                unavailable.retry_after_seconds if unavailable else None
            ),
        )
