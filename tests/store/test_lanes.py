"""Lanes: leases with a fence, due events in order, settled whole. Both engines."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from tests.databases import url_of
from tests.store.test_events import NOW, new_event
from worker.model import State
from worker.store.engine import open_engine, writing
from worker.store.events import Events
from worker.store.lanes import LANE, Lanes, Lease, LeaseLost
from worker.store.outcomes import EventOutcome, RecordOutcome

LATER = NOW + timedelta(minutes=5)


def record(**changes: object) -> RecordOutcome:
    outcome = RecordOutcome(
        ordinal=0,
        object="Task",
        key="External_Call_Id__c=call-1",
        fields={"Subject": "Call"},
        place="cora/call.completed.yaml:5",
        mapping_version="1",
        state=State.SYNCED,
        salesforce_id="00T000000000001AAA",
        created=True,
    )
    return replace(outcome, **changes)  # type: ignore[arg-type]


def outcome(event_id: int, **changes: object) -> EventOutcome:
    made = EventOutcome(
        event_id=event_id,
        occurred_at=NOW,
        state=State.SYNCED,
        reason=None,
        attempts=1,
        next_attempt_at=NOW,
        mapping_version="1",
        records=(record(),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def take(lanes: Lanes, lane: int = 3, now: datetime = NOW) -> Lease:
    lease = lanes.lease(lane, now, 60)
    assert lease is not None
    return lease


def test_a_lane_is_leased_to_one_at_a_time(engine: Engine) -> None:
    lanes = Lanes(engine)

    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda _: lanes.lease(3, NOW, 60), range(16)))

    assert [lease for lease in leases if lease] == [Lease(3, 1)]


def test_a_lane_given_back_can_be_leased_at_once(engine: Engine) -> None:
    lanes = Lanes(engine)

    lanes.release(take(lanes))

    assert lanes.lease(3, NOW, 60) == Lease(3, 2)


def test_an_expired_lease_goes_to_the_next(engine: Engine) -> None:
    lanes = Lanes(engine)
    take(lanes)

    assert lanes.lease(3, NOW + timedelta(seconds=59), 60) is None
    assert lanes.lease(3, NOW + timedelta(seconds=60), 60) == Lease(3, 2)


def test_a_renewed_lease_lasts_longer(engine: Engine) -> None:
    lanes = Lanes(engine)
    lanes.renew(take(lanes), NOW + timedelta(seconds=50), 60)

    assert lanes.lease(3, NOW + timedelta(seconds=100), 60) is None


def test_who_slept_through_the_lease_settles_nothing(engine: Engine) -> None:
    events, lanes = Events(engine), Lanes(engine)
    event_id = events.add(new_event()).event_id
    slept = take(lanes)
    take(lanes, now=LATER)

    with pytest.raises(LeaseLost, match="3"):
        lanes.settle(slept, [outcome(event_id)], LATER)
    with pytest.raises(LeaseLost, match="3"):
        lanes.renew(slept, LATER, 60)
    with pytest.raises(LeaseLost, match="3"):
        lanes.release(slept)

    assert events.count_by_state() == {"pending": 1}
    assert events.records([event_id]) == []


def test_due_events_come_urgent_first_then_oldest(engine: Engine) -> None:
    events, lanes = Events(engine), Lanes(engine)
    later = NOW + timedelta(hours=1)
    for key, changes in {
        "first": {},
        "second": {},
        "urgent": {"urgent": True},
        "of another lane": {"lane": 4},
        "not yet": {"received_at": later},
        "skipped": {"state": State.SKIPPED},
    }.items():
        events.add(new_event(dedupe_key=key, **changes))

    due = [row.dedupe_key for row in lanes.due(3, NOW, 10)]

    assert due == ["urgent", "first", "second"]
    assert [row.dedupe_key for row in lanes.due(3, NOW, 1)] == ["urgent"]


def test_a_settled_event_is_due_no_more_and_shows_its_records(engine: Engine) -> None:
    events, lanes = Events(engine), Lanes(engine)
    event_id = events.add(new_event()).event_id

    lanes.settle(take(lanes), [outcome(event_id)], LATER)

    row = events.get(event_id)
    assert row is not None
    assert (row.state, row.settled_at, row.attempts) == ("synced", LATER, 1)
    assert lanes.due(3, LATER, 10) == []
    (written,) = events.records([event_id])
    assert written.salesforce_id == "00T000000000001AAA"
    assert written.fields == {"Subject": "Call"}


def test_a_second_attempt_overwrites_the_record_of_the_first(engine: Engine) -> None:
    events, lanes = Events(engine), Lanes(engine)
    event_id = events.add(new_event()).event_id
    waiting = record(
        state=State.PENDING,
        salesforce_id=None,
        error_code="UNABLE_TO_LOCK_ROW",
        error_fields=("Status", "Subject"),
    )
    lease = take(lanes)

    pending = outcome(
        event_id, state=State.PENDING, next_attempt_at=LATER, records=(waiting,)
    )
    lanes.settle(lease, [pending], NOW)
    (first,) = events.records([event_id])
    lanes.settle(lease, [outcome(event_id, attempts=2)], LATER)
    (second,) = events.records([event_id])

    assert (first.error_code, first.error_fields) == (
        "UNABLE_TO_LOCK_ROW",
        "Status,Subject",
    )
    assert (second.state, second.error_code, second.attempts) == ("synced", None, 2)


def test_the_sweep_finds_lanes_that_nobody_drains(engine: Engine) -> None:
    events, lanes = Events(engine), Lanes(engine)
    for lane in (1, 2, 5):
        events.add(new_event(dedupe_key=str(lane), lane=lane))
    later = NOW + timedelta(hours=1)
    events.add(new_event(dedupe_key="later", lane=7, received_at=later))
    take(lanes, lane=2)

    assert lanes.lanes_due(NOW) == [1, 5]
    assert lanes.lanes_due(NOW + timedelta(seconds=61)) == [1, 2, 5]


def test_what_later_calls_wrote_is_found_by_id_and_by_key(engine: Engine) -> None:
    events, lanes = Events(engine), Lanes(engine)
    event_id = events.add(new_event()).event_id
    lanes.settle(take(lanes), [outcome(event_id)], NOW)
    before = NOW - timedelta(seconds=1)

    by_id = lanes.newer_records("Task", ["00T000000000001AAA"], [], before)
    by_key = lanes.newer_records("Task", [], ["External_Call_Id__c=CALL-1"], before)
    after = NOW + timedelta(seconds=1)
    not_newer = lanes.newer_records("Task", ["00T000000000001AAA"], [], after)
    of_another = lanes.newer_records("Case", ["00T000000000001AAA"], [], before)

    assert [len(found) for found in (by_id, by_key, not_newer, of_another)] == [
        1,
        1,
        0,
        0,
    ]


def test_moments_are_aware_and_in_utc(engine: Engine) -> None:
    events = Events(engine)
    row = events.get(events.add(new_event()).event_id)

    assert row is not None
    assert row.received_at.tzinfo is UTC


@pytest.mark.postgres
def test_a_claim_waits_for_nobody_who_settles(postgres: Engine) -> None:
    """Who settles a lane has its row; a claim is told at once that it is taken."""
    lease = take(Lanes(postgres))
    options = {"options": "-c lock_timeout=50"}
    engine = open_engine(url_of(postgres, **options))
    hasty = Lanes(engine)

    with writing(postgres) as connection:
        connection.execute(
            LANE.update().where(LANE.c.lane == lease.lane).values(epoch=9)
        )
        other = hasty.lease(lease.lane + 1, NOW, 60)
        assert hasty.lease(lease.lane, NOW, 60) is None

    assert other is not None
    engine.dispose()
