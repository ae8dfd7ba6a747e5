"""What every `Crm` does: the one in memory, and Salesforce's client over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.orgs import SCHEMA, client_of, running_org
from worker.crm import Crm
from worker.crm.memory import MemoryCrm
from worker.org_schema import load_schema

KEY = "External_Call_Id__c"
NUMBER = "Account_Number__c"


@dataclass
class Org:
    """A `Crm`, and what stands in it."""

    crm: Crm
    insert: Callable[[str, Mapping[str, Any]], str]
    records: Callable[[str], list[dict[str, Any]]]
    requests: Callable[[], int]


def in_memory() -> Org:
    crm = MemoryCrm(is_updateable=load_schema(SCHEMA).is_updateable)

    def insert(object_name: str, record: Mapping[str, Any]) -> str:
        (result,) = crm.upsert(object_name, next(iter(record)), [record])
        crm.requests = 0
        return str(result.salesforce_id)

    return Org(crm, insert, crm.records, lambda: crm.requests)


@pytest.fixture(params=["memory", "salesforce"])
def org(request: pytest.FixtureRequest) -> Iterator[Org]:
    if request.param == "memory":
        yield in_memory()
        return
    with running_org() as running, client_of(running.url) as crm:
        yield Org(
            crm,
            lambda name, record: running.insert(name, [record])[0],
            running.records,
            lambda: int(running.stats()["api_requests"]),
        )


def test_an_upsert_makes_a_record_and_then_changes_it(org: Org) -> None:
    (made,) = org.crm.upsert("Task", KEY, [{KEY: "call-1", "Subject": "First"}])
    (changed,) = org.crm.upsert("Task", KEY, [{KEY: "CALL-1", "Subject": "Second"}])

    assert (made.created, changed.created) == (True, False)
    assert made.salesforce_id == changed.salesforce_id
    (task,) = org.records("Task")
    assert (task[KEY], task["Subject"]) == ("call-1", "Second")


def test_an_update_changes_what_it_names_and_nothing_else(org: Org) -> None:
    account_id = org.insert("Debt_Account__c", {NUMBER: "ACC-1", "Foreign_Id__c": "x"})

    (result,) = org.crm.update(
        "Debt_Account__c", [{"Id": account_id, "Contact_Status__c": "Reached"}]
    )

    assert (result.code, result.salesforce_id) == (None, account_id)
    (account,) = org.records("Debt_Account__c")
    assert (account["Contact_Status__c"], account["Foreign_Id__c"]) == ("Reached", "x")


@pytest.mark.parametrize("value", [None, ""])
def test_null_and_an_empty_text_clear_a_field(org: Org, value: str | None) -> None:
    org.insert("Debt_Account__c", {NUMBER: "ACC-1", "Contact_Status__c": "Reached"})

    org.crm.upsert(
        "Debt_Account__c", NUMBER, [{NUMBER: "ACC-1", "Contact_Status__c": value}]
    )

    (account,) = org.records("Debt_Account__c")
    assert account["Contact_Status__c"] is None


def test_records_are_found_by_any_of_the_values_without_case(org: Org) -> None:
    by_number = org.insert("Debt_Account__c", {NUMBER: "Acc-1"})
    by_phone = org.insert(
        "Debt_Account__c", {NUMBER: "ACC-2", "Phone__c": "+15125550101"}
    )
    org.insert("Debt_Account__c", {NUMBER: "ACC-3"})

    found = org.crm.find(
        "Debt_Account__c",
        [NUMBER, "Phone__c"],
        {NUMBER: ["acc-1", "ACC-9"], "Phone__c": ["+15125550101"]},
    )

    assert {record["Id"] for record in found} == {by_number, by_phone}
    shown = {record["Id"]: (record[NUMBER], record["Phone__c"]) for record in found}
    assert shown[by_number] == ("Acc-1", None)


def test_a_key_twice_in_a_request_writes_neither(org: Org) -> None:
    results = org.crm.upsert("Task", KEY, [{KEY: "a"}, {KEY: "A"}, {KEY: "b"}])

    codes = [result.code for result in results]
    assert codes == ["DUPLICATE_EXTERNAL_ID", "DUPLICATE_EXTERNAL_ID", None]
    assert [task[KEY] for task in org.records("Task")] == ["b"]


def test_a_record_without_its_key_is_refused(org: Org) -> None:
    (result,) = org.crm.upsert("Task", KEY, [{"Subject": "Call"}])

    assert result.code == "MISSING_ARGUMENT"
    assert org.records("Task") == []


def test_an_id_that_nobody_has_is_refused_alone(org: Org) -> None:
    account_id = org.insert("Debt_Account__c", {NUMBER: "ACC-1"})
    wrong = account_id[:-4] + "9" + account_id[-3:]

    bad, good = org.crm.update(
        "Debt_Account__c",
        [
            {"Id": wrong, "Contact_Status__c": "Reached"},
            {"Id": account_id, "Contact_Status__c": "Reached"},
        ],
    )

    assert (bad.code, bad.salesforce_id) == ("INVALID_CROSS_REFERENCE_KEY", None)
    assert good.code is None


def test_what_cannot_be_updated_is_taken_only_with_a_new_record(org: Org) -> None:
    task = {KEY: "call-1", "TaskSubtype": "Call"}

    (made,) = org.crm.upsert("Task", KEY, [task])
    (again,) = org.crm.upsert("Task", KEY, [task])

    assert made.code is None
    assert again.code == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert again.fields == ("TaskSubtype",)


def test_each_call_is_a_request(org: Org) -> None:
    org.crm.upsert("Task", KEY, [{KEY: f"call-{number}"} for number in range(200)])
    org.crm.find("Task", [KEY], {KEY: ["call-1"]})

    assert org.requests() == 2


def test_more_than_two_hundred_records_are_refused_here(org: Org) -> None:
    with pytest.raises(ValueError, match="201 records in one request"):
        org.crm.upsert("Task", KEY, [{KEY: f"call-{n}"} for n in range(201)])


def test_several_records_of_one_key_are_never_guessed_between() -> None:
    crm = MemoryCrm({"Contact": [{"Legacy__c": "L-1"}, {"Legacy__c": "l-1"}]})

    (result,) = crm.upsert("Contact", "Legacy__c", [{"Legacy__c": "L-1"}])

    assert result.code == "DUPLICATE_EXTERNAL_ID"
    assert "more than one record" in result.message
    assert crm.written == []


def test_the_one_in_memory_keeps_ids_and_gives_them_where_there_are_none() -> None:
    crm = MemoryCrm({"Contact": [{"Id": "003A"}, {"Phone": "1"}]})

    ids = [record["Id"] for record in crm.records("Contact")]

    assert ids == ["003A", "001000000000002AAA"]


def test_the_one_in_memory_tells_what_was_written_and_what_is_gone() -> None:
    crm = MemoryCrm({"Contact": [{"Id": "003A", "Phone": "1"}]})

    crm.update("Contact", [{"Id": "003A", "Phone": "2"}])
    crm.upsert("Contact", "Key__c", [{"Key__c": "K", "Phone": "3"}])
    crm.delete("Contact", "003A")
    (gone,) = crm.update("Contact", [{"Id": "003A", "Phone": "4"}])

    assert crm.written == [
        ("update", "Contact", {"Id": "003A", "Phone": "2"}),
        ("create", "Contact", {"Key__c": "K", "Phone": "3"}),
    ]
    assert gone.code == "ENTITY_IS_DELETED"
