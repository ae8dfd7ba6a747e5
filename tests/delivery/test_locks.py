"""Rows that meet a lock: sent again alone, after a wait, and later at last."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import (
    Harness,
    Spy,
    add_account,
    cora_call,
    default_mappings,
)
from tests.orgs import client_of
from worker.delivery.pace import LockWaits
from worker.localorg import LocalOrg


@pytest.fixture
def waited() -> list[float]:
    return []


@pytest.fixture
def spy(org: LocalOrg) -> Iterator[Spy]:
    with client_of(org.url) as crm:
        yield Spy(crm)


@pytest.fixture
def patient(database: Engine, spy: Spy, waited: list[float]) -> Harness:
    """The way of a call, with waits that are only noted."""
    harness = Harness(database, spy, default_mappings())
    locks = LockWaits(waited.append, lambda: 0.5)
    harness.drainer = dataclasses.replace(harness.drainer, locks=locks)
    return harness


def sizes(spy: Spy, object_name: str) -> list[int]:
    return [len(rows) for _, name, rows in spy.requests if name == object_name]


def test_only_the_rows_that_met_a_lock_are_sent_again(
    patient: Harness, org: LocalOrg, spy: Spy, waited: list[float]
) -> None:
    add_account(org)
    org.faults.add("row_lock", object="Task", keys=["call-3", "call-7"], times=2)
    answers = [patient.send(cora_call(f"call-{number}")) for number in range(20)]

    patient.drain()

    assert {patient.ended(answer) for answer in answers} == {("synced", None)}
    assert sizes(spy, "Task") == [20, 2, 2]
    assert waited == [0.375, 0.75]


def test_a_lock_that_stays_leaves_the_event_due_later(
    patient: Harness, org: LocalOrg, spy: Spy, waited: list[float]
) -> None:
    add_account(org)
    org.faults.add("row_lock", object="Task", keys=["call-3"])
    answers = [patient.send(cora_call(f"call-{number}")) for number in range(5)]

    patient.drain()

    ended = [patient.ended(answer) for answer in answers]
    assert ended.pop(3) == ("pending", "unable_to_lock_row")
    assert set(ended) == {("synced", None)}
    assert sizes(spy, "Task") == [5, 1, 1, 1]
    assert len(waited) == 3
    org.faults.clear()
    patient.clock.move(minutes=1)
    patient.drain()
    assert patient.ended(answers[3]) == ("synced", None)
    assert len(org.records("Task")) == 5


def test_a_lock_within_a_trigger_is_a_lock(
    patient: Harness, org: LocalOrg, spy: Spy
) -> None:
    add_account(org)
    org.faults.add(
        "row_error",
        times=1,
        object="Task",
        statusCode="CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        message="TaskTrigger: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access",
    )
    answer = patient.send(cora_call())

    patient.drain()

    assert patient.ended(answer) == ("synced", None)
    assert sizes(spy, "Task") == [1, 1]


def test_a_refused_row_is_not_sent_again_beside_a_locked_one(
    patient: Harness, org: LocalOrg, spy: Spy
) -> None:
    add_account(org)
    org.faults.add(
        "row_error",
        object="Task",
        field="External_Call_Id__c",
        value="call-1",
        statusCode="STRING_TOO_LONG",
        message="too long",
    )
    org.faults.add("row_lock", object="Task", keys=["call-2"], times=1)
    answers = [patient.send(cora_call(f"call-{number}")) for number in range(3)]

    patient.drain()

    ended = [patient.ended(answer)[0] for answer in answers]
    assert ended == ["synced", "parked", "synced"]
    assert sizes(spy, "Task") == [3, 1]


def test_an_org_that_goes_away_is_not_waited_for(
    patient: Harness, org: LocalOrg, spy: Spy
) -> None:
    add_account(org)
    org.faults.add("row_lock", object="Task", keys=["call-0"])
    answer = patient.send(cora_call("call-0"))
    locks = LockWaits(lambda _: org.faults.add("total_requests"))
    patient.drainer = dataclasses.replace(patient.drainer, locks=locks)

    patient.drain()

    assert patient.ended(answer)[0] == "pending"
    assert sizes(spy, "Task") == [1, 1]


def test_two_requests_that_hold_one_parent_meet_and_both_get_through(
    patient: Harness, org: LocalOrg, waited: list[float]
) -> None:
    account = add_account(org)
    answer = patient.send(cora_call())
    inside, leave = threading.Event(), threading.Event()

    def hold(_seconds: float) -> None:
        inside.set()
        assert leave.wait(timeout=30)

    def other() -> None:
        with client_of(org.url) as crm:
            row = {"External_Call_Id__c": "other", "WhatId": account}
            crm.upsert("Task", "External_Call_Id__c", [row])

    def let_go(seconds: float) -> None:
        waited.append(seconds)
        leave.set()
        thread.join(timeout=30)

    org.faults.wait = hold
    org.faults.replace(
        [
            {"kind": "parent_locks", "fields": ["WhatId"]},
            {"kind": "latency", "path": "sobjects/Task", "seconds": 1, "times": 1},
        ]
    )
    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(timeout=30)
    locks = LockWaits(let_go, lambda: 0.5)
    patient.drainer = dataclasses.replace(patient.drainer, locks=locks)

    patient.drain()

    assert patient.ended(answer) == ("synced", None)
    assert waited == [0.375]
    assert {task["External_Call_Id__c"] for task in org.records("Task")} == {
        "other",
        "call-1",
    }
