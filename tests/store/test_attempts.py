"""The history of an event, kept and bounded. Both engines."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine

from tests.store.query_plans import statements
from tests.store.test_events import NOW, new_event
from tests.store.test_lanes import LATER, outcome, record, take
from worker.model import State
from worker.store.attempts import FIRST_KEPT, LAST_KEPT, Attempt, Attempts
from worker.store.events import Events
from worker.store.lanes import Lanes
from worker.store.outcomes import EventOutcome

SECOND = timedelta(seconds=1)


def add(engine: Engine) -> int:
    return Events(engine).add(new_event()).event_id


def waiting(event_id: int, number: int) -> EventOutcome:
    return outcome(
        event_id,
        state=State.PENDING,
        reason="unable_to_lock_row",
        error_code="UNABLE_TO_LOCK_ROW",
        attempts=number,
        next_attempt_at=NOW + number * SECOND,
        records=(record(state=State.PENDING, salesforce_id=None),),
    )


def test_each_attempt_is_kept_with_its_error_and_the_next_one(engine: Engine) -> None:
    event_id, lanes = add(engine), Lanes(engine)
    lease = take(lanes)

    lanes.settle(lease, [waiting(event_id, 1)], NOW)
    lanes.settle(lease, [outcome(event_id, attempts=2)], LATER)

    assert Attempts(engine).of(event_id) == [
        Attempt(
            event_id,
            1,
            NOW,
            "pending",
            "unable_to_lock_row",
            "UNABLE_TO_LOCK_ROW",
            NOW + SECOND,
        ),
        Attempt(event_id, 2, LATER, "synced"),
    ]


def test_what_passes_at_once_costs_no_history(engine: Engine) -> None:
    event_id, lanes = add(engine), Lanes(engine)
    lease = take(lanes)

    with statements(engine) as asked:
        lanes.settle(lease, [outcome(event_id)], NOW)

    assert not [text for text, _ in asked if "attempt (" in text]
    assert Attempts(engine).of(event_id) == []


def test_of_a_long_history_the_first_and_the_last_are_kept(engine: Engine) -> None:
    event_id, lanes = add(engine), Lanes(engine)
    lease = take(lanes)

    for number in range(1, 81):
        lanes.settle(lease, [waiting(event_id, number)], NOW)

    kept = [attempt.number for attempt in Attempts(engine).of(event_id)]
    assert kept == [*range(1, FIRST_KEPT + 1), *range(81 - LAST_KEPT, 81)]
