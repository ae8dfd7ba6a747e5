"""Links that Salesforce resolves itself, where that saves the look-up."""

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
    cora_mapping,
    with_mapping,
)
from tests.orgs import client_of
from worker.localorg import LocalOrg

PROMISE = """
  - object: Promise_To_Pay__c
    wrong_party: write
    key: {External_Id__c: payload.promise}
    fields: {Amount__c: payload.amount}
    links:
      Debt_Account__c:
        object: Debt_Account__c
        match: [{Account_Number__c: event.file_number}, {Phone__c: event.phone}]
"""
DETAIL = """
  - object: Call_Detail__c
    when: payload.summary
    key: {External_Call_Id__c: event.call_id}
    fields: {Tags__c: payload.summary}
    links: {Debt_Account__c: {object: Debt_Account__c, match: [MATCH]}}
"""
TASK = DETAIL.replace("Call_Detail__c", "Task").replace("Tags__c", "Subject")
TASK = TASK.replace("links: {Debt_Account__c", "links: {WhatId")
BY_NUMBER = "{Account_Number__c: event.file_number}"
FLAGS = """
  - object: Debt_Account__c
    mode: update
    when: payload.outcomes.doNotCall
    key: {Account_Number__c: event.file_number}
    fields: {Do_Not_Call__c: {from: payload.outcomes.doNotCall, write: sticky}}
"""
RIGHT_PARTY = "right_party: {wrong_when: payload.outcomes.wasWrongParty}\n"
ONE_LANE = "party: [event.type]\n"
FLAGGED = {"doNotCall": True}
WRONG = {"wasWrongParty": True}
SYNCED = ("synced", None)
LINK = "Debt_Account__c"
NESTED = "Debt_Account__r"
NUMBER = "Account_Number__c"


def promise(call: str = "call-1", promised: str = "P-1", **payload: Any) -> Any:
    return cora_call(call, promise=promised, **payload)


def queries(org: LocalOrg) -> int:
    return int(org.stats()["by_path"].get("GET query", 0))


def sent(harness: Harness, name: str = "Promise_To_Pay__c") -> list[dict[str, Any]]:
    assert isinstance(harness.crm, Spy)
    return harness.crm.sent(name)


@pytest.fixture
def promised(database: Engine, org: LocalOrg) -> Iterator[Harness]:
    """One lane of promises, and of accounts where a call has flags."""
    head = ONE_LANE + RIGHT_PARTY
    with with_mapping(
        database, org, PROMISE + FLAGS, head=head, cache_seconds=300
    ) as harness:
        yield harness


def test_a_batch_whose_links_are_all_that_asks_for_accounts_looks_none_up(
    promised: Harness, org: LocalOrg
) -> None:
    ids = [add_account(org, f"ACC-{number}") for number in range(20)]
    answers = [
        promised.send(promise(f"c-{n}", f"P-{n}", fileNumber=f"acc-{n}"))
        for n in range(20)
    ]

    promised.drain()

    assert {promised.ended(answer) for answer in answers} == {SYNCED}
    links = {r["External_Id__c"]: r[LINK] for r in org.records("Promise_To_Pay__c")}
    assert links == {f"P-{n}": account_id for n, account_id in enumerate(ids)}
    assert org.stats()["by_path"] == {"PATCH composite/sobjects/Promise_To_Pay__c": 1}
    first = next(r for r in sent(promised) if r["External_Id__c"] == "P-0")
    assert first[NESTED] == {NUMBER: "acc-0"}
    assert LINK not in first
    # What is kept goes by the link's own field.
    (record,) = promised.records(answers[0])
    assert record.fields[LINK] == {NUMBER: "acc-0"}
    assert NESTED not in record.fields


def test_all_links_go_by_id_as_soon_as_one_call_asks_for_accounts_anyhow(
    promised: Harness, org: LocalOrg
) -> None:
    ids = [add_account(org, f"ACC-{number}") for number in range(3)]
    for n in range(3):
        outcomes = FLAGGED if n == 2 else {}
        promised.send(
            promise(f"c-{n}", f"P-{n}", fileNumber=f"ACC-{n}", outcomes=outcomes)
        )

    promised.drain()

    assert [record[LINK] for record in sent(promised)] == ids
    assert queries(org) == 1


def test_a_known_id_is_used_and_the_others_are_left_to_salesforce(
    promised: Harness, org: LocalOrg
) -> None:
    known, unknown = add_account(org, "ACC-1"), add_account(org, "ACC-2")
    promised.send(promise("c-0", "P-0", outcomes=FLAGGED))
    promised.drain()
    for n in (1, 2):
        promised.send(promise(f"c-{n}", f"P-{n}", fileNumber=f"ACC-{n}"))

    promised.drain()

    last = {r["External_Id__c"]: r for r in sent(promised)[1:]}
    assert last["P-1"][LINK] == known
    assert last["P-2"][NESTED] == {NUMBER: "ACC-2"}
    links = [record[LINK] for record in org.records("Promise_To_Pay__c")]
    assert links == [known, known, unknown]
    assert queries(org) == 1


@pytest.mark.parametrize("numbers", [("ACC-1", "ACC-2"), ("ACC-2", "ACC-1")])
def test_calls_that_are_merged_send_one_link_by_one_name(
    promised: Harness, org: LocalOrg, numbers: tuple[str, str]
) -> None:
    ids = {number: add_account(org, number) for number in numbers}
    promised.send(promise("c-0", "P-0", outcomes=FLAGGED))
    promised.drain()
    # Of the one the id is known by now, of the other it is not.
    answers = [
        promised.send(promise(f"c-{n}", "P-1", fileNumber=number, amount=n))
        for n, number in enumerate(numbers, 1)
    ]

    promised.drain()

    assert {promised.ended(answer) for answer in answers} == {SYNCED}
    record = sent(promised)[-1]
    assert len({LINK, NESTED} & record.keys()) == 1
    assert org.records("Promise_To_Pay__c")[1][LINK] == ids[numbers[1]]


def test_what_a_newer_call_has_linked_is_not_linked_back(
    promised: Harness, org: LocalOrg
) -> None:
    add_account(org, "ACC-1")
    newer_id = add_account(org, "ACC-2")
    newer = promise("new", fileNumber="ACC-2", endedAt="2026-05-04T12:00:00.000Z")
    newer["payload"]["createdAt"] = "2026-05-04T11:59:00.000Z"
    promised.send(newer)
    promised.drain()

    older = promised.send(promise("old", amount=5))
    promised.drain()

    assert promised.ended(older) == SYNCED
    assert not {LINK, NESTED} & sent(promised)[-1].keys()
    (record,) = org.records("Promise_To_Pay__c")
    assert (record[LINK], record["Amount__c"]) == (newer_id, 5)


def test_a_revision_takes_off_again_whom_the_call_had_linked(
    promised: Harness, org: LocalOrg
) -> None:
    account_id = add_account(org)
    promised.send(promise())
    promised.drain()
    assert org.records("Promise_To_Pay__c")[0][LINK] == account_id

    answer = promised.send(promise(outcomes=WRONG))
    promised.drain()

    assert promised.ended(answer) == SYNCED
    (record,) = org.records("Promise_To_Pay__c")
    assert record[LINK] is None
    assert sent(promised)[-1][LINK] is None
    assert NESTED not in sent(promised)[-1]


def test_whom_a_person_has_linked_since_stays(promised: Harness, org: LocalOrg) -> None:
    add_account(org)
    other = add_account(org, "ACC-2")
    promised.send(promise())
    promised.drain()
    (record,) = org.records("Promise_To_Pay__c")
    promised.crm.update("Promise_To_Pay__c", [{"Id": record["Id"], LINK: other}])

    answer = promised.send(promise(outcomes=WRONG))
    promised.drain()

    assert promised.ended(answer) == SYNCED
    assert org.records("Promise_To_Pay__c")[0][LINK] == other


def test_who_is_missing_is_waited_for_and_found(
    promised: Harness, org: LocalOrg
) -> None:
    there = promised.send(promise("c-1", "P-1", fileNumber="ACC-2"))
    missing = promised.send(promise("c-2", "P-2"))
    other_id = add_account(org, "ACC-2")

    promised.drain()
    first = promised.ended(missing)
    promised.clock.move(minutes=29)
    promised.drain()
    account_id = add_account(org)
    requests = org.stats()["api_requests"]
    promised.clock.move(minutes=1)
    promised.drain()

    assert first == ("pending", "no_match")
    assert promised.ended(there) == promised.ended(missing) == SYNCED
    links = [record[LINK] for record in org.records("Promise_To_Pay__c")]
    assert links == [other_id, account_id]
    assert (requests, org.stats()["api_requests"]) == (1, 2)


@pytest.mark.parametrize("urgent", ["", "urgent: {when: payload.callId}\n"])
def test_who_never_comes_is_parked_as_a_look_up_parks(
    database: Engine, org: LocalOrg, urgent: str
) -> None:
    with with_mapping(database, org, PROMISE, head=urgent) as harness:
        answer = harness.send(promise(fileNumber="ACC-404"))
        for _ in range(12):
            harness.drain()
            harness.clock.move(minutes=30)
        requests = org.stats()["api_requests"]
        harness.clock.move(hours=80)
        harness.drain()

        assert harness.ended(answer) == ("parked", "no_match")
        (record,) = harness.records(answer)
    no_account = "Debt_Account__c: no Debt_Account__c by Account_Number__c"
    assert record.hint == f"{record.place}: {no_account}"
    assert record.error_code is None
    assert requests == org.stats()["api_requests"] == 9


def test_a_call_without_its_parent_holds_up_no_other_part_of_it(
    database: Engine, org: LocalOrg
) -> None:
    other = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields: {Subject: {value: Call}}
"""
    with with_mapping(database, org, PROMISE + other) as harness:
        answer = harness.send(promise())
        harness.drain()
        states = [(r.object, r.state) for r in harness.records(answer)]
        add_account(org)
        harness.clock.move(minutes=30)
        harness.drain()

    assert states == [("Promise_To_Pay__c", "pending"), ("Task", "synced")]
    assert harness.ended(answer) == SYNCED
    assert len(sent(harness, "Task")) == 1


def test_of_merged_calls_only_that_one_waits_whose_parent_is_missing(
    promised: Harness, org: LocalOrg
) -> None:
    account_id = add_account(org)
    there = promised.send(promise("c-1", amount=1))
    missing = promised.send(promise("c-2", amount=2, fileNumber="ACC-2"))

    promised.drain()

    assert promised.ended(there) == SYNCED
    assert promised.ended(missing) == ("pending", "no_match")
    (record,) = org.records("Promise_To_Pay__c")
    assert (record[LINK], record["Amount__c"]) == (account_id, 1)


def test_several_of_an_external_id_are_never_guessed_between(
    promised: Harness, org: LocalOrg
) -> None:
    org.faults.add(
        "row_error",
        object="Promise_To_Pay__c",
        statusCode="DUPLICATE_EXTERNAL_ID",
        message="Account Number: more than one record found for external id field: []",
        fields=[NUMBER],
    )
    answer = promised.send(promise())

    promised.drain()

    assert promised.ended(answer) == ("parked", "ambiguous_match")
    (record,) = promised.records(answer)
    several = "Debt_Account__c: several Debt_Account__c by Account_Number__c"
    assert record.hint == f"{record.place}: {several}"


ACCOUNT = """
  - object: Debt_Account__c
    key: {Account_Number__c: event.file_number}
    fields: {Phone__c: event.phone}
"""


def test_a_parent_that_the_batch_makes_is_linked_by_its_id(
    database: Engine, org: LocalOrg
) -> None:
    with with_mapping(database, org, ACCOUNT + PROMISE) as harness:
        answer = harness.send(promise())
        harness.drain()

    assert harness.ended(answer) == SYNCED
    (account,) = org.records("Debt_Account__c")
    assert sent(harness)[0][LINK] == account["Id"]
    assert org.stats()["api_requests"] == 3


def test_a_parent_that_is_there_and_refused_keeps_no_child_from_it(
    database: Engine, org: LocalOrg
) -> None:
    account_id = add_account(org)
    org.faults.add(
        "row_error", object="Debt_Account__c", statusCode="STRING_TOO_LONG", fields=[]
    )
    with with_mapping(database, org, ACCOUNT + PROMISE) as harness:
        answer = harness.send(promise())
        harness.drain()

    states = [(r.object, r.state) for r in harness.records(answer)]
    assert states == [("Debt_Account__c", "parked"), ("Promise_To_Pay__c", "synced")]
    assert org.records("Promise_To_Pay__c")[0][LINK] == account_id


@pytest.mark.parametrize(
    ("writes", "payload"),
    [
        pytest.param(TASK.replace("MATCH", BY_NUMBER), {}, id="polymorphic"),
        pytest.param(
            DETAIL.replace("MATCH", "{Phone__c: event.phone}"), {}, id="not unique"
        ),
        pytest.param(
            DETAIL.replace("[MATCH]", f"[{BY_NUMBER}], missing: skip"),
            {},
            id="may be skipped",
        ),
        pytest.param(
            PROMISE, {"promise": "P-1", "fileNumber": ...}, id="a weaker match"
        ),
    ],
)
def test_any_other_link_is_looked_up(
    database: Engine, org: LocalOrg, writes: str, payload: dict[str, Any]
) -> None:
    account_id = add_account(org, Phone__c="+15125550101")
    with with_mapping(database, org, writes) as harness:
        answer = harness.send(cora_call(**payload))
        harness.drain()

    assert harness.ended(answer) == SYNCED
    (record,) = harness.records(answer)
    assert {record.fields.get(LINK), record.fields.get("WhatId")} == {None, account_id}
    assert org.stats()["api_requests"] == 2


def test_the_rows_of_a_parent_that_only_salesforce_knows_go_together(
    promised: Harness, org: LocalOrg
) -> None:
    for number in range(3):
        add_account(org, f"ACC-{number}")
    for n in range(12):
        number = f"{'acc' if n % 2 else 'ACC'}-{n % 3}"
        promised.send(promise(f"c-{n}", f"P-{n}", fileNumber=number))

    promised.drain()

    numbers = [record[NESTED][NUMBER].lower() for record in sent(promised)]
    assert numbers == sorted(numbers)


def test_a_call_with_two_children_of_an_account_is_one_request(
    database: Engine, org: LocalOrg
) -> None:
    account_id = add_account(org)
    mapping = cora_mapping(PROMISE + DETAIL.replace("MATCH", BY_NUMBER))
    with client_of(org.url) as crm:
        harness = Harness(database, crm, mapping)
        answer = harness.send(promise())
        harness.drain()

    assert harness.ended(answer) == SYNCED
    for name in ("Promise_To_Pay__c", "Call_Detail__c"):
        assert [record[LINK] for record in org.records(name)] == [account_id]
    assert org.stats()["api_requests"] == 1
