"""An event row to the writes that its mapping asks for. Floor 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from worker import sources
from worker.delivery.earlier import (
    again,
    is_settled,
    taken_before,
    with_earlier,
)
from worker.errors import BadPayload, CrmUnavailable
from worker.mapping.context import context_of
from worker.mapping.link_plans import DROP
from worker.mapping.mapping_set import MappingSet
from worker.mapping.write_plans import TRANSFORM_REFUSED
from worker.model import (
    AGAIN_IN_ORDER,
    Connection,
    Delivery,
    Plan,
    State,
    Unwritten,
    Write,
)
from worker.store.calls import Calls
from worker.store.outcomes import RecordOutcome
from worker.store.tables import EventRow, RecordRow

BODY_PURGED = "body_purged"


@dataclass(slots=True)
class Job:
    """One write of one event, what of it was sent, and what came of it.

    `by_call` has what events of this very call have written before. `ids` are those of
    the records that it was found to refer to. `is_taken` says that Salesforce has it.
    `before` is what an earlier attempt at this event wrote of the same record.
    """

    event_id: int
    ordinal: int
    write: Write
    occurred_at: datetime
    version: str
    mapping_hash: str | None = None
    by_call: Sequence[RecordRow] = ()
    ids: frozenset[str] = frozenset()
    sent: dict[str, Any] | None = None
    outcome: RecordOutcome | None = None
    is_taken: bool = False
    before: RecordRow | None = None

    @property
    def state(self) -> State | None:
        """The state of the outcome, once there is one."""
        return self.outcome.state if self.outcome else None

    def end(self, state: State, **details: Any) -> None:
        """Note what came of the write."""
        ended = RecordOutcome(
            ordinal=self.ordinal,
            object=self.write.object,
            key=str(self.write.key),
            fields=dict(self.write.fields) if self.sent is None else self.sent,
            place=self.write.place,
            mapping_version=self.version,
            mapping_hash=self.mapping_hash,
            state=state,
            **details,
        )
        self.outcome = with_earlier(ended, self.before, self.write)

    def written(self, salesforce_id: str | None, *, created: bool | None) -> None:
        """Note that Salesforce has the record.

        Where a field had to be left out, the write waits for a person all the same.
        """
        self.is_taken = True
        details = {"salesforce_id": salesforce_id, "created": created}
        if self.write.faults:
            hint = "; ".join(self.write.faults)
            self.end(State.PARKED, reason=TRANSFORM_REFUSED, hint=hint, **details)
        else:
            self.end(State.SYNCED, **details)

    def put_off(self, error: CrmUnavailable) -> None:
        """Note that Salesforce cannot answer now."""
        self.end(
            State.PENDING,
            reason=error.reason,
            error_code=error.code,
            hint=error.hint or None,
        )

    def reopen(self) -> None:
        """Forget what came of it: it is to be tried once more."""
        self.ids, self.sent, self.outcome = frozenset(), None, None


@dataclass(slots=True)
class EventPlan:
    """What becomes of an event: it ends here, or its jobs decide."""

    row: EventRow
    version: str | None = None
    mapping_hash: str | None = None
    state: State | None = None
    reason: str | None = None
    jobs: list[Job] = field(default_factory=list)
    unwritten: list[RecordOutcome] = field(default_factory=list)


def plan_event(
    row: EventRow,
    mappings: MappingSet,
    connections: Mapping[str, Connection],
    earlier: Sequence[RecordRow],
) -> EventPlan:
    """Return an event's plan. What an earlier attempt settled is not sent again.

    `mappings` has that of then for a replay by it, or none where it is lost.
    """
    planned = EventPlan(row)
    if row.purged_at is not None:
        # Nothing can be read out of it any more; what came of it stays.
        planned.state, planned.reason = State.PARKED, BODY_PURGED
        planned.unwritten = [again(record) for record in earlier]
        return planned
    connection = connections.get(row.connection)
    mapping = mappings.find(row.source, row.type)
    if row.replay_mapping_hash and mapping is None:
        planned.state, planned.reason = State.PARKED, "mapping_lost"
        return planned
    if connection is None or mapping is None:
        # The door knew both: this process is older than it, or they were taken out.
        missing = "unmapped_event" if connection else "unknown_connection"
        planned.state, planned.reason = State.PENDING, missing
        return planned
    delivery = Delivery(row.headers, row.body, row.received_at)
    try:
        event = sources.read(row.source, delivery)
    except BadPayload:
        planned.state, planned.reason = State.PARKED, BadPayload.reason
        return planned
    plan = mapping.plan(context_of(event, connection, row.received_at))
    planned.version, planned.mapping_hash = plan.version, plan.content_hash or None
    if plan.skip_reason:
        planned.state, planned.reason = State.SKIPPED, plan.skip_reason
        return planned
    planned.jobs, planned.unwritten = jobs_of(
        plan,
        event_id=row.id or 0,
        occurred_at=row.occurred_at,
        earlier={record.ordinal: record for record in earlier},
        sends_all=row.reason == AGAIN_IN_ORDER,
    )
    return planned


def recall_calls(plans: Sequence[EventPlan], calls: Calls) -> None:
    """Give the jobs to which it matters what the same call has written before.

    Those set a flag, or drop a link. Raises `StoreUnavailable`.
    """
    jobs = [job for plan in plans for job in plan.jobs if job.outcome is None]
    asking = [job for job in jobs if _asks_what_was(job.write)]
    ids = {job.event_id for job in asking}
    if not ids:
        return
    written = calls.written([plan.row for plan in plans if plan.row.id in ids])
    for job in asking:
        job.by_call = written.get(job.event_id, ())


def _asks_what_was(write: Write) -> bool:
    return bool(write.sticky) or any(link.missing == DROP for link in write.links)


def jobs_of(
    plan: Plan,
    *,
    event_id: int,
    occurred_at: datetime,
    earlier: Mapping[int, RecordRow] | None = None,
    sends_all: bool = False,
) -> tuple[list[Job], list[RecordOutcome]]:
    """Return the jobs of an event, and what came of the writes that none can be.

    `earlier` has what an earlier attempt did, by ordinal; `sends_all` says that it is
    to be sent again all the same.
    """
    jobs: list[Job] = []
    unwritten: list[RecordOutcome] = []
    known = earlier or {}
    for ordinal, write in enumerate(plan.writes):
        if isinstance(write, Unwritten):
            unwritten.append(_unwritten(ordinal, write, plan))
            continue
        job = Job(
            event_id=event_id,
            ordinal=ordinal,
            write=write,
            occurred_at=occurred_at,
            version=plan.version,
            mapping_hash=plan.content_hash or None,
            before=taken_before(write, known.values()),
        )
        record = known.get(ordinal)
        if record and not sends_all and is_settled(record, write, plan):
            job.outcome = again(record)
        jobs.append(job)
    return jobs, unwritten


def _unwritten(ordinal: int, write: Unwritten, plan: Plan) -> RecordOutcome:
    return RecordOutcome(
        ordinal=ordinal,
        object=write.object,
        key=None,
        fields={},
        place=write.place,
        mapping_version=plan.version,
        mapping_hash=plan.content_hash or None,
        state=write.state,
        reason=write.reason,
        hint=write.hint,
    )
