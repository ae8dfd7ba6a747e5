"""Which past events are tried, on both engines."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from tests.delivery.harness import START, cora_mapping
from tests.store.query_plans import analyze, plans_of, statements, without_a_past
from worker.comparing.choosing import PAGE, Chosen, Window, choose
from worker.store.events import EVENT
from worker.store.marks import EventMarks

MINUTE = timedelta(minutes=1)
MAPPINGS = cora_mapping("""
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields: {Subject: {value: Call}}
""")
HASH = next(iter(MAPPINGS.mappings.values())).spec.content_hash
OTHER = "0" * 64


def add(engine: Engine, *changes: dict[str, Any]) -> None:
    """Add an event a minute, synced by another mapping; the first has the id 1."""
    rows = [
        {
            "connection": "cora",
            "source": "cora",
            "type": "call.completed",
            "dedupe_key": str(number),
            "content_hash": str(number),
            "revision": 1,
            "party_key": "ACC-1",
            "lane": 0,
            "urgent": False,
            "occurred_at": START,
            "received_at": START + number * MINUTE,
            "state": "synced",
            "attempts": 1,
            "next_attempt_at": START,
            "mapping_version": "1",
            "mapping_hash": OTHER,
            "headers": {},
            "body": b"{}",
            **change,
        }
        for number, change in enumerate(changes)
    ]
    with engine.begin() as connection:
        connection.execute(insert(EVENT), rows)


def chosen(engine: Engine, events: int = 9, **window: Any) -> Chosen:
    return choose(EventMarks(engine), Window(events, **window), MAPPINGS)


def ids(found: Chosen) -> list[int]:
    return [mark.event_id for mark in found.marks]


def minute(number: int) -> datetime:
    return START + number * MINUTE


def test_the_newest_are_tried_oldest_first(engine: Engine) -> None:
    add(engine, {}, {}, {}, {})

    found = chosen(engine, 2)

    assert ids(found) == [3, 4]
    assert found.has_more
    assert not chosen(engine, 4).has_more


def test_a_time_range_has_its_beginning_and_not_its_end(engine: Engine) -> None:
    add(engine, {}, {}, {}, {})

    assert ids(chosen(engine, since=minute(1), until=minute(3))) == [2, 3]
    assert ids(chosen(engine, since=minute(4))) == []


def test_the_events_of_one_connection_are_tried(engine: Engine) -> None:
    add(engine, {}, {"connection": "cora-texas"}, {})

    assert ids(chosen(engine, connection="cora-texas")) == [2]


def test_what_these_mappings_wrote_is_left_out_and_counted(engine: Engine) -> None:
    add(engine, {}, {"mapping_hash": HASH}, {"mapping_hash": None}, {})

    found = chosen(engine)

    assert (ids(found), found.same) == ([1, 3, 4], 1)
    assert ids(chosen(engine, everything=True)) == [1, 2, 3, 4]


def test_a_type_without_a_mapping_is_tried_only_where_it_had_one(
    engine: Engine,
) -> None:
    unmapped = {"type": "call.started", "mapping_version": None, "mapping_hash": None}
    add(engine, unmapped, {"type": "call.started"})

    found = chosen(engine)

    assert (ids(found), found.same) == ([2], 1)


def test_what_is_still_to_be_written_is_never_tried(engine: Engine) -> None:
    add(engine, {"state": "pending"}, {}, {"state": "parked"}, {"state": "skipped"})

    found = chosen(engine, everything=True)

    assert (ids(found), found.pending) == ([2, 3, 4], 1)


@pytest.mark.parametrize("apart", [MINUTE, timedelta()], ids=["apart", "at once"])
def test_no_event_is_lost_or_doubled_between_pages(
    engine: Engine, apart: timedelta
) -> None:
    wrote = {"mapping_hash": HASH}
    times = [START + number * apart for number in range(PAGE + 3)]
    changes = [{"received_at": at, **wrote} for at in times]
    add(engine, {"received_at": START}, *changes)

    found = chosen(engine, 9)

    assert (ids(found), found.same, found.looked_at) == ([1], PAGE + 3, PAGE + 4)


def test_pages_come_by_an_index_and_without_bodies(engine: Engine) -> None:
    add(without_a_past(engine), *[{}] * 400)
    analyze(engine)
    marks = EventMarks(engine)
    last = marks.newest(limit=10)[-1]

    with statements(engine) as asked:
        marks.newest(limit=10, before=last)
    plan = plans_of(engine, lambda: marks.newest(limit=10, before=last))

    (query,) = (text for text, _ in asked if "SELECT" in text)
    assert "body" not in query
    assert "ix_event_received" in plan


def test_whole_events_come_in_the_order_in_which_they_were_stored(
    engine: Engine,
) -> None:
    add(engine, *[{}] * 700)

    found = EventMarks(engine).rows(range(700, 0, -1))

    assert [row.id for row in found] == list(range(1, 701))
