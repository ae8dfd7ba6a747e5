"""What the events of one call have written, on both engines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from tests.store.test_events import NOW, new_event
from worker.model import State
from worker.store.calls import Calls
from worker.store.events import Events
from worker.store.lanes import Lanes
from worker.store.outcomes import EventOutcome, RecordOutcome
from worker.store.tables import EventRow

LATER = datetime(2026, 5, 5, tzinfo=UTC)


def add(engine: Engine, **changes: Any) -> EventRow:
    store = Events(engine)
    row = store.get(store.add(new_event(**changes)).event_id)
    assert row is not None
    return row


def wrote(engine: Engine, row: EventRow, *records: dict[str, Any]) -> None:
    """Settle an event that wrote these records."""
    lanes = Lanes(engine)
    lease = lanes.lease(row.lane, LATER, 60)
    assert lease is not None
    outcomes = [
        RecordOutcome(
            **{
                "ordinal": ordinal,
                "object": "Debt_Account__c",
                "key": "Account_Number__c=ACC-1",
                "fields": {"Do_Not_Call__c": True},
                "place": "",
                "mapping_version": "1",
                "state": State.SYNCED,
                "salesforce_id": f"a0{ordinal}",
                **record,
            }
        )
        for ordinal, record in enumerate(records)
    ]
    outcome = EventOutcome(
        event_id=row.id or 0,
        occurred_at=NOW,
        state=State.SYNCED,
        reason=None,
        attempts=1,
        next_attempt_at=LATER,
        mapping_version="1",
        records=tuple(outcomes),
    )
    lanes.settle(lease, [outcome], LATER)
    lanes.release(lease)


def ids(engine: Engine, *rows: EventRow) -> dict[int, list[str | None]]:
    written = Calls(engine).written(rows)
    return {
        event_id: sorted(r.salesforce_id or "" for r in records)
        for event_id, records in written.items()
    }


def test_revisions_and_other_events_of_a_call_are_of_that_call(engine: Engine) -> None:
    first = add(engine)
    revised = add(engine, content_hash="b" * 64)
    other = add(engine, dedupe_key="another event")
    stranger = add(engine, dedupe_key="a stranger", call_id="call-2")
    wrote(engine, first, {}, {})
    wrote(engine, other, {"salesforce_id": "a09"})

    every = ["a00", "a01", "a09"]
    assert ids(engine, revised, other, stranger) == {
        revised.id: every,
        other.id: every,
        stranger.id: [],
    }


def test_what_an_earlier_attempt_wrote_counts_too(engine: Engine) -> None:
    first = add(engine)
    wrote(engine, first, {})

    assert ids(engine, first) == {first.id: ["a00"]}


def test_only_what_salesforce_took_was_written(engine: Engine) -> None:
    first = add(engine)
    wrote(
        engine,
        first,
        {"state": State.PENDING, "salesforce_id": None},
        {"state": State.PARKED, "salesforce_id": None},
        {"state": State.PARKED, "reason": "transform_refused", "salesforce_id": "a2"},
        {"state": State.SYNCED, "reason": "exists_already"},
        {"state": State.SKIPPED, "reason": "exists_already"},
    )

    assert ids(engine, first) == {first.id: ["a2"]}


def test_events_without_a_call_are_told_apart_by_their_own_name(engine: Engine) -> None:
    first = add(engine, call_id=None, dedupe_key="one")
    revised = add(engine, call_id=None, dedupe_key="one", content_hash="b" * 64)
    other = add(engine, call_id=None, dedupe_key="two")
    named = add(engine, dedupe_key="three", call_id="one")
    wrote(engine, first, {})

    assert ids(engine, revised, other, named) == {
        revised.id: ["a00"],
        other.id: [],
        named.id: [],
    }


def test_calls_of_two_connections_are_two_calls(engine: Engine) -> None:
    here = add(engine)
    there = add(engine, connection="cora-texas")
    wrote(engine, here, {})

    assert ids(engine, there) == {there.id: []}


def test_a_whole_batch_is_asked_for_at_once(engine: Engine) -> None:
    rows = [
        add(engine, dedupe_key=f"event-{n}", call_id=f"call-{n}") for n in range(60)
    ]
    wrote(engine, rows[7], {})

    written = ids(engine, *rows)

    assert [event_id for event_id, found in written.items() if found] == [rows[7].id]
    assert len(written) == 60


def test_nothing_is_asked_for_nobody(engine: Engine) -> None:
    assert Calls(engine).written([]) == {}
