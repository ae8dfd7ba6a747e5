"""The balance of a soak finds what is wrong, seeded fault by seeded fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from tests.e2e.org_client import OrgClient
from worker.localorg import LocalOrg

from .balance import Balance, Row, take_balance
from .calls import BEGIN, Call, Debtor, debtors, make_calls
from .vendors import Tally


@dataclass
class Scene:
    """A few calls of every vendor, all of them delivered."""

    org: LocalOrg
    client: OrgClient
    everyone: list[Debtor] = field(default_factory=lambda: debtors(4))
    tally: Tally = field(default_factory=Tally)
    events: dict[int, Row] = field(default_factory=dict)

    def deliver(self, calls: int) -> None:
        rows = [debtor.row for debtor in self.everyone]
        ids = self.org.insert("Debt_Account__c", rows)
        made = make_calls(self.everyone, Random(1))
        last: dict[int, tuple[datetime, Call]] = {}
        for number in range(calls):
            call = next(made)
            moment = call.moment or BEGIN.replace(hour=9, minute=number)
            self.tally.calls[call.id] = call
            for revision in range(len(call.bodies)):
                self._store(call, revision, moment)
            self._write(call, ids[call.debtor.number])
            last[call.debtor.number] = moment, call
        asked = {c.debtor.number for c in self.tally.calls.values() if c.urgent}
        for number, (moment, call) in last.items():
            said = {
                "Last_Call_At__c": moment.isoformat(),
                "Last_Call_Result__c": call.result,
                "Do_Not_Call__c": number in asked,
            }
            self.change("Debt_Account__c", ids[number], said)

    def _store(self, call: Call, revision: int, moment: datetime) -> None:
        event_id = len(self.events) + 1
        self.tally.events[call.id, revision] = {event_id}
        self.events[event_id] = Row(event_id, call.id, "synced", None, moment)

    def _write(self, call: Call, account_id: str) -> None:
        task = {"External_Call_Id__c": call.id, "WhatId": account_id}
        self.org.insert("Task", [{**task, "Description": call.summary}])
        detail = {"External_Call_Id__c": call.id, "Debt_Account__c": account_id}
        self.org.insert("Call_Detail__c", [detail])
        if call.has_promise:
            promise = {"External_Id__c": f"promise:{call.id}"}
            self.org.insert(
                "Promise_To_Pay__c", [{**promise, "Debt_Account__c": account_id}]
            )

    def change(self, name: str, record_id: str, values: dict[str, Any]) -> None:
        path = f"{self.org.url}/services/data/v67.0/sobjects/{name}/{record_id}"
        answer = self.client._http.patch(path, json=values, timeout=5)
        assert answer.status_code == 204, answer.text

    def settle(self, event_id: int, **changes: Any) -> None:
        self.events[event_id] = replace(self.events[event_id], **changes)

    def balance(self) -> Balance:
        return take_balance(self.tally, self.events, self.client, self.everyone)


@pytest.fixture
def scene(org: LocalOrg) -> Iterator[Scene]:
    client = OrgClient(org.url)
    made = Scene(org, client)
    made.deliver(calls=24)
    yield made
    client.close()


def counts(scene: Scene) -> tuple[int, int, int]:
    balance = scene.balance()
    return len(balance.lost), len(balance.doubled), len(balance.stale)


def test_what_was_delivered_balances(scene: Scene) -> None:
    assert {call.vendor for call in scene.tally.calls.values()} == {
        "cora",
        "altur",
        "vocobase",
        "freeclimb",
    }
    assert scene.balance().is_even, list(scene.balance().faults())


@pytest.mark.parametrize("state", ["pending", "parked", "skipped"])
def test_an_event_that_is_not_delivered_is_lost(scene: Scene, state: str) -> None:
    scene.settle(1, state=state, reason="no_match")
    assert counts(scene) == (1, 0, 0)


def test_an_event_that_is_not_there_is_lost(scene: Scene) -> None:
    call_id = scene.events.pop(1).call_id
    scene.tally.calls[call_id].urgent = False
    assert counts(scene)[0] >= 1


def test_a_delivery_that_was_never_taken_is_lost(scene: Scene) -> None:
    key = next(iter(scene.tally.events))
    (event_id,) = scene.tally.events.pop(key)
    assert counts(scene) == (1, 1, 0)
    del scene.events[event_id]
    assert counts(scene)[:2] == (1, 0)


def test_a_delivery_of_two_events_is_doubled(scene: Scene) -> None:
    key, ids = next(iter(scene.tally.events.items()))
    scene.events[99] = replace(scene.events[min(ids)], id=99)
    scene.tally.events[key] = {*ids, 99}
    assert counts(scene) == (0, 1, 0)


def test_a_call_without_its_records_is_lost(scene: Scene) -> None:
    debtor = scene.everyone[0]
    call = Call("unwritten", "cora", debtor, "Cora: x", [b""], has_promise=True)
    scene.tally.calls[call.id] = call
    scene._store(call, 0, BEGIN)
    assert counts(scene) == (3, 0, 0)


def test_records_of_no_call_are_doubled(scene: Scene) -> None:
    scene.org.insert("Task", [{"External_Call_Id__c": "nobody's"}])
    scene.org.insert("Task", [{"External_Call_Id__c": None}] * 2)
    assert counts(scene) == (0, 2, 0)


@pytest.mark.parametrize(
    "said",
    [
        {"Last_Call_At__c": datetime(2026, 5, 1, tzinfo=UTC).isoformat()},
        {"Last_Call_Result__c": "Cora: older."},
    ],
)
def test_an_account_that_says_something_older_is_stale(
    scene: Scene, said: dict[str, Any]
) -> None:
    (account, *_) = scene.org.records("Debt_Account__c")
    scene.change("Debt_Account__c", account["Id"], said)
    assert counts(scene) == (0, 0, 1)


def test_a_task_of_an_older_revision_is_stale(scene: Scene) -> None:
    task = next(t for t in scene.org.records("Task") if t["Description"])
    scene.change("Task", task["Id"], {"Description": "older"})
    assert counts(scene) == (0, 0, 1)


def test_a_flag_that_is_missing_or_too_much_is_lost(scene: Scene) -> None:
    for account in scene.org.records("Debt_Account__c"):
        turned = {"Do_Not_Call__c": not account["Do_Not_Call__c"]}
        scene.change("Debt_Account__c", account["Id"], turned)
    assert counts(scene) == (4, 0, 0)


def test_a_record_of_another_debtor_is_lost(scene: Scene) -> None:
    other = scene.org.records("Debt_Account__c")[-1]["Id"]
    for name in ("Call_Detail__c", "Promise_To_Pay__c"):
        record = next(
            r for r in scene.org.records(name) if r["Debt_Account__c"] != other
        )
        scene.change(name, record["Id"], {"Debt_Account__c": other})
    assert counts(scene) == (2, 0, 0)


def test_an_account_of_no_debtor_is_doubled(scene: Scene) -> None:
    scene.org.insert("Debt_Account__c", [{"Name": "A", "Account_Number__c": "A"}])
    assert counts(scene) == (0, 1, 0)


def test_an_older_call_over_a_newer_is_stale_though_the_events_know_no_better(
    scene: Scene,
) -> None:
    """As where each event is dated by its receipt."""
    calls = [c for c in scene.tally.calls.values() if c.debtor.vendors == ("altur",)]
    older, newest = calls[-2:]
    later = BEGIN.replace(hour=20)
    for row in scene.events.values():
        if row.call_id == older.id:
            scene.settle(row.id, occurred_at=later)
    account = next(
        a
        for a in scene.org.records("Debt_Account__c")
        if a["Account_Number__c"] == newest.debtor.account
    )
    said = {
        "Last_Call_At__c": later.isoformat(),
        "Last_Call_Result__c": older.result,
    }
    scene.change("Debt_Account__c", account["Id"], said)
    assert counts(scene) == (0, 0, 1)
