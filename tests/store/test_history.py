"""Past events and what was last sent, on both engines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests.store.query_plans import statements
from tests.store.test_events import NOW, new_event
from tests.store.test_lanes import outcome, record, take
from worker.errors import StoreUnavailable
from worker.model import State
from worker.store.engine import open_engine
from worker.store.events import EVENT, Events
from worker.store.history import History
from worker.store.lanes import Lanes
from worker.store.outcomes import RecordOutcome
from worker.store.tables import EventRow

MINUTE = timedelta(minutes=1)
TASK_KEY = "External_Call_Id__c=call-1"
TASK_ID = "00T000000000001AAA"
MOST_PARAMETERS = 999  # of SQLite before 3.32, the strictest of all


def add(engine: Engine, *changes: dict[str, object]) -> None:
    """Add an event a minute, named by its number."""
    store = Events(engine)
    for number, change in enumerate(changes):
        at = NOW + number * MINUTE
        named = {"dedupe_key": str(number), "received_at": at, **change}
        store.add(new_event(**named))


def names(rows: Sequence[EventRow]) -> list[str]:
    return [row.dedupe_key for row in rows]


def send(engine: Engine, minute: int, *records: RecordOutcome) -> int:
    """Settle an event of this minute, with these records."""
    at = NOW + minute * MINUTE
    stored = Events(engine).add(new_event(dedupe_key=f"{minute}", occurred_at=at))
    lanes = Lanes(engine)
    lease = take(lanes)
    lanes.settle(
        lease, [outcome(stored.event_id, occurred_at=at, records=records)], NOW
    )
    lanes.release(lease)
    return stored.event_id


def test_the_newest_events_come_first(engine: Engine) -> None:
    add(engine, {}, {}, {})

    assert names(History(engine).matching(limit=2)) == ["2", "1"]


def test_a_time_range_has_its_beginning_and_not_its_end(engine: Engine) -> None:
    add(engine, {}, {}, {}, {})

    found = History(engine).matching(
        limit=9, since=NOW + MINUTE, until=NOW + 3 * MINUTE
    )

    assert names(found) == ["2", "1"]


def test_events_are_found_by_source_and_type(engine: Engine) -> None:
    failed = {"type": "payment.failed"}
    of_altur = {"source": "altur", "connection": "altur"}
    add(engine, {}, failed, of_altur, {}, failed)
    history = History(engine)

    def found(*pairs: tuple[str, str], limit: int = 9) -> list[str]:
        return names(history.matching(limit=limit, sources_and_types=pairs))

    calls, failures = ("cora", "call.completed"), ("cora", "payment.failed")
    assert found(calls) == ["3", "0"]
    assert found(calls, failures) == ["4", "3", "1", "0"]
    assert found(failures, calls, calls, limit=3) == ["4", "3", "1"]
    assert found(("altur", "payment.failed")) == []
    assert found() == []


def test_events_are_found_by_connection(engine: Engine) -> None:
    add(engine, {}, {"connection": "cora-texas"}, {})

    found = History(engine).matching(limit=9, connection="cora-texas")

    assert names(found) == ["1"]


def test_pages_miss_and_repeat_nothing(engine: Engine) -> None:
    # The fourth came in before the third, and two at the same moment.
    minutes = [0, 1, 3, 2, 3, 4]
    received = [{"received_at": NOW + minute * MINUTE} for minute in minutes]
    add(engine, *received)
    history = History(engine)

    pages = []
    before_id = None
    for _ in range(3):
        page = history.matching(limit=2, before_id=before_id)
        pages.append(names(page))
        before_id = page[-1].id

    assert pages == [["5", "4"], ["2", "3"], ["1", "0"]]
    assert history.matching(limit=2, before_id=before_id) == []


def test_pages_of_some_types_miss_and_repeat_nothing(engine: Engine) -> None:
    failed = {"type": "payment.failed"}
    add(engine, {}, failed, {}, {"type": "another"}, failed)
    pairs = [("cora", "payment.failed"), ("cora", "call.completed")]
    history = History(engine)

    first = history.matching(limit=3, sources_and_types=pairs)
    second = history.matching(limit=3, sources_and_types=pairs, before_id=first[-1].id)

    assert (names(first), names(second)) == (["4", "2", "1"], ["0"])


def test_a_page_goes_on_where_its_last_event_is_gone(engine: Engine) -> None:
    add(engine, {}, {}, {})
    history = History(engine)
    (last,) = history.matching(limit=1)
    with engine.begin() as connection:
        connection.execute(EVENT.delete().where(EVENT.c.id == last.id))

    assert names(history.matching(limit=9, before_id=last.id)) == ["1", "0"]


def test_what_was_sent_is_found_by_key_and_by_id_once_the_oldest_call_first(
    engine: Engine,
) -> None:
    later = send(engine, 2, record(fields={"Subject": "Later"}))
    sooner = send(engine, 1, record(fields={"Subject": "Sooner"}))
    send(engine, 3, record(key="External_Call_Id__c=2", salesforce_id="00T2"))
    history = History(engine)

    found = {
        "by key": history.last_sent("Task", [TASK_KEY.upper()], []),
        "by id": history.last_sent("Task", [], [TASK_ID]),
        "by both": history.last_sent("Task", [TASK_KEY], [TASK_ID]),
    }

    assert {how: [r.event_id for r in rows] for how, rows in found.items()} == {
        "by key": [sooner, later],
        "by id": [sooner, later],
        "by both": [sooner, later],
    }
    assert history.last_sent("Case", [TASK_KEY], [TASK_ID]) == []
    assert history.last_sent("Task", [], []) == []


def test_only_what_was_sent_counts_as_sent(engine: Engine) -> None:
    refused = {"state": State.PARKED, "reason": "transform_refused"}
    sent = [
        send(engine, 1, record()),
        send(engine, 2, record(**refused)),
    ]
    send(engine, 3, record(reason="exists_already"))
    unsent = {"salesforce_id": None}
    send(engine, 4, record(state=State.PENDING, reason="unable_to_lock_row", **unsent))
    send(engine, 5, record(state=State.SKIPPED, reason="nothing_to_write", **unsent))
    send(engine, 6, record(state=State.PARKED, reason="no_match", **unsent))
    # A replay of it waits, but it was written before.
    sent.append(send(engine, 7, record(state=State.PENDING)))

    found = History(engine).last_sent("Task", [TASK_KEY], [TASK_ID])

    assert [r.event_id for r in found] == sent


def test_keys_compare_without_case_beyond_ascii_too(engine: Engine) -> None:
    send(engine, 1, record(key="Account_Number__c=ÑUÑO-É1", salesforce_id=None))

    found = History(engine).last_sent("Task", ["account_number__c=ÑUÑO-É1"], [])

    assert len(found) == 1


def test_ten_thousand_keys_are_asked_for_in_pieces(engine: Engine) -> None:
    other = send(engine, 1, record())
    event_id = send(engine, 2, record(key="A=9999", salesforce_id="00T9999"))
    keys = [f"A={number}" for number in range(10_000)]
    ids = [f"00T{number}" for number in range(10_000)]
    since = NOW - MINUTE

    with statements(engine) as asked:
        sent = History(engine).last_sent("Task", keys, [])
        newer = Lanes(engine).newer_records("Task", ids, keys, since)
        records = Events(engine).records(range(70_000))

    assert [r.event_id for r in sent] == [event_id]
    assert [r.event_id for r in newer] == [event_id]
    assert [r.event_id for r in records] == [other, event_id]
    assert max(len(parameters) for _, parameters in asked) <= MOST_PARAMETERS


def test_a_past_that_is_not_there_is_unavailable() -> None:
    history = History(open_engine("sqlite:////nowhere/at/all.db"))

    with pytest.raises(StoreUnavailable, match="OperationalError"):
        history.matching(limit=1)
    with pytest.raises(StoreUnavailable, match="OperationalError"):
        history.last_sent("Task", [TASK_KEY], [])
