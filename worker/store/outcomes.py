"""What came of events and their writes, and how it is written down. Floor 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, update

from worker.model import AGAIN_IN_ORDER, State
from worker.store.attempts import KEPT, Attempt, add_attempts
from worker.store.engine import dialect_insert
from worker.store.events import EVENT, table_of
from worker.store.tables import RecordRow

RECORD = table_of(RecordRow)
# Why a record is synced to which nothing was sent: an insert that had been made before.
EXISTS_ALREADY = "exists_already"


@dataclass(frozen=True, slots=True)
class RecordOutcome:
    """What came of one write. `fields` are those sent."""

    ordinal: int
    object: str
    key: str | None
    fields: dict[str, Any] = field(repr=False)
    place: str
    mapping_version: str
    state: State
    reason: str | None = None
    error_code: str | None = None
    error_fields: tuple[str, ...] = ()
    hint: str | None = None
    salesforce_id: str | None = None
    created: bool | None = None
    mapping_hash: str | None = None


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """What came of one event. A pending one is due again at `next_attempt_at`."""

    event_id: int
    occurred_at: datetime
    state: State
    reason: str | None
    attempts: int
    next_attempt_at: datetime
    mapping_version: str | None
    records: tuple[RecordOutcome, ...]
    mapping_hash: str | None = None
    # Whether `records` are all of the event: else those of before stay beside them.
    is_planned: bool = True
    is_replayed: bool = False
    replay_mapping_hash: str | None = None
    error_code: str | None = None

    @property
    def may_have_records(self) -> bool:
        """Whether an attempt before this one may have written some."""
        return self.attempts > 1 or self.is_replayed


def send_again(
    connection: Connection, outcomes: Sequence[EventOutcome], lane: int, now: datetime
) -> None:
    """Let what has written something be due once more, in another lane."""
    written = [o.event_id for o in outcomes if _has_written(o)]
    connection.execute(
        update(EVENT)
        .where(EVENT.c.id.in_(written))
        .values(
            lane=lane,
            state=State.PENDING.value,
            reason=AGAIN_IN_ORDER,
            attempts=0,
            next_attempt_at=now,
            settled_at=None,
        )
    )


def _has_written(outcome: EventOutcome) -> bool:
    is_settled = outcome.state is not State.PENDING
    return is_settled and any(r.state is State.SYNCED for r in outcome.records)


def write_outcomes(
    connection: Connection, outcomes: Sequence[EventOutcome], now: datetime
) -> None:
    """Write the outcomes down; an earlier attempt's records are overwritten."""
    # By id, as all do that change several: two in other orders lock each other up.
    in_order = sorted(outcomes, key=lambda outcome: outcome.event_id)
    connection.execute(_SETTLE_EVENT, [_event_values(o, now) for o in in_order])
    # A changed mapping may ask for fewer writes than the attempt before.
    retried = [o for o in outcomes if o.may_have_records and o.is_planned]
    if retried:
        ends = [{"of_event": o.event_id, "end": len(o.records)} for o in retried]
        connection.execute(_DROP_STALE, ends)
    records = [row for o in outcomes for row in _record_values(o, now)]
    if records:
        connection.execute(_upsert_record(connection), records)
    worth_noting = [o for o in outcomes if _is_worth_noting(o)]
    long = [o.event_id for o in worth_noting if o.attempts > KEPT or o.is_replayed]
    add_attempts(connection, [_attempt(o, now) for o in worth_noting], long)


_DROP_STALE = delete(RECORD).where(
    RECORD.c.event_id == bindparam("of_event"), RECORD.c.ordinal >= bindparam("end")
)
_SETTLE_EVENT = (
    update(EVENT)
    .where(EVENT.c.id == bindparam("event_id"))
    .values(
        state=bindparam("new_state"),
        reason=bindparam("new_reason"),
        attempts=bindparam("new_attempts"),
        next_attempt_at=bindparam("next_at"),
        settled_at=bindparam("settled"),
        mapping_version=bindparam("version"),
        mapping_hash=bindparam("hash"),
        replay_mapping_hash=bindparam("replay_hash"),
    )
)


def _event_values(outcome: EventOutcome, now: datetime) -> dict[str, Any]:
    return {
        "event_id": outcome.event_id,
        "new_state": outcome.state.value,
        "new_reason": outcome.reason,
        "new_attempts": outcome.attempts,
        "next_at": outcome.next_attempt_at,
        "settled": None if outcome.state is State.PENDING else now,
        "version": outcome.mapping_version,
        "hash": outcome.mapping_hash,
        "replay_hash": outcome.replay_mapping_hash,
    }


def _record_values(outcome: EventOutcome, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "event_id": outcome.event_id,
            "ordinal": record.ordinal,
            "object": record.object,
            "key": record.key,
            "fields": record.fields,
            "place": record.place,
            "mapping_version": record.mapping_version,
            "mapping_hash": record.mapping_hash,
            "occurred_at": outcome.occurred_at,
            "state": record.state.value,
            "reason": record.reason,
            "error_code": record.error_code,
            "error_fields": ",".join(record.error_fields) or None,
            "hint": record.hint,
            "salesforce_id": record.salesforce_id,
            "created": record.created,
            "attempts": outcome.attempts,
            "settled_at": None if record.state is State.PENDING else now,
        }
        for record in outcome.records
    ]


def _is_worth_noting(outcome: EventOutcome) -> bool:
    """Of what passes at once, which most do, the event's own row says all."""
    passed = outcome.state in (State.SYNCED, State.SKIPPED)
    return outcome.may_have_records or not passed


def _attempt(outcome: EventOutcome, now: datetime) -> Attempt:
    is_pending = outcome.state is State.PENDING
    return Attempt(
        event_id=outcome.event_id,
        number=outcome.attempts,
        at=now,
        state=outcome.state.value,
        reason=outcome.reason,
        error_code=outcome.error_code,
        next_attempt_at=outcome.next_attempt_at if is_pending else None,
    )


def _upsert_record(connection: Connection) -> Any:
    statement = dialect_insert(connection)(RECORD)
    changed = {
        column.name: statement.excluded[column.name]
        for column in RECORD.columns
        if column.name not in ("id", "event_id", "ordinal")
    }
    return statement.on_conflict_do_update(
        index_elements=["event_id", "ordinal"], set_=changed
    )
