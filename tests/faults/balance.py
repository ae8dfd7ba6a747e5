"""What there is in the end against what was taken: lost, doubled, stale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import create_engine, text

from tests.e2e.org_client import OrgClient

from .calls import Call, Debtor
from .vendors import Tally

SETTLED = (("synced", None), ("skipped", "superseded"))
SHOWN = 20


@dataclass(slots=True)
class Balance:
    """Every fault that was found, in words."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)

    @property
    def is_even(self) -> bool:
        return not (self.lost or self.doubled or self.stale)

    def faults(self) -> Iterator[str]:
        for kind in ("lost", "doubled", "stale"):
            for fault in getattr(self, kind)[:SHOWN]:
                yield f"{kind}: {fault}"


@dataclass(frozen=True, slots=True)
class Row:
    """An event as the database has it."""

    id: int
    call_id: str
    state: str
    reason: str | None
    occurred_at: datetime


def read_events(url: str) -> dict[int, Row]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    query = text("SELECT id, call_id, state, reason, occurred_at FROM event")
    try:
        with engine.connect() as connection:
            rows = [Row(*row) for row in connection.execute(query)]
    finally:
        engine.dispose()
    return {row.id: row for row in rows}


def take_balance(
    tally: Tally, events: dict[int, Row], org: OrgClient, everyone: Sequence[Debtor]
) -> Balance:
    """Compare what the vendors were told with the ledger and with the org."""
    balance = Balance()
    _compare_events(tally, events, balance)
    rows = _accounts(org)
    accounts = {row["Account_Number__c"]: row for row in rows}
    more = len(rows) - len(everyone)
    balance.doubled += [f"{more} accounts more than debtors"] if more else []
    _compare_tasks(tally, accounts, org, balance)
    _compare_records(tally, accounts, org, balance)
    _compare_accounts(tally, events, accounts, everyone, balance)
    return balance


def _compare_events(tally: Tally, events: dict[int, Row], balance: Balance) -> None:
    """Each delivery that was taken is one event, each event was a delivery; settled."""
    owners = Counter(i for ids in tally.events.values() for i in ids)
    for (call_id, revision), ids in tally.events.items():
        name = f"{call_id}, revision {revision}"
        if len(ids) > 1:
            balance.doubled.append(f"{name} is events {sorted(ids)}")
        for event_id in ids:
            row = events.get(event_id)
            if row is None or row.call_id != call_id:
                balance.lost.append(f"{name}: there is no event {event_id}")
            elif (row.state, row.reason) not in SETTLED:
                balance.lost.append(f"{name} is {row.state} ({row.reason})")
            elif owners[event_id] > 1:
                balance.lost.append(f"{name} shares event {event_id} with another")
    unknown = [str(i) for i in events if i not in owners]
    balance.doubled += [f"event {i} is no delivery that was taken" for i in unknown]
    for call in tally.calls.values():
        for revision in range(len(call.bodies)):
            if (call.id, revision) not in tally.events:
                balance.lost.append(f"{call.id}, revision {revision} was never taken")


def _compare_tasks(
    tally: Tally, accounts: dict[str, Any], org: OrgClient, balance: Balance
) -> None:
    tasks = org.query("SELECT External_Call_Id__c, WhatId, Description FROM Task")
    by_call: dict[str, list[dict[str, Any]]] = {}
    for task in tasks:
        by_call.setdefault(task["External_Call_Id__c"], []).append(task)
    _compare_keys("Task", by_call, set(tally.calls), balance)
    for call_id, found in by_call.items():
        call = tally.calls.get(call_id)
        if call is None:
            continue
        if found[0]["WhatId"] != accounts[call.debtor.account]["Id"]:
            balance.lost.append(f"the Task of {call_id} is not its debtor's")
        if call.summary and found[0]["Description"] != call.summary:
            balance.stale.append(f"the Task of {call_id}: {found[0]['Description']}")


def _compare_records(
    tally: Tally, accounts: dict[str, Any], org: OrgClient, balance: Balance
) -> None:
    """What hangs on a call: once each, and its debtor's."""
    calls = tally.calls.values()
    promised = {f"promise:{call.id}": call for call in calls if call.has_promise}
    for name, key, wanted in (
        ("Call_Detail__c", "External_Call_Id__c", tally.calls),
        ("Promise_To_Pay__c", "External_Id__c", promised),
    ):
        rows = org.query(f"SELECT {key}, Debt_Account__c FROM {name}")
        found = Counter(row[key] for row in rows)
        _compare_keys(name, _lists(found), set(wanted), balance)
        for row in rows:
            call = wanted.get(row[key])
            owner = call and accounts[call.debtor.account]["Id"]
            if call and row["Debt_Account__c"] != owner:
                balance.lost.append(f"the {name} of {call.id} is not its debtor's")


def _lists(counted: Counter[str]) -> dict[str, list[Any]]:
    return {key: [key] * times for key, times in counted.items()}


def _compare_keys(
    name: str, found: dict[str, list[Any]], wanted: set[str], balance: Balance
) -> None:
    balance.lost += [f"no {name} of {key}" for key in sorted(wanted - found.keys())]
    for key, rows in found.items():
        if len(rows) > 1 or key not in wanted:
            balance.doubled.append(f"{len(rows)} {name} of {key}")


def _compare_accounts(
    tally: Tally,
    events: dict[int, Row],
    accounts: dict[str, Any],
    everyone: Sequence[Debtor],
    balance: Balance,
) -> None:
    """The newest call is what an account says, and who asked is not called again."""
    moments = {row.call_id: _moment(row.occurred_at) for row in events.values()}
    # The vendor's own word, where it has one: an event may be wrong about it.
    said = {call.id: _moment(call.moment) for call in tally.calls.values()}
    moments = {call_id: said.get(call_id) or at for call_id, at in moments.items()}
    calls: dict[str, list[Call]] = {}
    for call in tally.calls.values():
        calls.setdefault(call.debtor.account, []).append(call)
    for debtor in everyone:
        account, own = accounts[debtor.account], calls.get(debtor.account, [])
        dated = [(moments[call.id], call.result) for call in own if call.id in moments]
        if dated:
            newest = max(moment for moment, _ in dated)
            results = {result for moment, result in dated if moment == newest}
            shown = _moment(account["Last_Call_At__c"]), account["Last_Call_Result__c"]
            if shown[0] != newest or shown[1] not in results:
                balance.stale.append(f"{debtor.account}: {shown}, not {results}")
        asked = any(call.urgent for call in own)
        if bool(account["Do_Not_Call__c"]) is not asked:
            balance.lost.append(f"{debtor.account}: do not call is not {asked}")


def _accounts(org: OrgClient) -> list[dict[str, Any]]:
    fields = "Id, Account_Number__c, Do_Not_Call__c"
    last = "Last_Call_At__c, Last_Call_Result__c"
    return org.query(f"SELECT {fields}, {last} FROM Debt_Account__c")


def _moment(value: Any) -> str | None:
    """A moment to the second as text, in whatever form it comes."""
    return None if value is None else str(value).replace(" ", "T")[:19]
