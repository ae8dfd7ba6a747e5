"""Tallies of what a database holds, at the cost of four statements. Both engines."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine, insert, text

from tests.store.query_plans import plans_of, statements
from tests.store.test_events import NOW, new_event
from tests.store.test_migrations import OLD_EVENT
from worker.errors import StoreUnavailable
from worker.model import AGAIN_IN_ORDER, State
from worker.store.engine import open_engine
from worker.store.events import EVENT, Events
from worker.store.tallies import Parked, RefusedDeliveries, Tallies, Tally, Waiting

MINUTE = timedelta(minutes=1)
LATER = NOW + 60 * MINUTE


def add(engine: Engine, count: int = 1, **changes: object) -> None:
    """Add events that only differ by their key."""
    rows = [{**OLD_EVENT, "dedupe_key": str(uuid4()), **changes} for _ in range(count)]
    with engine.begin() as connection:
        connection.execute(insert(EVENT), rows)


def test_an_empty_database_has_nothing_to_count(engine: Engine) -> None:
    assert Tallies(engine).take(NOW) == Tally({}, {}, [], [])


def test_events_are_counted_by_state(engine: Engine) -> None:
    Events(engine).add(new_event())
    add(engine, 3, state="synced")
    add(engine, 2, state="skipped", reason="unmapped_event")

    counted = Tallies(engine).take(NOW).by_state

    assert counted == {"pending": 1, "synced": 3, "skipped": 2}


def test_what_waits_is_counted_by_urgency_and_by_whether_it_is_due(
    engine: Engine,
) -> None:
    due, later = LATER, LATER + MINUTE
    pending = {"state": State.PENDING.value}
    add(engine, received_at=NOW, next_attempt_at=later, urgent=True, **pending)
    add(engine, received_at=NOW + MINUTE, next_attempt_at=due, urgent=True, **pending)
    add(engine, 2, received_at=NOW + 2 * MINUTE, urgent=False, **pending)
    add(engine, received_at=NOW - MINUTE, urgent=True, state="synced")

    waiting = Tallies(engine).take(due).waiting

    assert waiting == {
        True: Waiting(2, 1, NOW, NOW + MINUTE, NOW),
        False: Waiting(2, 2, *[NOW + 2 * MINUTE] * 3),
    }


def test_what_salesforce_has_and_is_written_again_is_confirmed(engine: Engine) -> None:
    pending = {"state": State.PENDING.value, "urgent": True}
    add(engine, received_at=NOW, reason=AGAIN_IN_ORDER, **pending)
    add(engine, received_at=NOW + MINUTE, reason="crm_unavailable", **pending)

    waiting = Tallies(engine).take(LATER).waiting[True]

    assert (waiting.oldest_at, waiting.oldest_unconfirmed_at) == (NOW, NOW + MINUTE)


def test_of_what_waits_for_a_later_attempt_nothing_is_due(engine: Engine) -> None:
    add(engine, state="pending", next_attempt_at=LATER, urgent=False)

    assert Tallies(engine).take(NOW).waiting == {False: Waiting(1, 0, NOW, None, NOW)}


def test_parked_events_are_counted_by_reason_the_most_frequent_first(
    engine: Engine,
) -> None:
    parked = {"state": "parked", "urgent": False}
    add(engine, 1, reason="ambiguous_match", **parked)
    add(engine, 3, reason="no_match", **parked)
    urgent = {"urgent": True, "received_at": LATER}
    add(engine, 2, **{**parked, **urgent, "reason": "no_match"})

    assert Tallies(engine).take(NOW).parked == [
        Parked("no_match", False, 3, NOW),
        Parked("no_match", True, 2, LATER),
        Parked("ambiguous_match", False, 1, NOW),
    ]


def test_refusals_are_summed_over_hours_and_senders(engine: Engine) -> None:
    events = Events(engine)
    for hours, remote in ((0, "10.0.0.1"), (0, "10.0.0.1"), (5, "10.0.0.2")):
        at = NOW + timedelta(hours=hours)
        events.reject("cora", "bad_signature", remote, at)
    events.reject("?", "unknown_connection", "10.0.0.1", NOW)

    assert Tallies(engine).take(NOW).refused == [
        RefusedDeliveries("cora", "bad_signature", 3),
        RefusedDeliveries("?", "unknown_connection", 1),
    ]


@pytest.fixture
def many(engine: Engine) -> Engine:
    """A database of which most is done, with many reasons and senders."""
    add(engine, 3000, state="synced")
    add(engine, 40, state="pending")
    for number in range(60):
        add(engine, state="parked", reason=f"reason-{number}")
        Events(engine).reject("cora", "bad_signature", f"10.0.0.{number}", NOW)
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    return engine


def test_the_number_of_statements_does_not_grow_with_the_tables(many: Engine) -> None:
    with statements(many) as asked:
        Tallies(many).take(NOW)

    assert len([words for words, _ in asked if "SELECT" in words]) == 4


def test_what_waits_and_what_is_parked_is_found_by_an_index(many: Engine) -> None:
    plan = plans_of(many, lambda: Tallies(many).take(NOW))

    assert plan.count("ix_event_") >= 2
    assert "SCAN event\n" not in plan
    # PostgreSQL counts the states of so small a table by reading it.
    assert plan.count("Seq Scan on event") <= 1


def test_a_database_that_is_away_is_said_to_be() -> None:
    gone = open_engine("sqlite:////nowhere/at.db")

    with pytest.raises(StoreUnavailable):
        Tallies(gone).take(NOW)
