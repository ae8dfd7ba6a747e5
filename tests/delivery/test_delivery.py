"""From a signed delivery to records in the org."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import (
    Harness,
    add_account,
    cora_call,
    with_mapping,
)
from worker.delivery import draining
from worker.localorg import LocalOrg
from worker.model import State
from worker.store.lanes import Lease
from worker.store.tables import EventRow


def test_a_call_becomes_a_linked_task_and_updates_the_account(
    harness: Harness, org: LocalOrg
) -> None:
    account_id = add_account(org)
    answer = harness.send(cora_call(outcomes={"doNotCall": True}))

    harness.drain()

    assert harness.ended(answer) == ("synced", None)
    (task,) = org.records("Task")
    assert task["External_Call_Id__c"] == "call-1"
    assert task["WhatId"] == account_id
    assert (task["CallDurationInSeconds"], task["TaskSubtype"]) == (62, "Call")
    (account,) = org.records("Debt_Account__c")
    assert account["Do_Not_Call__c"] is True


def test_a_call_of_an_unknown_debtor_is_logged_unlinked_and_parked(
    harness: Harness, org: LocalOrg
) -> None:
    answer = harness.send(cora_call(outcomes={"doNotCall": True}))

    harness.drain()

    assert harness.ended(answer) == ("parked", "no_match")
    (task,) = org.records("Task")
    assert task["WhatId"] is None
    assert org.records("Debt_Account__c") == []
    hints = {record.hint for record in harness.records(answer) if record.hint}
    assert all("no Debt_Account__c by Account_Number__c" in hint for hint in hints)
    assert len(hints) == 2


def test_a_weaker_match_is_never_tried_when_a_stronger_one_finds_nobody(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org, "ACC-OTHER", Phone__c="+15125550101")

    answer = harness.send(cora_call(outcomes={"doNotCall": True}))
    harness.drain()

    assert harness.ended(answer) == ("parked", "no_match")
    (account,) = org.records("Debt_Account__c")
    assert account["Do_Not_Call__c"] is False


def test_two_accounts_with_one_phone_are_never_guessed_between(
    harness: Harness, org: LocalOrg
) -> None:
    for number in ("ACC-8", "ACC-9"):
        add_account(org, number, Phone__c="+15125550101")

    answer = harness.send(cora_call(fileNumber=..., outcomes={"dispute": True}))
    harness.drain()

    assert harness.ended(answer) == ("parked", "ambiguous_match")
    accounts = org.records("Debt_Account__c")
    assert [account["Disputed__c"] for account in accounts] == [False, False]
    (task,) = org.records("Task")
    assert task["WhatId"] is None


def test_a_flag_once_set_is_cleared_by_no_later_call(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    harness.send(cora_call("call-1", outcomes={"doNotCall": True}))
    harness.drain()
    for call_id, outcomes in {
        "call-2": {"doNotCall": False},
        "call-3": {},
        "call-4": {"doNotCall": None},
    }.items():
        harness.send(cora_call(call_id, outcomes=outcomes))
        harness.drain()

    (account,) = org.records("Debt_Account__c")
    assert account["Do_Not_Call__c"] is True


def test_the_same_content_again_is_a_duplicate_and_writes_nothing(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    first = harness.send(cora_call())
    harness.drain()
    requests = org.stats()["api_requests"]

    again = harness.send(cora_call())
    harness.drain()

    assert (again.status, again.event_id) == ("duplicate", first.event_id)
    assert org.stats()["api_requests"] == requests


def test_a_changed_analysis_of_the_same_call_updates_the_same_task(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    harness.send(cora_call(summary="First."))
    harness.drain()

    revised = harness.send(cora_call(summary="Second."))
    harness.drain()

    assert (revised.status, harness.ended(revised)) == ("accepted", ("synced", None))
    (task,) = org.records("Task")
    assert (task["Description"], task["TaskSubtype"]) == ("Second.", "Call")


def test_two_hundred_calls_are_three_requests(harness: Harness, org: LocalOrg) -> None:
    # One debtor, so one lane: a look-up, an upsert of tasks, one merged account.
    add_account(org)
    for number in range(200):
        harness.send(cora_call(f"call-{number}"))

    harness.drain()

    assert org.stats()["by_path"] == {
        "GET query": 1,
        "PATCH composite/sobjects": 1,
        "PATCH composite/sobjects/Task": 1,
    }
    assert len(org.records("Task")) == 200


def test_an_older_call_that_comes_late_does_not_undo_a_newer_one(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    harness.send(cora_call("new", summary="Newer.", createdAt="2026-05-04T12:00:00Z"))
    harness.drain()

    old = cora_call("old", summary="Older.", outcomes={"dispute": True})
    answer = harness.send(old)
    harness.drain()

    (account,) = org.records("Debt_Account__c")
    assert account["Last_Call_Result__c"] == "Cora: Newer."
    assert account["Disputed__c"] is True
    assert harness.ended(answer) == ("synced", None)


def test_calls_of_one_debtor_in_one_batch_apply_in_the_order_they_happened(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    harness.send(cora_call("b", summary="Second.", createdAt="2026-05-04T11:00:00Z"))
    harness.send(cora_call("a", summary="First.", createdAt="2026-05-04T10:00:00Z"))

    harness.drain()

    (account,) = org.records("Debt_Account__c")
    assert account["Last_Call_Result__c"] == "Cora: Second."


def test_one_bad_row_fails_alone(harness: Harness, org: LocalOrg) -> None:
    add_account(org)
    org.faults.add(
        "row_error",
        object="Task",
        field="External_Call_Id__c",
        value="call-7",
        statusCode="FIELD_CUSTOM_VALIDATION_EXCEPTION",
        message="not today",
        fields=["Subject"],
    )
    answers = [harness.send(cora_call(f"call-{number}")) for number in range(20)]

    harness.drain()

    ends = [harness.ended(answer) for answer in answers]
    bad = ("parked", "field_custom_validation_exception")
    assert ends == [bad if n == 7 else ("synced", None) for n in range(20)]
    assert len(org.records("Task")) == 19


def test_a_refused_merged_account_holds_up_only_the_call_at_fault(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add(
        "row_error",
        object="Debt_Account__c",
        field="Bankruptcy_Chapter__c",
        value="13",
        statusCode="FIELD_CUSTOM_VALIDATION_EXCEPTION",
        message="no",
        fields=["Bankruptcy_Chapter__c"],
    )
    first = harness.send(cora_call("a", outcomes={"dispute": True}))
    bad = harness.send(
        cora_call("b", outcomes={"bankruptcy": True, "bankruptcyChapter": "13"})
    )
    third = harness.send(cora_call("c", outcomes={"deceased": True}))

    harness.drain()

    assert [harness.ended(answer)[0] for answer in (first, bad, third)] == [
        "synced",
        "parked",
        "synced",
    ]
    (account,) = org.records("Debt_Account__c")
    # The flag of the call at fault stands too: it is a write of its own.
    flags = ("Disputed__c", "Bankruptcy__c", "Deceased__c")
    assert [account[flag] for flag in flags] == [True, True, True]


def test_a_locked_row_is_tried_again_alone(harness: Harness, org: LocalOrg) -> None:
    add_account(org)
    org.faults.add("row_lock", object="Task", keys=["call-1"], times=1)
    locked = harness.send(cora_call("call-1"))
    free = harness.send(cora_call("call-2"))

    harness.drain()
    assert harness.ended(locked) == ("pending", "unable_to_lock_row")
    assert harness.ended(free) == ("synced", None)
    harness.drain()
    assert harness.event(locked.event_id).attempts == 1
    org.reset_stats()
    harness.clock.move(seconds=3)
    harness.drain()

    assert harness.ended(locked) == ("synced", None)
    # Its account was written before and is not written again.
    assert "PATCH composite/sobjects" not in org.stats()["by_path"]


def test_an_org_that_is_away_is_asked_no_more_than_once_a_drain(
    harness: Harness, org: LocalOrg
) -> None:
    org.faults.add("total_requests")
    answers = [harness.send(cora_call(f"call-{number}")) for number in range(50)]

    harness.drain()

    assert org.stats()["api_requests"] == 1
    assert {harness.ended(a) for a in answers} == {("pending", "crm_unavailable")}
    waits = harness.event(answers[0].event_id).next_attempt_at - harness.clock()
    assert waits.total_seconds() == 600


def test_everything_arrives_after_an_outage(harness: Harness, org: LocalOrg) -> None:
    add_account(org)
    org.faults.add("unavailable")
    answers = [harness.send(cora_call(f"call-{number}")) for number in range(30)]
    for _ in range(4):
        harness.drain()
        harness.clock.move(minutes=15)
    org.faults.clear()

    harness.drain()

    assert {harness.ended(answer) for answer in answers} == {("synced", None)}
    assert len(org.records("Task")) == 30


def test_a_call_that_salesforce_never_takes_is_parked_after_the_retry_hours(
    harness: Harness, org: LocalOrg
) -> None:
    org.faults.add("total_requests")
    usual = harness.send(cora_call("usual"))
    urgent = harness.send(cora_call("urgent", outcomes={"doNotCall": True}))

    for _ in range(10):
        harness.clock.move(hours=8)
        harness.drain()

    assert harness.ended(usual) == ("parked", "gave_up")
    assert harness.ended(urgent) == ("pending", "crm_unavailable")


def test_what_is_given_up_is_not_said_to_be_tried_again(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add("row_lock", object="Task")
    answer = harness.send(cora_call())

    for _ in range(10):
        harness.clock.move(hours=8)
        harness.drain()

    assert harness.ended(answer) == ("parked", "gave_up")
    (task,) = [r for r in harness.records(answer) if r.state == "parked"]
    assert "it was tried for RETRY_HOURS" in str(task.hint)
    assert "it is tried again" not in str(task.hint)


def test_an_answer_lost_after_the_commit_makes_no_second_task(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add("drop_after_commit", path="composite/sobjects/Task", times=3)
    answer = harness.send(cora_call())

    harness.drain()
    harness.clock.move(minutes=1)
    harness.drain()

    assert harness.ended(answer) == ("synced", None)
    (task,) = org.records("Task")
    assert task["TaskSubtype"] == "Call"


def test_a_test_call_is_skipped(harness: Harness, org: LocalOrg) -> None:
    answer = harness.send(cora_call(isTestCall=True))

    harness.drain()

    assert harness.ended(answer) == ("skipped", "test_call")
    assert org.stats()["api_requests"] == 0


def test_an_event_without_a_mapping_is_stored_and_skipped(harness: Harness) -> None:
    body = b'{"requestType":"record","callId":"CA1","accountId":"AC1"}'

    answer = harness.send(body, "freeclimb")

    assert answer.status == "ignored"
    assert harness.ended(answer) == ("skipped", "unmapped_event")
    assert harness.rung == []


def test_a_write_that_a_transform_refuses_is_parked_and_the_others_stand(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    outcomes = {"bankruptcy": True, "bankruptcyFilingDate": "last autumn"}

    answer = harness.send(cora_call(outcomes=outcomes))
    harness.drain()

    assert harness.ended(answer) == ("parked", "transform_refused")
    states = [(r.object, r.state) for r in harness.records(answer)]
    assert states == [
        ("Task", State.SYNCED),
        ("Call_Detail__c", State.SYNCED),
        ("Debt_Account__c", State.SYNCED),
        ("Debt_Account__c", State.SYNCED),
        ("Debt_Account__c", State.PARKED),
    ]
    (account,) = org.records("Debt_Account__c")
    assert account["Bankruptcy__c"] is True
    (hint,) = [r.hint for r in harness.records(answer) if r.hint]
    assert "autumn" not in hint
    assert "to_date: not a date" in hint


UPSERT_PARENT = """
  - object: Debt_Account__c
    key: {Account_Number__c: payload.fileNumber}
    fields:
      Phone__c: {from: payload.phoneNumber, write: if_empty}
      Balance__c: {from: payload.balance, as: to_number, write: clear_on_null}
"""
CHILD = """
  - object: Promise_To_Pay__c
    key: {External_Id__c: event.call_id}
    fields:
      Status__c: {value: Pending}
    links:
      Debt_Account__c:
        object: Debt_Account__c
        match: [{Account_Number__c: payload.fileNumber}]
"""


def test_a_parent_made_in_the_same_batch_is_linked_to(
    database: Engine, org: LocalOrg
) -> None:
    # The child stands first in the mapping; the parent goes first all the same.
    with with_mapping(database, org, CHILD + UPSERT_PARENT) as harness:
        answer = harness.send(cora_call())
        harness.drain()

    assert harness.ended(answer) == ("synced", None)
    (account,) = org.records("Debt_Account__c")
    (promise,) = org.records("Promise_To_Pay__c")
    assert promise["Debt_Account__c"] == account["Id"]


def test_a_child_waits_with_its_parent(database: Engine, org: LocalOrg) -> None:
    org.faults.add("row_lock", object="Debt_Account__c", every=1, times=1)
    with with_mapping(database, org, CHILD + UPSERT_PARENT) as harness:
        answer = harness.send(cora_call())
        harness.drain()
        first = harness.ended(answer)
        harness.clock.move(minutes=1)
        harness.drain()

    assert first[0] == "pending"
    assert harness.ended(answer) == ("synced", None)
    assert len(org.records("Promise_To_Pay__c")) == 1


def test_if_empty_keeps_what_is_there_and_fills_what_is_not(
    database: Engine, org: LocalOrg
) -> None:
    add_account(org, "ACC-1", Phone__c="+15125550199")
    add_account(org, "ACC-2")
    with with_mapping(database, org, UPSERT_PARENT) as harness:
        harness.send(cora_call("a", fileNumber="ACC-1"))
        harness.send(cora_call("b", fileNumber="ACC-2"))
        harness.drain()

    phones = [account["Phone__c"] for account in org.records("Debt_Account__c")]
    assert phones == ["+15125550199", "+15125550101"]


def test_null_clears_only_where_the_field_says_so(
    database: Engine, org: LocalOrg
) -> None:
    for number in ("ACC-1", "ACC-2"):
        add_account(org, number, Balance__c=10, Phone__c="+15125550199")
    with with_mapping(database, org, UPSERT_PARENT) as harness:
        harness.send(cora_call("a", fileNumber="ACC-1", balance=None))
        harness.send(cora_call("b", fileNumber="ACC-2"))
        harness.drain()

    balances = [account["Balance__c"] for account in org.records("Debt_Account__c")]
    assert balances == [None, 10]


def test_an_insert_leaves_a_record_alone_that_is_there(
    database: Engine, org: LocalOrg
) -> None:
    add_account(org, "ACC-1", Phone__c="+15125550199")
    mapping = """
  - object: Debt_Account__c
    mode: insert
    key: {Account_Number__c: payload.fileNumber}
    fields:
      Phone__c: payload.phoneNumber
"""
    with with_mapping(database, org, mapping) as harness:
        there = harness.send(cora_call("a", fileNumber="ACC-1"))
        new = harness.send(cora_call("b", fileNumber="ACC-2"))
        harness.drain()

    assert harness.ended(there) == harness.ended(new) == ("synced", None)
    phones = [account["Phone__c"] for account in org.records("Debt_Account__c")]
    assert phones == ["+15125550199", "+15125550101"]


def test_a_fault_of_our_own_parks_one_event_and_holds_up_no_other(
    harness: Harness, org: LocalOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_account(org)
    answers = [harness.send(cora_call(f"call-{number}")) for number in range(5)]
    plan_event = draining.plan_event

    def faulty(row: EventRow, *rest: Any) -> Any:
        if row.call_id == "call-3":
            raise ZeroDivisionError("a value of the payload")
        return plan_event(row, *rest)

    monkeypatch.setattr(draining, "plan_event", faulty)
    harness.drain()

    ends = [harness.ended(answer) for answer in answers]
    fault = ("parked", "internal_error")
    assert ends == [fault if n == 3 else ("synced", None) for n in range(5)]


def test_a_drain_of_nothing_takes_no_lease(harness: Harness) -> None:
    harness.drain()

    assert harness.lanes.lease(0, harness.clock(), 60) == Lease(0, 1)


def test_a_lane_is_left_to_who_drains_it(harness: Harness, org: LocalOrg) -> None:
    answer = harness.send(cora_call())
    lane = harness.event(answer.event_id).lane
    harness.lanes.lease(lane, harness.clock(), 60)

    assert harness.drainer.drain(lane) is False
    assert org.stats()["api_requests"] == 0
