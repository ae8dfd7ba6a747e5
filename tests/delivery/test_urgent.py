"""Urgent events have lanes of their own, and keep their debtor's order all the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.commands.running import fresh
from tests.databases import url_of
from tests.delivery.harness import (
    Harness,
    Spy,
    add_account,
    cora_call,
    default_mappings,
)
from worker import broker, tasks
from worker.delivery.draining import URGENT_A_BATCH
from worker.intake import Answer
from worker.lane_numbers import is_urgent, lane_of, urgent_lane, usual_lane
from worker.localorg import LocalOrg
from worker.model import AGAIN_IN_ORDER, State
from worker.store.lanes import Lanes

SYNCED = ("synced", None)


def stop_calling(call_id: str = "urgent", **payload: Any) -> dict[str, Any]:
    return cora_call(call_id, outcomes={"doNotCall": True}, **payload)


def lane(harness: Harness, answer: Answer) -> int:
    return harness.event(answer.event_id).lane


def account(org: LocalOrg) -> dict[str, Any]:
    (found,) = org.records("Debt_Account__c")
    return found


@pytest.mark.parametrize("number", range(5))
def test_beside_each_usual_lane_is_one_of_urgent_events(number: int) -> None:
    assert is_urgent(urgent_lane(number))
    assert not is_urgent(number)
    assert usual_lane(urgent_lane(number)) == usual_lane(number) == number


def test_an_urgent_call_goes_out_alone_though_usual_ones_wait(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    usual = harness.send(cora_call("usual"))
    urgent = harness.send(stop_calling())

    harness.drainer.drain(lane(harness, urgent))

    assert lane(harness, urgent) == urgent_lane(lane(harness, usual))
    assert harness.ended(urgent) == SYNCED
    assert harness.ended(usual) == ("pending", None)
    assert account(org)["Do_Not_Call__c"] is True


def test_urgent_calls_go_in_small_batches(harness: Harness, org: LocalOrg) -> None:
    add_account(org)
    spy = Spy(harness.crm)
    harness.drainer = replace(harness.drainer, crm=spy)
    for number in range(URGENT_A_BATCH + 1):
        answer = harness.send(stop_calling(f"call-{number}"))

    harness.drainer.drain(lane(harness, answer))

    tasks = [len(rows) for _, name, rows in spy.requests if name == "Task"]
    assert tasks == [URGENT_A_BATCH, 1]


def test_an_older_call_that_is_under_way_does_not_stay_over_an_urgent_one(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    spy = Spy(harness.crm)
    usual = replace(harness.drainer, crm=spy)
    older = harness.send(cora_call("older", summary="Older."))
    urgent = stop_calling(
        summary="Newer.",
        createdAt="2026-05-04T11:14:20.000Z",
        endedAt="2026-05-04T11:15:30.000Z",
    )
    answers: list[Answer] = []

    def come_in() -> None:
        answers.append(harness.send(urgent))
        harness.drainer.drain(lane(harness, answers[0]))

    spy.before_write = come_in
    is_more_due = usual.drain(lane(harness, older))
    between = account(org)["Last_Call_Result__c"]
    waiting = harness.ended(answers[0])
    usual.drain(lane(harness, older))

    assert (between, waiting) == ("Cora: Older.", ("pending", AGAIN_IN_ORDER))
    assert is_more_due
    assert lane(harness, answers[0]) == lane(harness, older)
    assert harness.ended(answers[0]) == harness.ended(older) == SYNCED
    assert account(org)["Last_Call_Result__c"] == "Cora: Newer."
    assert account(org)["Do_Not_Call__c"] is True


def test_what_a_person_clears_between_stays_cleared(
    harness: Harness, org: LocalOrg
) -> None:
    (account_id,) = [add_account(org)]
    spy = Spy(harness.crm)
    usual = replace(harness.drainer, crm=spy)
    older = harness.send(cora_call("older"))

    def come_in() -> None:
        harness.drainer.drain(lane(harness, harness.send(stop_calling())))
        harness.crm.update(
            "Debt_Account__c", [{"Id": account_id, "Do_Not_Call__c": False}]
        )

    spy.before_write = come_in
    usual.drain(lane(harness, older))
    usual.drain(lane(harness, older))

    assert harness.events.count_by_state() == {"synced": 2}
    assert account(org)["Do_Not_Call__c"] is False


def test_an_urgent_call_that_is_refused_is_parked_at_once(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add("row_error", statusCode="FIELD_CUSTOM_VALIDATION_EXCEPTION")
    answer = harness.send(stop_calling())
    harness.lanes.lease(0, harness.clock(), 60)
    harness.lanes.lease(1, harness.clock(), 60)

    harness.drainer.drain(lane(harness, answer))

    assert harness.ended(answer)[0] == "parked"


def test_a_lane_that_was_drained_meanwhile_is_not_quiet(engine: Engine) -> None:
    harness = Harness(engine, Spy(None), default_mappings())  # type: ignore[arg-type]
    lanes, now = Lanes(engine), harness.clock()
    never = lanes.quiet_epoch(0, now)
    lease = lanes.lease(0, now, 60)
    assert lease is not None
    held = lanes.quiet_epoch(0, now)
    lanes.release(lease)
    free = lanes.quiet_epoch(0, now)

    assert (never, held, free) == (0, None, 1)


@pytest.mark.parametrize("was_quiet", [True, False])
def test_the_store_lets_an_urgent_event_be_due_again_where_its_lane_was_not_quiet(
    engine: Engine, was_quiet: bool, org: LocalOrg, crm: Any
) -> None:
    add_account(org)
    harness = Harness(engine, crm, default_mappings())
    answer = harness.send(stop_calling())
    number = lane(harness, answer)
    if not was_quiet:
        harness.lanes.lease(usual_lane(number), harness.clock(), 60)

    harness.drainer.drain(number)

    row = harness.event(answer.event_id)
    assert row.state == (State.SYNCED if was_quiet else State.PENDING).value
    assert row.lane == (number if was_quiet else usual_lane(number))
    assert {r.state for r in harness.records(answer)} == {"synced"}


def test_a_party_has_the_same_lane_however_it_is_written() -> None:
    assert lane_of("ACC-1", 64) == lane_of("acc-1", 64)


def test_who_drains_an_urgent_lane_rings_for_the_usual_one(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(broker, "ring", lambda _app, lane: rung.append(lane))
    org = {
        "SALESFORCE_DOMAIN": "http://127.0.0.1:1",
        "SALESFORCE_CLIENT_ID": "local",
        "SALESFORCE_CLIENT_SECRET": "local",
    }

    with fresh({**org, "DATABASE_URL": url_of(database), "REDIS_URL": "redis://[::1]"}):
        tasks.drain(urgent_lane(1))
        tasks.drain(0)

    assert rung == [1]
