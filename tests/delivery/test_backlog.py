"""A lane's backlog is written by jobs: what they cost, and how their rows end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.delivery.depot import ACCOUNT, TASK, THRESHOLD, Depot, depot_of
from worker.localorg import LocalOrg


@pytest.fixture
def depot(database: Engine, org: LocalOrg) -> Iterator[Depot]:
    """A lane whose calls make a task."""
    with depot_of(database, org) as made:
        yield made


@pytest.fixture
def debtors(database: Engine, org: LocalOrg) -> Iterator[Depot]:
    """A lane whose calls also change their account."""
    with depot_of(database, org, TASK + ACCOUNT) as made:
        yield made


def accounts(org: LocalOrg, count: int) -> None:
    numbers = [{"Account_Number__c": f"ACC-{number}"} for number in range(count)]
    org.insert("Debt_Account__c", numbers)


def test_a_backlog_is_written_by_a_job_an_object(debtors: Depot) -> None:
    accounts(debtors.org, 700)
    debtors.queue(700)
    worker = debtors.worker()

    assert worker.drain(0) is False

    asked = debtors.asked()
    assert debtors.ends() == {("synced", None)}
    assert debtors.jobs() == [
        ("Task", "JobComplete", 700),
        ("Debt_Account__c", "JobComplete", 700),
    ]
    assert not [path for path in asked if "composite" in path]
    # Two requests of 350 would be twelve; here the number of events changes nothing.
    assert sum(asked.values()) - asked["GET query"] == 2 * 6 + 2
    assert asked["GET sobjects/Task/describe"] == 1
    task, account = debtors.harness.events.records([650])
    assert (task.key, task.created) == ("External_Call_Id__c=call-649", True)
    assert task.salesforce_id == debtors.org.records("Task")[649]["Id"]
    assert account.salesforce_id == debtors.org.records("Debt_Account__c")[649]["Id"]


def test_how_an_object_compares_its_keys_is_asked_once(depot: Depot) -> None:
    worker = depot.worker()
    for first in (0, 1000):
        depot.queue(THRESHOLD + 1, first)
        worker.drain(0)

    assert len(depot.jobs()) == 2
    assert depot.asked()["GET sobjects/Task/describe"] == 1


def test_fewer_than_the_threshold_go_by_requests(depot: Depot) -> None:
    depot.queue(THRESHOLD)

    depot.worker().drain(0)

    assert depot.ends() == {("synced", None)}
    assert depot.asked()["PATCH composite/sobjects/Task"] == 1
    assert depot.jobs() == []


def test_rows_fail_as_they_do_in_a_request(depot: Depot) -> None:
    alone = depot.send("alone", direction="Sideways")
    depot.worker().drain(0)
    depot.queue(220)
    bad = [depot.send(f"bad-{number}", direction="Sideways") for number in range(3)]
    faults = depot.org.faults
    faults.add("row_lock", object="Task", keys=["call-7"], times=1)
    faults.add(
        "row_error",
        times=1,
        field="External_Call_Id__c",
        value="call-9",
        statusCode="CANNOT_EXECUTE_FLOW_TRIGGER",
        message="Apex CPU time limit exceeded",
    )

    depot.worker().drain(0)

    (known,) = depot.harness.records(alone)
    code = "invalid_or_null_for_restricted_picklist"
    assert {depot.harness.ended(answer) for answer in bad} == {("parked", code)}
    for answer in bad:
        (record,) = depot.harness.records(answer)
        assert record.hint == known.hint
        assert record.error_fields == known.error_fields == "CallType"
    assert depot.jobs() == [("Task", "JobComplete", 223)]
    assert depot.ends() == {("parked", code), ("synced", None)}
    # One for the lock, one for the limit, and one for the call alone before.
    assert depot.asked()["PATCH composite/sobjects/Task"] == 3
    assert len(depot.org.records("Task")) == 220


def test_the_later_call_of_a_debtor_wins(debtors: Depot) -> None:
    accounts(debtors.org, 220)
    after = "2026-05-04T10:20:00.000Z"
    debtors.send("later", fileNumber="ACC-7", endedReason="last", createdAt=after)
    debtors.queue(220, endedReason="first")

    debtors.worker().drain(0)

    statuses = {
        account["Account_Number__c"]: account["Contact_Status__c"]
        for account in debtors.org.records("Debt_Account__c")
    }
    assert debtors.jobs()[1] == ("Debt_Account__c", "JobComplete", 220)
    assert statuses.pop("ACC-7") == "last"
    assert set(statuses.values()) == {"first"}


def test_what_a_record_keeps_is_sent_without_by_another_job(depot: Depot) -> None:
    known = [{"External_Call_Id__c": f"call-{number}"} for number in range(210)]
    depot.org.insert("Task", known)
    depot.queue(220, summary="Written.")

    depot.worker().drain(0)

    assert depot.ends() == {("synced", None)}
    assert [rows for _, _, rows in depot.jobs()] == [220, 210]
    assert {task["Description"] for task in depot.org.records("Task")} == {"Written."}


def test_an_urgent_call_waits_for_no_job(depot: Depot) -> None:
    depot.org.jobs.configure(looks=2)
    depot.queue(440)
    seen: list[tuple[str, str | None]] = []

    def come_in() -> None:
        if depot.waits == 1:
            urgent = depot.send_urgent()
            depot.worker().drain(depot.harness.event(urgent.event_id).lane)
            seen.append(depot.harness.ended(urgent))

    depot.on_wait = come_in
    depot.worker().drain(0)
    depot.worker().drain(0)

    # Salesforce has it; in its debtor's order it is written once more.
    assert seen == [("pending", "again_in_order")]
    assert depot.jobs() == [("Task", "JobComplete", 440)]
    assert depot.ends() == {("synced", None)}
    assert len(depot.org.records("Task")) == 441
