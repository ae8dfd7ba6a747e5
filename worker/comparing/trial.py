"""Events through the delivery's own pipeline, on a dry CRM. Floor 4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from worker.comparing.dry_crm import DryCrm
from worker.comparing.later import LaterRecords
from worker.comparing.refusals import refuse_again
from worker.comparing.snapshot import Record
from worker.delivery.exchange import deliver
from worker.delivery.lookup import Name, names_of
from worker.delivery.planning import EventPlan, Job, plan_event, recall_calls
from worker.delivery.settling import fold
from worker.errors import SyncError
from worker.mapping.mapping_set import MappingSet
from worker.model import Connection, State
from worker.org_schema import OrgSchema
from worker.store.calls import Calls
from worker.store.events import Events
from worker.store.history import History
from worker.store.lanes import Lanes
from worker.store.mapping_texts import MappingTexts
from worker.store.marks import EventMarks
from worker.store.outcomes import EXISTS_ALREADY
from worker.store.tables import EventRow, RecordRow

NOTHING_TO_WRITE = "nothing_to_write"


@dataclass(frozen=True, slots=True)
class Past:
    """What a database has of the past."""

    events: Events
    marks: EventMarks
    history: History
    lanes: Lanes
    calls: Calls
    texts: MappingTexts


@dataclass(frozen=True, slots=True)
class Asked:
    """What an event asks of a record: `names` of fields, and of those what is `sent`.

    `record` is None where nothing is sent; `ids` are those that it refers to. Of the
    fields in `lines` it is a line for a text; those in `yields` give way to what
    another call has written. `place` is the write's.
    """

    object: str
    key: str
    record: Record | None
    ids: frozenset[str]
    names: frozenset[str]
    sent: Mapping[str, Any] = field(repr=False)
    lines: frozenset[str]
    yields: frozenset[str]
    place: str


@dataclass(frozen=True, slots=True)
class Tried:
    """An event: how it ended and what was sent, how it would end and what it asks for.

    `hint` says why it would not be synced.
    """

    event_id: int
    source: str
    type: str
    occurred_at: datetime
    before: str
    after: str
    hint: str | None
    was_sent: tuple[RecordRow, ...]
    asks: tuple[Asked, ...]


@dataclass(slots=True)
class Trial:
    """Tries events with mappings; what comes of it is in the CRM that it is given.

    `unknown` has whom nobody was found by: object, field and value.
    """

    mappings: MappingSet
    connections: Mapping[str, Connection]
    schema: OrgSchema
    past: Past
    crm: DryCrm
    later: LaterRecords = field(init=False)
    unknown: set[Name] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.later = LaterRecords(self.past.lanes)

    def run(self, rows: Sequence[EventRow]) -> list[Tried]:
        """Try a batch. Raises `CrmUnavailable` and `StoreUnavailable`.

        An event that a fault of our own would park, when delivered, is so here too.
        """
        try:
            return self._run(rows)
        except SyncError:
            raise
        except Exception:  # noqa: BLE001  (shown as what delivering would make of it)
            if len(rows) > 1:
                return [tried for row in rows for tried in self.run([row])]
            fault = EventPlan(rows[0], state=State.PARKED, reason="internal_error")
            return [_tried(fault, ())]

    def _run(self, rows: Sequence[EventRow]) -> list[Tried]:
        records = records_by_event(self.past.events, rows)
        plans = [plan_event(row, self.mappings, self.connections, ()) for row in rows]
        recall_calls(plans, self.past.calls)
        for plan in plans:
            refuse_again(plan.jobs, records.get(plan.row.id or 0, ()))
        jobs = [job for plan in plans for job in plan.jobs]
        unavailable = deliver(jobs, self.crm, self.schema, newer=self.later.newer)
        if unavailable is not None:
            raise unavailable
        self.unknown |= set(_unknown(jobs, self.crm.named))
        self.later.note([row.id or 0 for row in rows], jobs)
        return [_tried(plan, records.get(plan.row.id or 0, ())) for plan in plans]


def records_by_event(
    events: Events, rows: Sequence[EventRow]
) -> dict[int, list[RecordRow]]:
    """Return what the ledger has of these events."""
    found: dict[int, list[RecordRow]] = {}
    for record in events.records([row.id or 0 for row in rows]):
        found.setdefault(record.event_id, []).append(record)
    return found


def end_words(state: str, reason: str | None) -> str:
    """Return how an event ended, such as `parked(no_match)`.

    With nothing left to write it is as it should be, which is synced.
    """
    if reason == NOTHING_TO_WRITE:
        return State.SYNCED.value
    return f"{state}({reason})" if reason else state


def _tried(plan: EventPlan, records: Sequence[RecordRow]) -> Tried:
    row = plan.row
    before = end_words(row.state, row.reason)
    after, hint = _end(plan, before)
    was_sent = tuple(record for record in records if _was_sent(record))
    asks = tuple(_asked(job) for job in plan.jobs)
    return Tried(
        event_id=row.id or 0,
        source=row.source,
        type=row.type,
        occurred_at=row.occurred_at,
        before=before,
        after=after,
        hint=hint,
        was_sent=was_sent,
        asks=asks,
    )


def _end(plan: EventPlan, before: str) -> tuple[str, str | None]:
    if plan.state is State.PENDING:
        # The door settles what has no mapping; without its connection nothing is known.
        is_unmapped = plan.reason == "unmapped_event"
        return ("skipped(unmapped_event)" if is_unmapped else before), None
    settled = fold(
        plan,
        now=plan.row.received_at,
        jitter=0.0,
        retry_hours=1,
        retry_after_seconds=None,
    )
    hints = [r.hint for r in settled.records if r.state == settled.state and r.hint]
    words = end_words(settled.state.value, settled.reason)
    return words, (hints[0] if hints and settled.state is State.PARKED else None)


def _was_sent(record: RecordRow) -> bool:
    is_taken = record.state == State.SYNCED.value or bool(record.salesforce_id)
    return is_taken and record.reason != EXISTS_ALREADY


def _unknown(jobs: Sequence[Job], named: Set[Name]) -> Iterator[Name]:
    """Yield the first name of each record that was looked for and not found."""
    for job in jobs:
        write = job.write
        sought = [(link.object, link.match) for link in write.links if link.match]
        if write.mode == "update":
            sought.append((write.object, write.key))
        for object_name, match in sought:
            names = names_of(object_name, match)
            if named.isdisjoint(names):
                yield names[0]


def _yields(job: Job) -> frozenset[str]:
    write = job.write
    if write.mode == "insert":
        return frozenset(write.fields)
    return write.if_empty | write.insert_only


def _asked(job: Job) -> Asked:
    write, outcome = job.write, job.outcome
    if outcome is None:
        raise AssertionError("a job without an outcome")
    links = {link.field for link in write.links}
    salesforce_id = outcome.salesforce_id if job.is_taken else None
    return Asked(
        object=write.object,
        key=str(write.key),
        record=(write.object, salesforce_id) if salesforce_id else None,
        ids=job.ids | ({salesforce_id} if salesforce_id else frozenset()),
        names=frozenset(write.fields.keys() | links),
        sent=outcome.fields if salesforce_id else {},
        lines=write.append,
        yields=_yields(job),
        place=write.place,
    )
