"""A clock that is set an hour forward or back: no call waits for it to come round."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import Harness, Spy, add_account, cora_call
from tests.store.test_events import NOW, new_event
from tests.store.test_replays import replay, settle
from worker.localorg import LocalOrg
from worker.store.ahead import bring_forward
from worker.store.events import Events
from worker.store.lanes import Lanes, Lease

SYNCED = ("synced", None)


def test_a_clock_set_forward_in_the_middle_of_a_call_doubles_nothing(
    harness: Harness, org: LocalOrg
) -> None:
    """The lease is over at once, and another worker does the same."""
    add_account(org)
    answer = harness.send(cora_call())
    lane = harness.event(answer.event_id).lane
    spy = Spy(harness.crm)
    first = replace(harness.drainer, crm=spy)

    def jump() -> None:
        harness.clock.move(hours=1)
        harness.drainer.drain(lane)

    spy.before_write = jump
    first.drain(lane)

    assert harness.ended(answer) == SYNCED
    assert harness.event(answer.event_id).attempts == 1
    assert len(org.records("Task")) == 1


def test_a_clock_set_back_in_the_middle_of_a_call_lets_it_be_settled(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    answer = harness.send(cora_call())
    spy = Spy(harness.crm)
    spy.before_write = lambda: harness.clock.move(hours=-1)

    replace(harness.drainer, crm=spy).drain(harness.event(answer.event_id).lane)

    assert harness.ended(answer) == SYNCED
    assert len(org.records("Task")) == 1


@pytest.mark.parametrize("minutes", [5, 60])
def test_what_came_in_before_the_clock_was_set_back_is_due_at_the_next_sweep(
    harness: Harness, org: LocalOrg, minutes: int
) -> None:
    add_account(org)
    answer = harness.send(cora_call())
    harness.clock.move(minutes=-minutes)
    too_early = harness.lanes.lanes_due(harness.clock(), 60)

    moved = bring_forward(harness.engine, harness.clock())
    harness.drain()

    assert (too_early, moved) == ([], 1)
    assert harness.ended(answer) == SYNCED
    assert bring_forward(harness.engine, harness.clock()) == 0


@pytest.mark.parametrize("outcomes", [{}, {"doNotCall": True}])
def test_what_was_tried_while_the_clock_was_ahead_is_due_at_the_next_sweep(
    harness: Harness, org: LocalOrg, outcomes: dict[str, bool]
) -> None:
    add_account(org)
    org.faults.add("row_lock", object="Task")
    answer = harness.send(cora_call(outcomes=outcomes))
    harness.clock.move(days=30)
    harness.drain()
    harness.clock.move(days=-30, seconds=30)
    org.faults.clear()

    moved = bring_forward(harness.engine, harness.clock())
    harness.drain()

    assert moved == 1
    assert harness.ended(answer) == SYNCED


def test_a_replay_that_is_spread_over_days_stays_so(engine: Engine) -> None:
    for number in range(3):
        settle(engine, str(number))

    replay(engine, NOW, rate=1e-5)

    assert bring_forward(engine, NOW) == 0


def test_a_usual_wait_is_left_alone(harness: Harness, org: LocalOrg) -> None:
    org.faults.add("row_error", object="Task", statusCode="STORAGE_LIMIT_EXCEEDED")
    harness.send(cora_call())
    harness.drain()

    assert bring_forward(harness.engine, harness.clock()) == 0


def test_a_dead_worker_s_lease_does_not_last_until_the_clock_comes_round(
    engine: Engine,
) -> None:
    Events(engine).add(new_event())
    lanes, ahead = Lanes(engine), NOW.replace(hour=NOW.hour + 1)
    lanes.lease(3, ahead, 60)

    due, lease = lanes.lanes_due(NOW, 60), lanes.lease(3, NOW, 60)

    assert due == [3]
    assert lease == Lease(3, 2)


def test_clocks_of_two_machines_that_are_seconds_apart_take_no_lane_away(
    engine: Engine,
) -> None:
    Events(engine).add(new_event())
    lanes, ahead = Lanes(engine), NOW.replace(second=NOW.second + 20)
    lanes.lease(3, ahead, 60)

    assert lanes.lanes_due(NOW, 60) == []
    assert lanes.lease(3, NOW, 60) is None


def test_retries_go_on_after_a_jump_either_way(harness: Harness, org: LocalOrg) -> None:
    """What waits by a clock that was ahead is due once that has been found out."""
    add_account(org)
    org.faults.add("unavailable")
    answer = harness.send(cora_call())
    harness.drain()
    harness.clock.move(hours=1)
    harness.drain()
    failed = harness.ended(answer), harness.event(answer.event_id).attempts
    harness.clock.move(hours=-1)
    harness.drain()
    org.faults.clear()

    moved = [
        bring_forward(harness.engine, harness.clock(), everything=everything)
        for everything in (False, True)
    ]
    harness.drain()

    assert failed == (("pending", "crm_unavailable"), 2)
    assert moved == [0, 1]
    assert harness.ended(answer) == SYNCED
    assert len(org.records("Task")) == 1
