"""What goes into a request: as many rows as there may be, a parent's rows together."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import ceil
from typing import Any

import pytest
from requests import Request
from sqlalchemy import Engine

from tests.delivery.harness import (
    Harness,
    Spy,
    add_account,
    cora_call,
    default_mappings,
    with_mapping,
)
from tests.delivery.mixed import mixed_deliveries, seed_debtors
from tests.orgs import client_of
from worker.crm.memory import MemoryCrm
from worker.crm.soql import lookups
from worker.delivery.halving import Requests
from worker.delivery.lookup import Lookup
from worker.delivery.merging import Row
from worker.delivery.pace import Pace
from worker.delivery.packing import pack, size_bytes
from worker.delivery.planning import Job
from worker.delivery.sending import Parcel, Sender
from worker.intake import Answer
from worker.localorg import LocalOrg
from worker.model import Match, State, Write

KEY = "External_Call_Id__c"
NOW = datetime(2026, 5, 4, 10, 15, 30, tzinfo=UTC)


def row(number: int, parent: str = "", text: str = "") -> Row:
    write = Write("Task", "upsert", Match(KEY, f"call-{number}"), {"Description": text})
    return Row(
        "Task",
        KEY,
        f"call-{number}",
        fields={"Description": text},
        insert_only=frozenset(),
        yields=frozenset(),
        jobs=[Job(number, 0, write, NOW, "1")],
        parent=parent,
    )


def parents(chunks: Sequence[Sequence[Row]]) -> list[list[str]]:
    return [sorted({row.parent for row in chunk}) for chunk in chunks]


def test_rows_go_sorted_by_parent() -> None:
    (chunk,) = pack([row(1, "b"), row(2, "a"), row(3), row(4, "b"), row(5, "a")], 200)

    assert [row.parent for row in chunk] == ["", "a", "a", "b", "b"]
    assert [row.target for row in chunk][1:] == ["call-2", "call-5", "call-1", "call-4"]


def test_the_rows_of_a_parent_are_in_one_request() -> None:
    rows = [row(number, "abcde"[number % 5]) for number in range(20)]

    chunks = pack(rows, 8)

    assert [len(chunk) for chunk in chunks] == [8, 8, 4]
    together = [parent for names in parents(chunks) for parent in names]
    assert sorted(together) == list("abcde")


def test_a_parent_is_parted_where_that_spares_a_request() -> None:
    rows = [row(number, "abc"[number % 3]) for number in range(12)]

    assert [len(chunk) for chunk in pack(rows, 6)] == [6, 6]


def test_a_parent_of_more_rows_than_a_request_takes_as_many_as_it_must() -> None:
    rows = [row(number, "a") for number in range(450)] + [row(900, "b")]

    assert [len(chunk) for chunk in pack(rows, 200)] == [200, 200, 51]


def test_a_request_is_bounded_in_bytes() -> None:
    rows = [row(number, text="x" * 1000) for number in range(20)]
    bound = 5 * size_bytes(rows[10]) + 100

    chunks = pack(rows, 200, bound)

    assert [len(chunk) for chunk in chunks] == [5, 5, 5, 5]
    for chunk in chunks:
        records = [{"attributes": {"type": "Task"}, **r.record()} for r in chunk]
        body = json.dumps({"allOrNone": False, "records": records})
        assert len(body.encode()) <= bound


def test_letters_beyond_ascii_count_as_what_they_are_sent_as() -> None:
    assert size_bytes(row(1, text="é" * 100)) - size_bytes(row(1)) == 600


def test_a_record_that_no_request_can_hold_is_parked_with_a_hint() -> None:
    crm = MemoryCrm()
    rows = [row(1), row(2, text="x" * 5000), row(3)]
    requests = Requests(crm, lambda: None, Pace())

    Sender(requests, Lookup(), max_bytes=1000).send(Parcel.of(rows))

    outcomes = [r.jobs[0].outcome for r in rows]
    assert [o and o.state for o in outcomes] == [
        State.SYNCED,
        State.PARKED,
        State.SYNCED,
    ]
    assert outcomes[1] is not None
    assert outcomes[1].reason == "record_too_large"
    assert "truncate" in (outcomes[1].hint or "")
    assert crm.requests == 1


@pytest.fixture
def spied(database: Engine, org: LocalOrg) -> Iterator[tuple[Harness, Spy]]:
    with client_of(org.url) as crm:
        spy = Spy(crm)
        yield Harness(database, spy, default_mappings()), spy


def test_the_tasks_of_a_batch_go_sorted_by_account(
    spied: tuple[Harness, Spy], org: LocalOrg
) -> None:
    harness, spy = spied
    ids = [add_account(org, f"ACC-{number}") for number in range(3)]
    for number in range(30):
        harness.send(cora_call(f"call-{number}", fileNumber=f"ACC-{number % 3}"))

    harness.drain()

    for _, name, rows in spy.requests:
        whats = [record["WhatId"] for record in rows] if name == "Task" else []
        assert whats == sorted(whats)
    assert {record["WhatId"] for record in spy.sent("Task")} == set(ids)


def test_a_key_that_occurs_twice_is_sent_once_and_the_later_call_wins(
    database: Engine, org: LocalOrg
) -> None:
    add_account(org, Phone__c="+15125550199")
    writes = """
  - object: Debt_Account__c
    key: {Account_Number__c: event.file_number}
    fields:
      Last_Call_Result__c: payload.summary
      Do_Not_Call__c: {from: payload.outcomes.doNotCall, write: sticky}
      Phone__c: {from: event.phone, write: if_empty}
"""
    calls = [
        cora_call("new", summary="New.", endedAt="2026-05-04T12:00:00.000Z"),
        cora_call("old", summary="Old.", outcomes={"doNotCall": True}),
        cora_call("mid", outcomes={"doNotCall": False}, fileNumber="acc-1"),
    ]
    calls[0]["payload"]["createdAt"] = "2026-05-04T11:59:00.000Z"
    with with_mapping(database, org, writes) as harness:
        answers = [harness.send(call) for call in calls]
        harness.drain()
        spy = harness.crm

    assert isinstance(spy, Spy)
    assert {harness.ended(answer) for answer in answers} == {("synced", None)}
    for _, _, rows in spy.requests:
        keys = [record["Account_Number__c"].lower() for record in rows]
        assert len(set(keys)) == len(keys)
    (account,) = org.records("Debt_Account__c")
    assert account["Last_Call_Result__c"] == "New."
    assert account["Do_Not_Call__c"] is True
    assert account["Phone__c"] == "+15125550199"


def test_values_with_slashes_fit_a_url_too() -> None:
    values = {"Account_Number__c": [f"A/{'/' * 20}{n}" for n in range(500)]}

    for query in lookups("Debt_Account__c", ["Id"], values):
        url = _url_of(query)
        assert len(url) < 14_000


def _url_of(query: str) -> str:
    asked = Request("GET", "http://org/query", params={"q": query})
    return str(asked.prepare().url)


def test_two_hundred_account_numbers_are_one_query() -> None:
    values = {"Account_Number__c": [f"ACC-{n:06}" for n in range(200)]}

    assert len(list(lookups("Debt_Account__c", ["Id"], values))) == 1


def test_mixed_vendors_cost_hardly_more_requests_than_the_least_possible(
    harness: Harness, org: LocalOrg
) -> None:
    seed_debtors(org, 1000)
    deliveries: list[tuple[str, Any]] = list(mixed_deliveries(1000))
    for connection, body in deliveries:
        harness.send(body, connection)
    org.reset_stats()

    harness.drain()

    counts = harness.events.count_by_state()
    assert counts == {"synced": 1000}
    stats = org.stats()
    names = ("Task", "Call_Detail__c", "Promise_To_Pay__c")
    records = [len(org.records(name)) for name in names]
    # Every call is of another account. Those and promises are looked up.
    writes = sum(ceil(count / 200) for count in (*records, 1000))
    look_ups = ceil(1000 / 200) + ceil(records[2] / 200)
    assert stats["api_requests"] <= 1.25 * (writes + look_ups), stats


def test_requests_side_by_side_hold_no_parent_in_common(
    spied: tuple[Harness, Spy], org: LocalOrg
) -> None:
    harness, spy = spied
    harness.drainer = dataclasses.replace(harness.drainer, side_by_side=3)
    for number in range(90):
        add_account(org, f"ACC-{number}")
    lanes = [
        harness.send(cora_call(f"call-{number}", fileNumber=f"ACC-{number % 90}"))
        for number in range(900)
    ]

    harness.drain()

    assert {harness.ended(answer) for answer in lanes} == {("synced", None)}
    tasks = [rows for _, name, rows in spy.requests if name == "Task"]
    assert len(tasks) <= 6
    held = [{record["WhatId"] for record in rows} for rows in tasks]
    assert sum(map(len, held)) == len(set().union(*held)) == 90


def test_what_comes_in_behind_a_small_batch_waits_for_its_lanes_next_turn(
    spied: tuple[Harness, Spy], org: LocalOrg
) -> None:
    harness, spy = spied
    add_account(org)
    harness.send(cora_call("first"))
    later: list[Answer] = []
    spy.before_write = lambda: later.append(harness.send(cora_call("later")))

    is_more_due = [harness.drainer.drain(lane) for lane in range(2)]

    assert any(is_more_due)
    assert harness.ended(later[0])[0] == "pending"
