"""Deliveries over HTTP, through everything, into records that SOQL reads back."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import yaml

from .deliveries import PATHS, cora_call, fixture_body, new_id
from .stacks import Stack

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
Settled = dict[str, dict[str, Any]]


def expected_upserts(path: Path) -> list[dict[str, Any]]:
    """The records beside a fixture that its call creates."""
    records = path.with_suffix(".records.yaml").read_text(encoding="utf-8")
    writes = yaml.safe_load(records).get("writes", [])
    return [write for write in writes if write.get("mode") == "upsert"]


VENDORS = ("altur", "cora", "freeclimb", "vocobase")
NOT_SYNCED = {
    "cora/call.completed__test_call": ("skipped", "test_call"),
    "freeclimb/record__utterance": ("skipped", "unmapped_event"),
}

EXPECTED = {name: expected_upserts(path) for name, path in PATHS.items()}
# The older version of a delivery is posted after it, and stays.
LATEST = [n for n in PATHS if EXPECTED[n] and f"{n}_older" not in PATHS]

# They tell no time of the call.
DATED_BY_RECEIPT = ("freeclimb/", "altur/on_call_end__oldest")

# What a vendor said of a call, whatever the mapping's words for it.
TASKS = {
    "cll_HbrNewest00000000001": {
        "CallType": "Outbound",
        "CallDurationInSeconds": 45,
        "Connection__c": "altur",
        "Agent_Name__c": "Lucía Arriaga",
        "ActivityDate": "2026-05-04",
        "What": "ACC-20001",
    },
    "65f0c0ffee00000000000a08": {
        "CallType": "Inbound",
        "CallDurationInSeconds": 62,  # 61,500 ms, rounded up
        "Connection__c": "cora",
        "Promise_To_Pay_Days__c": 7,
        "Description": "Every outcome at once but for a wrong party;"
        " no true call is like this.",
        "What": "ACC-10004",
    },
    "CA00000000000000000000000000000000000000f1": {
        "CallType": "Inbound",
        "CallDurationInSeconds": 61,
        "Connection__c": "freeclimb",
        "What": "ACC-30001",
    },
    "7d0c2f10-3333-4f2a-8a01-000000000011": {
        "CallType": "Outbound",
        "CallDurationInSeconds": 61,
        "Connection__c": "vocobase",
        "What": "ACC-10006",
    },
}

ACCOUNTS = {
    # Cora's compliance call.
    "FILE-8821": {
        "Do_Not_Call__c": True,
        "Cease_And_Desist__c": True,
        "Email_Only__c": True,
        "Callback_Consent__c": "No",
        "Bankruptcy__c": False,
        "Last_Call_At__c": "2026-05-04T09:20:00.000+0000",
    },
    # Cora's call with every outcome.
    "ACC-10004": {
        "Do_Not_Call__c": True,
        "Cease_And_Desist__c": True,
        "Bankruptcy__c": True,
        "Deceased__c": True,
        "Disputed__c": True,
        "Fraud__c": True,
        "Complaint__c": True,
        "Lawsuit_Risk__c": True,
        "Legal_Action__c": True,
        "Deployed__c": True,
        "Bankruptcy_Chapter__c": "7",
        "Bankruptcy_Case_Number__c": "26-00555-QRS",
        "Bankruptcy_Filing_Date__c": "2026-02-20",
        "Debt_Consolidation_Company__c": "Clearwater Debt Partners",
        "Language__c": "Spanish",
        "Promise_Date__c": "2026-05-11",
    },
    "ACC-429795": {
        "Last_Payment_Amount__c": 150.0,
        "Last_Payment_Date__c": "2026-05-04",
    },
    "ACC-10002": {"Last_Failed_Payment_Date__c": "2026-05-04"},
}


def test_every_fixture_ends_synced_or_is_skipped_for_a_reason(
    settled_fixtures: Settled,
) -> None:
    ends = {name: (e["state"], e["reason"]) for name, e in settled_fixtures.items()}

    assert ends == {name: NOT_SYNCED.get(name, ("synced", None)) for name in PATHS}


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_record_of_a_vendor_is_in_the_org(
    vendor: str, stack: Stack, settled_fixtures: Settled
) -> None:
    written = {
        (record["object"], record["salesforce_id"])
        for event in settled_fixtures.values()
        for record in event["records"]
        if event["connection"] == vendor and record["state"] == "synced"
    }

    assert {name for name, _ in written} >= {"Task", "Debt_Account__c"}
    for object_name, record_id in written:
        record = stack.org.one("Id", f"{object_name} WHERE Id = '{record_id}'")
        assert record == {"Id": record_id}


@pytest.mark.parametrize("call_id", TASKS)
def test_a_call_log_holds_what_the_vendor_sent(
    call_id: str, stack: Stack, settled_fixtures: Settled
) -> None:
    expected = dict(TASKS[call_id])
    account = expected.pop("What")
    where = f"Task WHERE External_Call_Id__c = '{call_id}'"
    task = stack.org.one(f"{', '.join(expected)}, WhatId", where)

    assert account_number(stack, task.pop("WhatId")) == account
    assert task == expected


@pytest.mark.parametrize("name", LATEST)
def test_the_org_holds_the_records_that_stand_beside_the_fixture(
    name: str, stack: Stack, settled_fixtures: Settled
) -> None:
    """Those of objects that only this call writes; an account is of several calls."""
    for write in EXPECTED[name]:
        (key,) = write["key"].items()
        fields, links = write["fields"], write.get("links", {})
        if name.startswith(DATED_BY_RECEIPT):
            fields = {f: value for f, value in fields.items() if f != "ActivityDate"}
        where = f"{write['object']} WHERE {key[0]} = '{key[1]}'"
        record = stack.org.one(", ".join([*fields, *links]), where)

        assert {field: record[field] for field in fields} == {
            field: as_answered(value) for field, value in fields.items()
        }
        for field, link in links.items():
            match = link["match"]
            assert record[field] == (account_id(stack, match) if match else None)


def as_answered(value: Any) -> Any:
    """A value as a query gives it back: no empty text, and its way with moments."""
    if isinstance(value, str) and MOMENT.fullmatch(value):
        return value.replace("Z", ".000+0000")
    return None if value == "" else value


def account_id(stack: Stack, match: dict[str, str]) -> str:
    ((field, value),) = match.items()
    where = f"Debt_Account__c WHERE {field} = '{value}'"
    return str(stack.org.one("Id", where)["Id"])


@pytest.mark.parametrize("number", ACCOUNTS)
def test_an_account_shows_what_its_calls_brought(
    number: str, stack: Stack, settled_fixtures: Settled
) -> None:
    expected = ACCOUNTS[number]
    where = f"Debt_Account__c WHERE Account_Number__c = '{number}'"

    assert stack.org.one(", ".join(expected), where) == expected


def account_number(stack: Stack, record_id: str | None) -> str | None:
    if record_id is None:
        return None
    where = f"Debt_Account__c WHERE Id = '{record_id}'"
    return str(stack.org.one("Account_Number__c", where)["Account_Number__c"])


def test_twenty_equal_deliveries_at_once_are_one_event_and_one_record_an_object(
    stack: Stack,
) -> None:
    call_id, number = new_id("call"), new_id("ACC")
    account_id = stack.new_account(number)
    body = cora_call(call_id, number, outcomes={"promiseToPayDays": 7})
    together = Barrier(20)

    def post(_: int) -> tuple[int, str, int]:
        together.wait()
        answer = stack.vendor.post("cora", body)
        return answer.status_code, answer.json()["status"], answer.json()["event"]

    with ThreadPoolExecutor(20) as pool:
        answers = sorted(pool.map(post, range(20)))

    event_id = answers[0][2]
    duplicates = [(200, "duplicate", event_id)] * 19
    assert answers == [(200, "accepted", event_id), *duplicates]
    assert stack.ledger.settled(event_id)["state"] == "synced"
    events = stack.ledger.all().values()
    assert [e["event"] for e in events if e["call_id"] == call_id] == [event_id]
    task = stack.org.one("WhatId", f"Task WHERE External_Call_Id__c = '{call_id}'")
    assert task == {"WhatId": account_id}
    promise = stack.org.one(
        "Debt_Account__c", f"Promise_To_Pay__c WHERE Source_Call_Id__c = '{call_id}'"
    )
    assert promise == {"Debt_Account__c": account_id}


def test_a_delivery_sent_again_after_it_was_synced_costs_nothing(stack: Stack) -> None:
    call_id, number = new_id("call"), new_id("ACC")
    stack.new_account(number)
    body = cora_call(call_id, number)
    event = stack.ledger.settled(stack.vendor.accepted("cora", body))
    answer = stack.vendor.post("cora", body)

    assert answer.json() == {"status": "duplicate", "event": event["event"]}
    assert stack.ledger.settled(event["event"]) == {**event, "duplicates": 1}


def test_an_event_that_we_do_not_map_is_ignored_and_kept(stack: Stack) -> None:
    body = json.loads(fixture_body("freeclimb/record__utterance"))
    body |= {"callId": new_id("CA"), "recordingId": new_id("RE")}
    answer = stack.vendor.post("freeclimb", json.dumps(body).encode())

    assert answer.status_code == 200
    assert answer.json()["status"] == "ignored"
    event = stack.ledger.settled(answer.json()["event"])
    assert (event["type"], event["state"]) == ("record", "skipped")
    assert event["reason"] == "unmapped_event"
    assert event["records"] == []


def test_a_call_of_a_debtor_not_in_the_org_is_logged_unlinked_and_parked(
    stack: Stack,
) -> None:
    call_id, number = new_id("call"), new_id("NOBODY")
    body = cora_call(call_id, number, phoneNumber="+15005550199")
    event = stack.ledger.settled(stack.vendor.accepted("cora", body))

    assert (event["state"], event["reason"]) == ("parked", "no_match")
    task = stack.org.one("WhatId", f"Task WHERE External_Call_Id__c = '{call_id}'")
    assert task == {"WhatId": None}
    where = f"Debt_Account__c WHERE Account_Number__c = '{number}'"
    assert stack.org.query(f"SELECT Id FROM {where}") == []


def test_a_test_call_is_skipped_and_writes_nothing(stack: Stack) -> None:
    call_id, number = new_id("call"), new_id("ACC")
    stack.new_account(number)
    body = cora_call(call_id, number, isTestCall=True)
    event = stack.ledger.settled(stack.vendor.accepted("cora", body))

    assert (event["state"], event["reason"]) == ("skipped", "test_call")
    where = f"Task WHERE External_Call_Id__c = '{call_id}'"
    assert stack.org.query(f"SELECT Id FROM {where}") == []
