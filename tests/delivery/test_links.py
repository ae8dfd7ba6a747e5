"""Who a record is linked to: forms of a value, Who and What, and the wrong party."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import Harness, Spy, add_account, cora_call, with_mapping
from worker.localorg import LocalOrg

BY_PHONE = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields: {Subject: {value: Call}}
    links:
      WhatId:
        object: Debt_Account__c
        match: [{Phone__c: {from: event.phone, as: {phone_forms: US}}}]
  - object: Debt_Account__c
    mode: update
    match: [{Phone__c: {from: event.phone, as: {phone_forms: US}}}]
    fields: {Do_Not_Call__c: {from: payload.outcomes.doNotCall, write: sticky}}
"""
FLAGGED = {"doNotCall": True}
PHONE = "+15125550101"
FORMS = [PHONE, "15125550101", "5125550101", "(512) 555-0101", "512-555-0101"]


@pytest.fixture
def by_phone(database: Engine, org: LocalOrg) -> Iterator[Harness]:
    with with_mapping(database, org, BY_PHONE, cache_seconds=300) as harness:
        yield harness


@pytest.mark.parametrize("form", FORMS)
def test_a_debtor_is_found_however_the_org_writes_the_phone(
    by_phone: Harness, org: LocalOrg, form: str
) -> None:
    account_id = add_account(org, Phone__c=form)
    add_account(org, "ACC-2", Phone__c="+15125550102")

    answer = by_phone.send(cora_call(outcomes=FLAGGED))
    by_phone.drain()

    assert by_phone.ended(answer) == ("synced", None)
    assert org.records("Task")[0]["WhatId"] == account_id
    flags = [account["Do_Not_Call__c"] for account in org.records("Debt_Account__c")]
    assert flags == [True, False]
    assert org.stats()["by_path"]["GET query"] == 1


def test_two_debtors_with_the_number_in_two_forms_are_never_guessed_between(
    by_phone: Harness, org: LocalOrg
) -> None:
    add_account(org, "ACC-1", Phone__c=FORMS[0])
    add_account(org, "ACC-2", Phone__c=FORMS[3])

    answer = by_phone.send(cora_call(outcomes=FLAGGED))
    by_phone.drain()

    assert by_phone.ended(answer) == ("parked", "ambiguous_match")
    assert org.records("Task") == []
    flags = [account["Do_Not_Call__c"] for account in org.records("Debt_Account__c")]
    assert flags == [False, False]


def test_a_debtor_found_by_two_calls_forms_counts_once(
    by_phone: Harness, org: LocalOrg
) -> None:
    account_id = add_account(org, Phone__c=FORMS[3])
    answers = [
        by_phone.send(cora_call(call, phoneNumber=phone, outcomes=FLAGGED))
        for call, phone in {"a": PHONE, "b": "+1 512 555 0101"}.items()
    ]

    by_phone.drain()

    assert {by_phone.ended(answer) for answer in answers} == {("synced", None)}
    assert {task["WhatId"] for task in org.records("Task")} == {account_id}


def test_a_record_that_a_link_makes_has_the_first_form(
    database: Engine, wide_org: LocalOrg, schema_dir: Path
) -> None:
    mapping = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields: {Subject: {value: Call}}
    links:
      WhoId:
        object: Contact
        match: [{Debtor_Id__c: {from: event.phone, as: {phone_forms: US}}}]
        missing: create
        create: {LastName: {value: Unknown}}
"""
    with with_mapping(database, wide_org, mapping, schema_dir=schema_dir) as harness:
        harness.send(cora_call("call-1"))
        harness.drain()
        harness.send(cora_call("call-2", phoneNumber="+1 (512) 555-0101"))
        harness.drain()

    (contact,) = wide_org.records("Contact")
    assert contact["Debtor_Id__c"] == PHONE
    assert {task["WhoId"] for task in wide_org.records("Task")} == {contact["Id"]}


WHO_AND_WHAT = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    wrong_party: write
    fields:
      Subject: {value: Call}
      Right_Party__c:
        from: payload.outcomes
        as: {first_flag: {wasWrongNumber: Wrong number, wasWrongParty: Wrong party}}
    links:
      WhoId:
        object: Contact
        match: [{Debtor_Id__c: payload.debtor}, {Phone: event.phone}]
        missing: skip
      WhatId:
        object: Debt_Account__c
        match: [{Account_Number__c: event.file_number}]
        missing: skip
        wrong_party: keep
"""
DEBT = """
  - object: Debt_Account__c
    mode: update
    key: {Account_Number__c: event.file_number}
    fields: {Contact_Status__c: {value: Reached}}
  - object: Debt_Account__c
    mode: update
    wrong_party: write
    key: {Account_Number__c: event.file_number}
    fields: {Wrong_Number__c: payload.outcomes.wasWrongNumber}
  - object: Promise_To_Pay__c
    when: payload.outcomes.promiseToPayDays
    key: {External_Id__c: event.call_id}
    fields: {Status__c: {value: Pending}}
"""
RIGHT_PARTY = """right_party:
  wrong_when: payload.outcomes.[wasWrongNumber, wasWrongParty] | contains(@, `true`)
"""


@pytest.fixture
def linked(database: Engine, wide_org: LocalOrg, schema_dir: Path) -> Iterator[Harness]:
    add_account(wide_org, "ACC-1")
    contacts = [
        {"LastName": "Debtor", "Debtor_Id__c": "D-1", "Phone": PHONE},
        {"LastName": "Other", "Debtor_Id__c": "D-2"},
    ]
    wide_org.insert("Contact", contacts)
    with with_mapping(
        database,
        wide_org,
        WHO_AND_WHAT + DEBT,
        head=RIGHT_PARTY,
        schema_dir=schema_dir,
    ) as harness:
        yield harness


def ids(org: LocalOrg, object_name: str) -> list[str]:
    return [record["Id"] for record in org.records(object_name)]


@pytest.mark.parametrize(
    ("payload", "contact"),
    [({"debtor": "D-2"}, 1), ({}, 0), ({"debtor": "D-9"}, None)],
)
def test_who_and_what_are_resolved_by_id(
    linked: Harness, wide_org: LocalOrg, payload: dict[str, Any], contact: int | None
) -> None:
    answer = linked.send(cora_call(**payload))

    linked.drain()

    assert linked.ended(answer) == ("synced", None)
    (task,) = wide_org.records("Task")
    contacts = ids(wide_org, "Contact")
    assert task["WhoId"] == (None if contact is None else contacts[contact])
    assert [task["WhatId"]] == ids(wide_org, "Debt_Account__c")
    # One look-up for each of the two objects.
    assert wide_org.stats()["by_path"]["GET query"] == 2


def test_an_id_of_a_wrong_object_never_gets_into_who_or_what(
    database: Engine, wide_org: LocalOrg, schema_dir: Path
) -> None:
    add_account(wide_org, "ACC-1")
    swapped = WHO_AND_WHAT.replace("WhoId", "X").replace("WhatId", "WhoId")
    swapped = swapped.replace("      X:", "      WhatId:")
    with with_mapping(database, wide_org, swapped, schema_dir=schema_dir) as harness:
        answer = harness.send(cora_call())
        harness.drain()

    assert harness.ended(answer) == ("parked", "malformed_id")
    assert wide_org.records("Task") == []


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [
        ({"wasWrongNumber": True}, "Wrong number"),
        ({"wasWrongParty": True, "wasWrongNumber": False}, "Wrong party"),
    ],
)
def test_a_wrong_party_is_on_the_account_alone_with_the_reason(
    linked: Harness, wide_org: LocalOrg, outcomes: dict[str, Any], reason: str
) -> None:
    answer = linked.send(cora_call(outcomes={**outcomes, "promiseToPayDays": 7}))

    linked.drain()

    assert linked.ended(answer) == ("synced", None)
    (task,) = wide_org.records("Task")
    assert (task["WhoId"], task["Right_Party__c"]) == (None, reason)
    (account,) = wide_org.records("Debt_Account__c")
    assert task["WhatId"] == account["Id"]
    assert account["Contact_Status__c"] is None
    assert account["Wrong_Number__c"] is bool(outcomes.get("wasWrongNumber"))
    assert wide_org.records("Promise_To_Pay__c") == []
    skipped = [(r.object, r.reason) for r in linked.records(answer) if r.reason]
    assert skipped == [
        ("Debt_Account__c", "wrong_party"),
        ("Promise_To_Pay__c", "wrong_party"),
    ]
    # Nobody even looked for the person reached.
    assert wide_org.stats()["by_path"]["GET query"] == 1


@pytest.mark.parametrize(
    "outcomes", [{"wasWrongNumber": False, "wasWrongParty": None}, {}]
)
def test_nothing_is_held_back_of_a_call_with_the_right_party(
    linked: Harness, wide_org: LocalOrg, outcomes: dict[str, Any]
) -> None:
    answer = linked.send(cora_call(outcomes={**outcomes, "promiseToPayDays": 7}))

    linked.drain()

    assert linked.ended(answer) == ("synced", None)
    (task,) = wide_org.records("Task")
    assert task["WhoId"] == ids(wide_org, "Contact")[0]
    (account,) = wide_org.records("Debt_Account__c")
    assert account["Contact_Status__c"] == "Reached"
    assert len(wide_org.records("Promise_To_Pay__c")) == 1
    assert [r.reason for r in linked.records(answer) if r.reason] == []


def test_a_revision_that_finds_the_wrong_party_takes_the_person_off_again(
    linked: Harness, wide_org: LocalOrg
) -> None:
    linked.send(cora_call())
    linked.drain()
    assert wide_org.records("Task")[0]["WhoId"] is not None

    answer = linked.send(cora_call(outcomes={"wasWrongParty": True}))
    linked.drain()

    assert linked.ended(answer) == ("synced", None)
    (task,) = wide_org.records("Task")
    assert (task["WhoId"], task["Right_Party__c"]) == (None, "Wrong party")
    assert [task["WhatId"]] == ids(wide_org, "Debt_Account__c")


def test_a_person_whom_a_person_put_there_stays(
    linked: Harness, wide_org: LocalOrg
) -> None:
    linked.send(cora_call())
    linked.drain()
    (task,) = wide_org.records("Task")
    other = ids(wide_org, "Contact")[1]
    linked.crm.update("Task", [{"Id": task["Id"], "WhoId": other}])

    linked.send(cora_call(outcomes={"wasWrongParty": True}))
    linked.drain()

    (task,) = wide_org.records("Task")
    assert (task["WhoId"], task["Right_Party__c"]) == (other, "Wrong party")


def test_nobody_is_taken_off_a_call_that_linked_to_nobody(
    linked: Harness, wide_org: LocalOrg
) -> None:
    linked.send(cora_call(outcomes={"wasWrongParty": True}))
    linked.drain()
    linked.send(cora_call(outcomes={"wasWrongParty": True}, summary="Again."))
    linked.drain()

    assert isinstance(linked.crm, Spy)
    assert all("WhoId" not in task for task in linked.crm.sent("Task"))
