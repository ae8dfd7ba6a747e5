"""`missing: create`: what a record links to is made where it is not there yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import (
    Harness,
    Spy,
    add_account,
    cora_call,
    delete_record,
    with_mapping,
)
from worker.localorg import LocalOrg

TASK = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields: {Subject: {value: Call}}
    links:
      WhatId:
        object: Debt_Account__c
        match: [{Account_Number__c: event.file_number}, {Phone__c: event.phone}]
        missing: create
        create:
          Phone__c: event.phone
          Contact_Status__c: payload.contactStatus
"""
ACCOUNT = """
  - object: Debt_Account__c
    mode: update
    match: [{Account_Number__c: event.file_number}, {Phone__c: event.phone}]
    fields: {Do_Not_Call__c: {from: payload.outcomes.doNotCall, write: sticky}}
"""


@pytest.fixture
def harness(database: Engine, org: LocalOrg) -> Iterator[Harness]:
    with with_mapping(database, org, TASK) as harness:
        yield harness


@pytest.fixture
def flagging(database: Engine, org: LocalOrg) -> Iterator[Harness]:
    with with_mapping(database, org, TASK + ACCOUNT) as harness:
        yield harness


def refuse_accounts(org: LocalOrg, **fault: Any) -> None:
    org.faults.add(
        "row_error",
        object="Debt_Account__c",
        statusCode="FIELD_CUSTOM_VALIDATION_EXCEPTION",
        message="no",
        fields=["Phone__c"],
        **fault,
    )


def rows(harness: Harness, answer: Any) -> list[tuple[str, str, str | None]]:
    return [(r.object, r.state, r.reason) for r in harness.records(answer)]


def test_a_parent_that_is_not_there_is_made_and_linked_in_one_drain(
    harness: Harness, org: LocalOrg
) -> None:
    answer = harness.send(cora_call())

    harness.drain()

    assert harness.ended(answer) == ("synced", None)
    (account,) = org.records("Debt_Account__c")
    assert account["Account_Number__c"] == "ACC-1"
    assert account["Phone__c"] == "+15125550101"
    (task,) = org.records("Task")
    assert task["WhatId"] == account["Id"]
    assert rows(harness, answer) == [
        ("Debt_Account__c", "synced", None),
        ("Task", "synced", None),
    ]
    assert org.stats()["api_requests"] == 3


def test_a_parent_that_is_there_costs_no_request_and_is_left_alone(
    harness: Harness, org: LocalOrg
) -> None:
    account_id = add_account(org, Phone__c="+15125550199")

    answer = harness.send(cora_call())
    harness.drain()

    assert harness.ended(answer) == ("synced", None)
    assert org.stats()["by_path"] == {
        "GET query": 1,
        "PATCH composite/sobjects/Task": 1,
    }
    (account,) = org.records("Debt_Account__c")
    assert account["Phone__c"] == "+15125550199"
    parent, _ = harness.records(answer)
    # The ledger does not say that anything was written to it.
    assert (parent.state, parent.reason) == ("skipped", "exists_already")
    assert (parent.fields, parent.salesforce_id) == ({}, account_id)


def test_several_calls_of_a_batch_make_their_parent_once(
    harness: Harness, org: LocalOrg
) -> None:
    answers = [harness.send(cora_call(f"call-{n}")) for n in range(5)]

    harness.drain()

    assert {harness.ended(answer) for answer in answers} == {("synced", None)}
    (account,) = org.records("Debt_Account__c")
    assert {task["WhatId"] for task in org.records("Task")} == {account["Id"]}
    assert isinstance(harness.crm, Spy)
    assert len(harness.crm.sent("Debt_Account__c")) == 1


def test_a_parent_made_by_somebody_else_in_between_is_still_one(
    harness: Harness, org: LocalOrg
) -> None:
    assert isinstance(harness.crm, Spy)
    harness.crm.before_write = lambda: add_account(org, Foreign_Id__c="F-1")

    answer = harness.send(cora_call())
    harness.drain()

    assert harness.ended(answer) == ("synced", None)
    (account,) = org.records("Debt_Account__c")
    assert account["Foreign_Id__c"] == "F-1"
    assert org.records("Task")[0]["WhatId"] == account["Id"]


def test_a_refused_parent_parks_its_child_with_a_hint_that_names_it(
    harness: Harness, org: LocalOrg
) -> None:
    refuse_accounts(org)

    answer = harness.send(cora_call())
    harness.drain()

    assert harness.ended(answer) == ("parked", "field_custom_validation_exception")
    parent, child = harness.records(answer)
    assert (child.state, child.reason) == ("parked", "parent_refused")
    assert child.hint == (
        "cora/call.completed.yaml:6: WhatId: Debt_Account__c by Account_Number__c is"
        " not made: field_custom_validation_exception in event 1: mend that, then"
        " replay"
    )
    assert parent.hint is not None
    assert org.records("Task") == []


def test_a_parent_refused_for_one_call_may_pass_for_another(
    harness: Harness, org: LocalOrg
) -> None:
    refuse_accounts(org, field="Contact_Status__c", value="bad")
    bad = harness.send(cora_call("a", contactStatus="bad"))
    good = harness.send(cora_call("b", contactStatus="good"))

    harness.drain()

    (account,) = org.records("Debt_Account__c")
    assert harness.ended(good) == ("synced", None)
    assert harness.ended(bad) == ("parked", "field_custom_validation_exception")
    # Its task is linked all the same: the parent is there.
    assert [task["WhatId"] for task in org.records("Task")] == [account["Id"]] * 2


def test_who_needs_a_locked_parent_waits_and_is_written_with_it(
    flagging: Harness, org: LocalOrg
) -> None:
    org.faults.add("row_lock", object="Debt_Account__c", every=1, times=1)
    answer = flagging.send(cora_call(outcomes={"doNotCall": True}))

    flagging.drain()
    first = rows(flagging, answer)
    flagging.clock.move(minutes=1)
    flagging.drain()

    assert first == [
        ("Debt_Account__c", "pending", "unable_to_lock_row"),
        ("Task", "pending", "waits_for_parent"),
        ("Debt_Account__c", "pending", "waits_for_parent"),
    ]
    assert flagging.ended(answer) == ("synced", None)
    (account,) = org.records("Debt_Account__c")
    assert account["Do_Not_Call__c"] is True
    assert org.records("Task")[0]["WhatId"] == account["Id"]


def test_a_refused_parent_parks_an_update_of_it_too(
    flagging: Harness, org: LocalOrg
) -> None:
    refuse_accounts(org)

    answer = flagging.send(cora_call(outcomes={"doNotCall": True}))
    flagging.drain()

    reasons = [record.reason for record in flagging.records(answer)]
    assert reasons[1:] == ["parent_refused", "parent_refused"]


def test_a_weaker_match_is_no_key_to_make_a_record_by(
    harness: Harness, org: LocalOrg
) -> None:
    answer = harness.send(cora_call(fileNumber=...))

    harness.drain()

    assert harness.ended(answer) == ("parked", "no_match")
    assert org.records("Debt_Account__c") == []


def test_a_weaker_match_that_finds_one_links_to_it(
    harness: Harness, org: LocalOrg
) -> None:
    account_id = add_account(org, "ACC-9", Phone__c="+15125550101")

    answer = harness.send(cora_call(fileNumber=...))
    harness.drain()

    assert harness.ended(answer) == ("synced", None)
    assert org.records("Task")[0]["WhatId"] == account_id


def test_a_parent_that_a_retry_finds_again_stays_alone(
    harness: Harness, org: LocalOrg
) -> None:
    org.faults.add("row_lock", object="Task", keys=["call-1"], times=1)
    answer = harness.send(cora_call())

    harness.drain()
    harness.clock.move(minutes=1)
    org.reset_stats()
    harness.drain()

    assert harness.ended(answer) == ("synced", None)
    assert len(org.records("Debt_Account__c")) == 1
    assert org.stats()["by_path"] == {
        "GET query": 1,
        "PATCH composite/sobjects/Task": 1,
    }


def test_a_parent_that_is_gone_when_its_child_is_tried_again_is_made_again(
    database: Engine, org: LocalOrg
) -> None:
    bare = TASK[: TASK.index("        create:")]
    account_id = add_account(org)
    org.faults.add("row_lock", object="Task", keys=["call-1"], times=1)
    with with_mapping(database, org, bare) as harness:
        answer = harness.send(cora_call())
        harness.drain()
        first = rows(harness, answer)
        delete_record(org, account_id)
        harness.clock.move(minutes=1)
        harness.drain()

    assert first[0] == ("Debt_Account__c", "skipped", "exists_already")
    assert harness.ended(answer) == ("synced", None)
    (account,) = org.records("Debt_Account__c")
    assert org.records("Task")[0]["WhatId"] == account["Id"]


def test_a_link_that_may_be_skipped_is_skipped_where_its_parent_is_refused(
    database: Engine, org: LocalOrg
) -> None:
    parent = """
  - object: Debt_Account__c
    key: {Account_Number__c: event.file_number}
    fields: {Phone__c: event.phone}
"""
    bare = TASK[: TASK.index("missing: create")] + "missing: skip\n"
    refuse_accounts(org)
    with with_mapping(database, org, parent + bare) as harness:
        answer = harness.send(cora_call())
        harness.drain()

    assert rows(harness, answer) == [
        ("Debt_Account__c", "parked", "field_custom_validation_exception"),
        ("Task", "synced", None),
    ]
    assert org.records("Task")[0]["WhatId"] is None


def test_an_insert_that_an_admin_wrote_says_synced_as_before(
    database: Engine, org: LocalOrg
) -> None:
    add_account(org)
    mapping = """
  - object: Debt_Account__c
    mode: insert
    key: {Account_Number__c: payload.fileNumber}
    fields: {Phone__c: payload.phoneNumber}
"""
    with with_mapping(database, org, mapping) as harness:
        answer = harness.send(cora_call())
        harness.drain()

    assert rows(harness, answer) == [("Debt_Account__c", "synced", "exists_already")]


def test_a_record_of_the_same_object_is_made_before_what_links_to_it(
    database: Engine, wide_org: LocalOrg, schema_dir: Any
) -> None:
    mapping = """
  - object: Contact
    key: {Debtor_Id__c: payload.debtor}
    fields: {LastName: {value: Debtor}}
    links:
      Guarantor__c:
        object: Contact
        match: [{Debtor_Id__c: payload.guarantor}]
        missing: create
        create: {LastName: {value: Guarantor}}
"""
    with with_mapping(database, wide_org, mapping, schema_dir=schema_dir) as harness:
        answer = harness.send(cora_call(debtor="D-1", guarantor="D-2"))
        harness.drain()

    assert harness.ended(answer) == ("synced", None)
    contacts = {c["Debtor_Id__c"]: c for c in wide_org.records("Contact")}
    assert contacts["D-1"]["Guarantor__c"] == contacts["D-2"]["Id"]
