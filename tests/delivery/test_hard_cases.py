"""Cases in which data could be lost, doubled, put on another's record, or go back."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import (
    Harness,
    add_account,
    cora_call,
    cora_mapping,
    with_mapping,
)
from worker.crm import session
from worker.localorg import LocalOrg
from worker.mapping.mapping_set import compile_set


def test_equal_keys_of_different_fields_are_different_records(
    database: Engine, org: LocalOrg
) -> None:
    mapping = """
  - object: Debt_Account__c
    key: {Account_Number__c: payload.fileNumber}
    fields: {Fraud__c: payload.outcomes.fraud}
  - object: Debt_Account__c
    key: {Foreign_Id__c: payload.fileNumber}
    fields: {Deceased__c: payload.outcomes.deceased}
"""
    with with_mapping(database, org, mapping) as harness:
        harness.send(
            cora_call(fileNumber="1001", outcomes={"fraud": True, "deceased": True})
        )
        harness.drain()

    by_number, by_foreign_id = org.records("Debt_Account__c")
    assert (by_number["Fraud__c"], by_number["Deceased__c"]) == (True, False)
    assert (by_foreign_id["Fraud__c"], by_foreign_id["Deceased__c"]) == (False, True)


def test_an_insert_only_field_that_a_person_changed_stays(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    harness.send(cora_call(outcomes={"promiseToPayDays": 7}))
    harness.drain()
    (promise,) = org.records("Promise_To_Pay__c")
    harness.crm.update(
        "Promise_To_Pay__c", [{"Id": promise["Id"], "Status__c": "Kept"}]
    )

    harness.send(cora_call(outcomes={"promiseToPayDays": 8}))
    harness.drain()

    (promise,) = org.records("Promise_To_Pay__c")
    assert (promise["Status__c"], promise["Promise_Date__c"]) == ("Kept", "2026-05-12")


def test_an_older_revision_does_not_go_over_a_newer_one(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add("row_lock", object="Task", keys=["call-1"], times=1)
    first = harness.send(cora_call(summary="First."))
    harness.drain()
    harness.send(cora_call(summary="Second."))
    harness.drain()
    harness.clock.move(minutes=1)
    harness.drain()

    assert harness.ended(first)[0] == "synced"
    (task,) = org.records("Task")
    assert task["Description"] == "Second."


def test_a_passing_error_of_another_field_does_not_hold_a_flag(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add(
        "row_error",
        object="Debt_Account__c",
        field="Last_Call_Result__c",
        value="Cora: They talked.",
        statusCode="UNKNOWN_EXCEPTION",
        message="",
        fields=[],
    )
    answer = harness.send(cora_call(outcomes={"doNotCall": True}))

    harness.drain()

    assert harness.ended(answer)[0] == "pending"
    (account,) = org.records("Debt_Account__c")
    assert account["Do_Not_Call__c"] is True


def test_an_object_that_the_org_lacks_parks_only_who_refers_to_it(
    database: Engine, org: LocalOrg
) -> None:
    mapping = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields: {Subject: {value: Call}}
    links: {WhoId: {object: Contact, match: [{Phone: event.phone}], missing: skip}}
  - object: Debt_Account__c
    mode: update
    key: {Account_Number__c: event.file_number}
    fields: {Do_Not_Call__c: {from: payload.outcomes.doNotCall, write: sticky}}
"""
    add_account(org)
    with with_mapping(database, org, mapping) as harness:
        answer = harness.send(cora_call(outcomes={"doNotCall": True}))
        harness.drain()

    assert harness.ended(answer) == ("parked", "invalid_type")
    (account,) = org.records("Debt_Account__c")
    assert account["Do_Not_Call__c"] is True


def test_a_value_too_long_to_identify_anybody_harms_no_other(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    long = harness.send(cora_call("long", fileNumber="x" * 500))
    flag = harness.send(cora_call("flag", outcomes={"doNotCall": True}))

    harness.drain()

    assert harness.ended(long) == ("parked", "no_match")
    assert harness.ended(flag) == ("synced", None)


def test_a_call_is_logged_while_its_account_is_locked(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add("row_lock", object="Debt_Account__c", every=1)
    answer = harness.send(cora_call())

    harness.drain()

    assert harness.ended(answer) == ("pending", "unable_to_lock_row")
    (task,) = org.records("Task")
    assert task["WhatId"] is not None


@pytest.mark.parametrize("policy", ["if_empty", "insert_only"])
def test_what_gives_way_gives_way_within_a_batch_too(
    database: Engine, org: LocalOrg, policy: str
) -> None:
    mapping = f"""
  - object: Debt_Account__c
    key: {{Account_Number__c: payload.fileNumber}}
    fields:
      Last_Call_Result__c: {{from: payload.summary, write: {policy}}}
"""
    with with_mapping(database, org, mapping) as harness:
        harness.send(cora_call("a", summary="First.", createdAt="2026-05-04T10:00:00Z"))
        harness.send(cora_call("b", summary="Second."))
        harness.drain()

    (account,) = org.records("Debt_Account__c")
    assert account["Last_Call_Result__c"] == "First."


def test_a_flag_on_a_record_that_the_same_event_makes_is_set(
    database: Engine, org: LocalOrg
) -> None:
    mapping = """
  - object: Debt_Account__c
    mode: update
    key: {Account_Number__c: payload.fileNumber}
    fields: {Do_Not_Call__c: {from: payload.outcomes.doNotCall, write: sticky}}
  - object: Debt_Account__c
    key: {Account_Number__c: payload.fileNumber}
    fields: {Phone__c: payload.phoneNumber}
"""
    with with_mapping(database, org, mapping) as harness:
        answer = harness.send(cora_call(outcomes={"doNotCall": True}))
        harness.drain()

    assert harness.ended(answer) == ("synced", None)
    (account,) = org.records("Debt_Account__c")
    assert account["Do_Not_Call__c"] is True


def test_a_flag_of_another_type_keeps_no_other_flag_from_the_record(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    outcomes = {"lawSuitRisk": "high", "doNotCall": True, "deceased": "yes"}

    answer = harness.send(cora_call(outcomes=outcomes))
    harness.drain()

    assert harness.ended(answer) == ("parked", "transform_refused")
    (account,) = org.records("Debt_Account__c")
    assert (account["Do_Not_Call__c"], account["Deceased__c"]) == (True, True)
    assert account["Lawsuit_Risk__c"] is False


def test_a_call_dated_in_the_future_supersedes_nothing(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    harness.send(cora_call("a", summary="Odd.", createdAt="2062-01-01T00:00:00Z"))
    harness.drain()
    harness.clock.move(hours=1)

    harness.send(cora_call("b", summary="Later.", createdAt="2026-05-04T11:00:00Z"))
    harness.drain()

    (account,) = org.records("Debt_Account__c")
    assert account["Last_Call_Result__c"] == "Cora: Later."


def test_external_ids_compare_without_case_and_blanks(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org, "Acc-1")
    first = harness.send(cora_call("a", fileNumber="ACC-1 ", outcomes={"fraud": True}))
    harness.drain()
    newer = cora_call("New", summary="Newer.", createdAt="2026-05-04T10:15:00Z")
    newer["idempotencyKey"] = "one"
    harness.send(newer)
    harness.drain()
    older = cora_call("NEW", summary="Older.", createdAt="2026-05-04T09:00:00Z")
    older["idempotencyKey"] = "another"
    harness.send(older)
    harness.drain()

    assert harness.ended(first) == ("synced", None)
    task = next(t for t in org.records("Task") if t["Description"] != "They talked.")
    assert task["Description"] == "Newer."


def test_letters_that_only_look_alike_are_not_the_same(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org, "STRASSE1")

    answer = harness.send(cora_call(fileNumber="Straße1", outcomes={"fraud": True}))
    harness.drain()

    assert harness.ended(answer) == ("parked", "no_match")


def test_an_outage_of_our_own_is_no_reason_to_give_up(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add("row_lock", object="Task", keys=["call-1"], times=1)
    answer = harness.send(cora_call())
    harness.clock.move(hours=100)

    harness.drain()
    harness.clock.move(minutes=1)
    harness.drain()

    assert harness.ended(answer) == ("synced", None)


@pytest.mark.parametrize("lacks", ["connection", "mapping"])
def test_a_worker_that_is_older_than_the_door_settles_nothing(
    harness: Harness, lacks: str
) -> None:
    answer = harness.send(cora_call(outcomes={"doNotCall": True}))
    old = (
        dataclasses.replace(harness.drainer, connections={})
        if lacks == "connection"
        else dataclasses.replace(harness.drainer, mappings=compile_set({}))
    )

    for lane in range(2):
        old.drain(lane)

    assert harness.ended(answer)[0] == "pending"
    harness.clock.move(minutes=1)
    harness.drain()
    assert harness.ended(answer)[0] == "parked"  # no_match, by the mapping


def test_records_that_a_changed_mapping_no_longer_asks_for_leave_the_ledger(
    database: Engine, org: LocalOrg
) -> None:
    one = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields: {Subject: {value: Call}}
"""
    two = (
        one
        + """
  - object: Promise_To_Pay__c
    key: {External_Id__c: event.call_id}
    fields: {Status__c: {value: Pending}}
"""
    )
    org.faults.add("row_lock", object="Promise_To_Pay__c", every=1, times=1)
    with with_mapping(database, org, two) as harness:
        answer = harness.send(cora_call())
        harness.drain()
        harness.clock.move(minutes=1)
        later = dataclasses.replace(harness.drainer, mappings=cora_mapping(one))
        for lane in range(2):
            later.drain(lane)

    assert harness.ended(answer) == ("synced", None)
    assert [record.object for record in harness.records(answer)] == ["Task"]


def test_an_org_that_refuses_an_object_whole_is_not_asked_row_by_row(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    mapping = """
  - object: Nothing__c
    key: {K__c: event.call_id}
    fields: {Subject: {value: Call}}
"""
    other = Harness(harness.engine, harness.crm, cora_mapping(mapping))
    for number in range(50):
        other.send(cora_call(f"call-{number}"))

    other.drain()

    assert org.stats()["api_requests"] == 1


def test_a_locked_record_of_many_calls_is_asked_for_once(
    harness: Harness, org: LocalOrg
) -> None:
    harness.ask_one_by_one()
    add_account(org)
    org.faults.add(
        "row_error",
        object="Debt_Account__c",
        field="Last_Call_Result__c",
        value="Cora: They talked.",
        statusCode="ENTITY_IS_LOCKED",
        message="locked",
        fields=[],
    )
    for number in range(50):
        harness.send(cora_call(f"call-{number}"))

    harness.drain()

    assert org.stats()["by_path"]["PATCH composite/sobjects"] == 1


def test_an_org_that_is_away_is_left_alone_by_what_was_not_tried_too(
    harness: Harness, org: LocalOrg
) -> None:
    org.faults.add("total_requests")
    answers = [harness.send(cora_call(f"call-{number}")) for number in range(450)]

    harness.drain()
    harness.drain()

    assert org.stats()["api_requests"] == 1
    due_at = {harness.event(answer.event_id).next_attempt_at for answer in answers}
    assert due_at == {harness.clock() + timedelta(seconds=600)}


def test_a_request_that_takes_too_long_comes_back_smaller(
    harness: Harness, org: LocalOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "READ_TIMEOUT_SECONDS", 1.0)
    harness.ask_one_by_one()
    add_account(org)
    org.faults.add("latency", path="sobjects/Task", seconds=1.5, times=1)
    answers = [harness.send(cora_call(f"call-{number}")) for number in range(40)]

    harness.drain()
    first_size = harness.drainer.pace.records("Task")
    harness.clock.move(minutes=15)
    harness.drain()

    assert first_size == 20
    assert {harness.ended(answer) for answer in answers} == {("synced", None)}
    assert len(org.records("Task")) == 40


def test_a_race_for_one_key_is_tried_once_more(harness: Harness, org: LocalOrg) -> None:
    add_account(org)
    org.faults.add(
        "row_error",
        times=1,
        object="Task",
        field="External_Call_Id__c",
        value="call-1",
        statusCode="DUPLICATE_VALUE",
        message="duplicate value found: External_Call_Id__c",
        fields=[],
    )

    answer = harness.send(cora_call())
    harness.drain()

    assert harness.ended(answer) == ("synced", None)
