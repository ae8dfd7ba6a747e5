"""Small requests of a drain go in one; what each of them meets stays its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.delivery.harness import Harness, add_account, cora_call, delete_record
from worker.crm import MAX_RECORDS, session
from worker.delivery.pace import TOGETHER
from worker.localorg import LocalOrg

TOGETHER_PATH = "POST composite"
COMPOSITE = "POST /services/data/v67.0/composite"
PROMISE = {"promiseToPay": True, "promiseToPayAmount": 50, "promiseToPayDays": 3}
SYNCED = ("synced", None)


def counts(org: LocalOrg) -> dict[str, int]:
    counted: dict[str, int] = org.stats()["by_path"]
    return counted


def test_a_call_and_all_that_it_writes_are_two_requests(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    answer = harness.send(cora_call(outcomes=PROMISE))

    harness.drain()

    assert harness.ended(answer) == SYNCED
    assert {record.object for record in harness.records(answer)} >= {
        "Task",
        "Debt_Account__c",
        "Call_Detail__c",
    }
    assert counts(org)[TOGETHER_PATH] <= 2
    assert org.stats()["api_requests"] <= 2


def test_full_requests_go_alone_and_their_rests_together(
    harness: Harness, org: LocalOrg
) -> None:
    for number in range(MAX_RECORDS + 20):
        add_account(org, f"ACC-{number}")
        harness.send(cora_call(f"call-{number}", fileNumber=f"ACC-{number}"))
    harness.drainer.drain(0)
    harness.drainer.drain(1)

    writes = {name: n for name, n in counts(org).items() if "sobjects" in name}

    assert harness.events.count_by_state() == {"synced": MAX_RECORDS + 20}
    assert sum(writes.values()) <= 4


def test_a_part_that_is_refused_parks_its_own_writes_alone(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    body = [{"errorCode": "INVALID_TYPE", "message": "sObject type is not supported."}]
    org.faults.add("answer", path="sobjects/Task", status=400, body=body)
    answer = harness.send(cora_call())

    harness.drain()

    states = {record.object: record.state for record in harness.records(answer)}
    assert harness.ended(answer) == ("parked", "invalid_type")
    assert states["Task"] == "parked"
    assert states["Debt_Account__c"] == "synced"


def test_a_row_that_is_refused_leaves_the_other_parts_alone(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    fault: dict[str, Any] = {"field": "External_Call_Id__c", "value": "call-1"}
    org.faults.add("row_error", object="Task", statusCode="STRING_TOO_LONG", **fault)
    answers = [harness.send(cora_call(f"call-{number}")) for number in range(3)]

    harness.drain()

    states = [harness.ended(answer)[0] for answer in answers]
    assert states == ["synced", "parked", "synced"]
    assert org.stats()["api_requests"] == 2


def test_an_org_without_composite_is_asked_one_by_one_and_not_again(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    body = [{"errorCode": "NOT_FOUND", "message": "no such resource"}]
    org.faults.add("answer", path=COMPOSITE, status=404, body=body)
    first = harness.send(cora_call("call-1"))
    harness.drain()
    second = harness.send(cora_call("call-2"))
    harness.drain()

    assert [harness.ended(first), harness.ended(second)] == [SYNCED, SYNCED]
    assert counts(org)[TOGETHER_PATH] == 1
    assert counts(org)["PATCH composite/sobjects/Task"] == 2


def test_an_org_that_is_away_is_asked_once_for_all_parts(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add("total_requests", path=COMPOSITE)
    answer = harness.send(cora_call(outcomes=PROMISE))

    harness.drain()

    assert harness.ended(answer)[0] == "pending"
    assert org.stats()["api_requests"] <= 2
    assert not org.records("Task")


def test_what_takes_too_long_together_goes_one_by_one(
    harness: Harness, org: LocalOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "READ_TIMEOUT_SECONDS", 0.5)
    add_account(org)
    slow = {"seconds": 0.0, "per_record_seconds": 0.7, "times": 1}
    org.faults.add("latency", path=COMPOSITE, **slow)
    answer = harness.send(cora_call())

    harness.drain()

    assert harness.ended(answer) == SYNCED
    assert harness.drainer.pace.records(TOGETHER) < MAX_RECORDS
    assert len(org.records("Task")) == 1


def test_an_answer_that_is_lost_after_the_commit_is_asked_for_again(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    answers = [harness.send(cora_call(f"call-{number}")) for number in range(3)]
    org.faults.add("drop_after_commit", path=COMPOSITE, times=2)

    harness.drain()

    assert {harness.ended(answer) for answer in answers} == {SYNCED}
    assert len(org.records("Task")) == 3


def test_locked_rows_of_a_part_are_sent_again_without_the_others(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add("row_lock", object="Task", keys=["call-1"], times=1)
    answers = [harness.send(cora_call(f"call-{number}")) for number in range(3)]

    harness.drain()
    harness.clock.move(minutes=1)
    harness.drain()

    assert {harness.ended(answer) for answer in answers} == {SYNCED}


def test_an_answer_of_another_shape_changes_nothing(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add(
        "answer",
        path=COMPOSITE,
        body={"compositeResponse": [{"httpStatusCode": 200, "body": []}]},
    )
    answer = harness.send(cora_call())

    harness.drain()

    assert harness.ended(answer)[0] == "pending"
    assert not org.records("Task")


def test_a_known_debtor_that_is_gone_is_looked_up_again(
    harness: Harness, org: LocalOrg
) -> None:
    harness.drainer.cache._seconds = 300  # Of a clock that stands still.
    old = add_account(org)
    harness.send(cora_call("call-1"))
    harness.drain()
    delete_record(org, old)
    add_account(org)
    answer = harness.send(cora_call("call-2"))

    harness.drain()

    assert harness.ended(answer) == SYNCED
    (task,) = [t for t in org.records("Task") if t["External_Call_Id__c"] == "call-2"]
    assert task["WhatId"] != old
