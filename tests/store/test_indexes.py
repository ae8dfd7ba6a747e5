"""Lists of any length of a large database are found by an index. Both engines."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import Engine, insert, text

from tests.store.query_plans import analyze, plans_of, without_a_past
from tests.store.test_events import NOW, new_event
from tests.store.test_history import send
from tests.store.test_lanes import record
from tests.store.test_migrations import OLD_EVENT
from worker.store.ahead import bring_forward
from worker.store.engine import writing
from worker.store.events import EVENT, Events, add_all
from worker.store.history import History
from worker.store.lanes import Lanes
from worker.store.tombstones import TOMBSTONE
from worker.store.unconfirmed import UnconfirmedEvents

MINUTE = timedelta(minutes=1)
READS_ALL = ("Seq Scan", "SCAN event\n", "SCAN record", "Bitmap Heap Scan on event")


@pytest.fixture
def many(engine: Engine) -> Engine:
    """A database in which it would cost to read everything."""
    numbers = range(3000)
    events = [
        {
            **OLD_EVENT,
            "type": f"type-{number % 20}",
            "dedupe_key": str(number),
            "state": "synced",
            "received_at": NOW + number * MINUTE,
        }
        for number in numbers
    ]
    without_a_past(engine)
    with engine.begin() as connection:
        connection.execute(insert(EVENT), events)
    sent = [record(ordinal=n, key=f"A={n}", salesforce_id=f"00T{n}") for n in numbers]
    send(engine, 9999, *sent)
    analyze(engine)
    return engine


def test_lists_of_events_go_by_their_index(many: Engine) -> None:
    history = History(many)
    pair = ("cora", "type-1")
    last = history.matching(limit=100)[-1]
    hour = {"since": NOW + 600 * MINUTE, "until": NOW + 660 * MINUTE}

    newest = plans_of(many, lambda: history.matching(limit=10))
    page = plans_of(many, lambda: history.matching(limit=10, before_id=last.id))
    in_hour = plans_of(many, lambda: history.matching(limit=10, **hour))
    of_type = plans_of(
        many, lambda: history.matching(limit=10, sources_and_types=[pair])
    )

    assert all("ix_event_received" in plan for plan in (newest, page, in_hour))
    assert "ix_event_type" in of_type
    for plan in (newest, page, in_hour, of_type):
        assert not [word for word in READS_ALL if word in plan]
        assert "Sort" not in plan
        assert "TEMP B-TREE" not in plan


def test_a_list_of_several_types_goes_by_the_index_of_each(many: Engine) -> None:
    pairs = [("cora", "type-1"), ("cora", "type-2")]

    plan = plans_of(
        many, lambda: History(many).matching(limit=10, sources_and_types=pairs)
    )

    assert plan.count("ix_event_type") == 2
    assert not [word for word in READS_ALL if word in plan]


def test_what_was_sent_is_found_by_its_indexes(many: Engine) -> None:
    keys, ids = ["A=1", "A=2"], ["00T3", "00T4"]

    sent = plans_of(many, lambda: History(many).last_sent("Task", keys, ids))
    newer = plans_of(many, lambda: Lanes(many).newer_records("Task", ids, keys, NOW))

    for plan in (sent, newer):
        assert "ix_record_key" in plan
        assert "ix_record_salesforce_id" in plan
        assert not [word for word in READS_ALL if word in plan]


def test_what_is_due_is_counted_by_its_index_and_no_further(engine: Engine) -> None:
    lanes = Lanes(engine)
    due = {**OLD_EVENT, "state": "pending", "next_attempt_at": NOW}
    events = [
        {**due, "dedupe_key": str(number), "lane": number % 30}
        for number in range(3000)
    ]
    events[0]["next_attempt_at"] = NOW + MINUTE
    without_a_past(engine)
    with engine.begin() as connection:
        connection.execute(insert(EVENT), events)
    analyze(engine)

    plan = plans_of(engine, lambda: lanes.count_due(0, NOW, 50))

    assert "ix_event_due" in plan
    assert "Seq Scan" not in plan
    counts = [lanes.count_due(0, NOW, limit) for limit in (50, 99, 5000)]
    assert counts == [50, 99, 99]
    assert lanes.count_due(0, NOW + MINUTE, 5000) == 100


def test_what_workers_and_sweeps_look_for_is_found_by_its_index(many: Engine) -> None:
    waiting = [
        {**OLD_EVENT, "dedupe_key": f"waits {n}", "lane": n % 30} for n in range(900)
    ]
    parked = {**OLD_EVENT, "dedupe_key": "it", "state": "parked", "urgent": True}
    with many.begin() as connection:
        connection.execute(insert(EVENT), [parked])
        connection.execute(insert(EVENT), waiting)
    analyze(many)
    lanes, unconfirmed = Lanes(many), UnconfirmedEvents(many)
    later = NOW + 9999 * MINUTE

    asked = {
        "ix_event_due": [
            lambda: lanes.due(3, NOW, 50),
            lambda: lanes.lanes_due(NOW),
        ],
        "ix_event_unalarmed": [lambda: unconfirmed.late(later, 0, 50)],
        "ix_event_state": [lambda: Events(many).newest(50, "parked")],
    }

    for index, calls in asked.items():
        for plan in (plans_of(many, call) for call in calls):
            assert index in plan
            assert "Seq Scan on event" not in plan
            assert "SCAN event\n" not in f"{plan}\n"


def test_what_came_in_ahead_of_the_clock_is_found_by_its_index(many: Engine) -> None:
    plan = plans_of(many, lambda: bring_forward(many, NOW + 9999 * MINUTE))

    assert "ix_event_received" in plan


def test_what_waits_for_a_clock_set_back_is_found_by_its_index(many: Engine) -> None:
    rows = [
        {**OLD_EVENT, "dedupe_key": f"due-{n}", "state": "pending", "lane": n % 2}
        for n in range(3000)
    ]
    lanes = Lanes(many)
    for lane in range(2):
        lanes.lease(lane, NOW, 60)
    with many.begin() as connection:
        connection.execute(insert(EVENT), rows)
        connection.execute(text("ANALYZE"))

    plan = plans_of(many, lambda: bring_forward(many, NOW + 9999 * MINUTE))

    assert "ix_event_due" in plan
    assert "SCAN event" not in plan
    assert "Seq Scan on event" not in plan


def test_what_came_before_of_a_delivery_is_found_by_its_indexes(many: Engine) -> None:
    gone = [
        {
            "connection": "cora",
            "dedupe_hash": f"{number:064d}",
            "content_hash": "a" * 64,
            "revision": 1,
            "event_id": number,
        }
        for number in range(3000)
    ]
    with many.begin() as connection:
        connection.execute(insert(TOMBSTONE), gone)
    analyze(many)
    news = [new_event(dedupe_key=f"new {number}") for number in range(16)]

    def add_them() -> None:
        with writing(many) as connection:
            add_all(connection, news)

    plan = plans_of(many, add_them)

    assert "INDEX" in plan.upper()
    reads_all = ("Seq Scan", "SCAN event", "SCAN tombstone")
    assert not [word for word in reads_all if word in plan]


@pytest.mark.postgres
def test_a_duplicate_is_counted_in_its_page_and_writes_to_no_index(
    postgres: Engine,
) -> None:
    """Else each that is counted of a million puts ten pages into PostgreSQL's log."""
    names = [f"full {number}" for number in range(2000)]
    with postgres.begin() as connection:
        body = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(20))
        rows = [{**OLD_EVENT, "dedupe_key": name, "body": body} for name in names]
        connection.execute(insert(EVENT), rows)
    same = {"connection": "cora", "content_hash": OLD_EVENT["content_hash"]}
    # Of each page hardly more than one.
    again = [new_event(dedupe_key=name, **same) for name in names[::10]]

    with writing(postgres) as connection:
        found = add_all(connection, again)
        updated, in_page = (
            connection.scalar(
                text(f"SELECT pg_stat_get_xact_{kind}('event'::regclass)")
            )
            for kind in ("tuples_updated", "tuples_hot_updated")
        )

    assert not any(stored.is_new for stored in found.values())
    assert (updated, in_page) == (len(again), len(again))
