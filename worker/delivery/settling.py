"""What came of the writes, folded to what becomes of the event. Floor 3."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from worker.crm.error_kinds import PASSES
from worker.delivery.linking import NO_MATCH
from worker.delivery.ordering import WAITS_FOR_PARENT
from worker.delivery.planning import EventPlan
from worker.delivery.retrying import backoff
from worker.model import State
from worker.store.outcomes import EventOutcome, RecordOutcome

LEAST_ATTEMPTS = 10
# Whom a record refers to may come after it, but is not waited for without end.
PARENT_HOURS = 4
PARENT_ATTEMPTS = 4
# In place of "it is tried again", which is true no more.
_NEVER_PASSED = "it was tried for RETRY_HOURS: see what is in the way, then replay"


def fold(
    plan: EventPlan,
    *,
    now: datetime,
    jitter: float,
    retry_hours: int,
    retry_after_seconds: float | None,
) -> EventOutcome:
    """Return the event's outcome: in one state, with every record of it.

    Due again while any record may still pass; `retry_hours` after its receipt, or its
    replay, and ten attempts parked, but an urgent event is tried without end. A record
    whose link Salesforce cannot resolve is parked much sooner, whatever its event.
    """
    row = plan.row
    since = row.replayed_at or row.received_at
    records = _orphans_parked(_records(plan), row.attempts + 1, now - since)
    state, reason = (plan.state, plan.reason) if plan.state else _state(records)
    attempts = row.attempts + 1
    next_attempt_at = now
    if state is State.PENDING:
        obstacle = NO_MATCH if _only_parents_miss(records) else reason
        least = timedelta(seconds=retry_after_seconds or 0)
        next_attempt_at = now + max(backoff(obstacle, attempts, jitter), least)
        expired = now - since > timedelta(hours=retry_hours)
        # After an outage of our own the clock has run out, but nothing was tried yet.
        if expired and attempts >= LEAST_ATTEMPTS and not row.urgent:
            state, reason = State.PARKED, "gave_up"
            records = tuple(map(_given_up, records))
    return EventOutcome(
        event_id=row.id or 0,
        occurred_at=row.occurred_at,
        state=state,
        reason=reason,
        attempts=attempts,
        next_attempt_at=next_attempt_at,
        mapping_version=plan.version or row.mapping_version,
        mapping_hash=plan.mapping_hash if plan.version else row.mapping_hash,
        records=records,
        is_planned=plan.version is not None,
        is_replayed=row.replayed_at is not None,
        replay_mapping_hash=row.replay_mapping_hash if state is State.PENDING else None,
        error_code=_error_code(state, records),
    )


def _error_code(state: State, records: tuple[RecordOutcome, ...]) -> str | None:
    codes = (record.error_code for record in records if record.state is state)
    return next((code for code in codes if code), None)


def _records(plan: EventPlan) -> tuple[RecordOutcome, ...]:
    done = [job.outcome for job in plan.jobs if job.outcome is not None]
    if len(done) != len(plan.jobs):
        raise AssertionError("a job without an outcome")
    return tuple(sorted([*plan.unwritten, *done], key=lambda record: record.ordinal))


def _orphans_parked(
    records: tuple[RecordOutcome, ...], attempts: int, waited: timedelta
) -> tuple[RecordOutcome, ...]:
    if attempts < PARENT_ATTEMPTS or waited < timedelta(hours=PARENT_HOURS):
        return records
    return tuple(_given_up(r) if r.reason == NO_MATCH else r for r in records)


def _only_parents_miss(records: tuple[RecordOutcome, ...]) -> bool:
    reasons = {r.reason for r in records if r.state is State.PENDING}
    return NO_MATCH in reasons and reasons <= {NO_MATCH, WAITS_FOR_PARENT}


def _given_up(record: RecordOutcome) -> RecordOutcome:
    if record.state is not State.PENDING:
        return record
    hint = (record.hint or f"{record.place}: {PASSES}").replace(PASSES, _NEVER_PASSED)
    return replace(record, state=State.PARKED, hint=hint)


def _state(records: tuple[RecordOutcome, ...]) -> tuple[State, str | None]:
    for state in (State.PENDING, State.PARKED):
        for record in records:
            if record.state is state:
                return state, record.reason
    if any(record.state is State.SYNCED for record in records):
        return State.SYNCED, None
    return State.SKIPPED, "nothing_to_write"
