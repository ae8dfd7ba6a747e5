"""Ids that are remembered, and forgotten when Salesforce says that they are gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
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
from worker.delivery.link_cache import LinkCache
from worker.localorg import LocalOrg

TASK = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields: {Subject: {value: Call}}
    links:
      WhatId:
        object: Debt_Account__c
        match: [{Account_Number__c: event.file_number}, {Phone__c: event.phone}]
"""
FLAGS = """
  - object: Debt_Account__c
    mode: update
    match: [{Account_Number__c: event.file_number}, {Phone__c: event.phone}]
    fields: {Do_Not_Call__c: {from: payload.outcomes.doNotCall, write: sticky}}
"""
WHO = """
      WhoId:
        object: Contact
        match: [{Debtor_Id__c: {from: payload.debtor, as: {phone_forms: US}}}]
        missing: skip
"""
FLAGGED = {"doNotCall": True}


@pytest.fixture
def harness(database: Engine, org: LocalOrg) -> Iterator[Harness]:
    with with_mapping(database, org, TASK + FLAGS, cache_seconds=300) as harness:
        yield harness


def queries(org: LocalOrg) -> int:
    return int(org.stats()["by_path"].get("GET query", 0))


def test_known_debtors_need_no_look_up(harness: Harness, org: LocalOrg) -> None:
    for number in range(30):
        add_account(org, f"ACC-{number}")
    for batch in range(3):
        for number in range(30):
            call = cora_call(
                f"call-{batch}-{number}", fileNumber=f"acc-{number}", outcomes=FLAGGED
            )
            harness.send(call)
        harness.drain()

    # Two lanes, each once.
    assert queries(org) == 2
    tasks = org.records("Task")
    accounts = {a["Id"]: a["Account_Number__c"] for a in org.records("Debt_Account__c")}
    assert len(tasks) == 90
    assert all(
        accounts[task["WhatId"]] == f"ACC-{task['External_Call_Id__c'].split('-')[2]}"
        for task in tasks
    )


def test_nothing_is_remembered_where_it_is_turned_off(
    database: Engine, org: LocalOrg
) -> None:
    add_account(org)
    with with_mapping(database, org, TASK, cache_seconds=0) as harness:
        for number in range(3):
            harness.send(cora_call(f"call-{number}"))
            harness.drain()

    assert queries(org) == 3


def test_an_id_is_asked_for_again_after_its_time(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    seen = []
    for number, seconds in enumerate((0, 299, 2, 299)):
        harness.clock.move(seconds=seconds)
        harness.send(cora_call(f"call-{number}"))
        harness.drain()
        seen.append(queries(org))

    assert seen == [1, 1, 2, 2]


def test_a_debtor_who_was_not_found_is_asked_for_each_time(
    harness: Harness, org: LocalOrg
) -> None:
    first = harness.send(cora_call("call-1"))
    harness.drain()
    account_id = add_account(org)
    second = harness.send(cora_call("call-2"))
    harness.drain()

    assert harness.ended(first) == ("parked", "no_match")
    assert harness.ended(second) == ("synced", None)
    assert [task["WhatId"] for task in org.records("Task")] == [account_id]


def test_a_phone_is_never_remembered(harness: Harness, org: LocalOrg) -> None:
    add_account(org, "ACC-8", Phone__c="+15125550101")
    harness.send(cora_call("call-1", fileNumber=...))
    harness.drain()
    add_account(org, "ACC-9", Phone__c="+15125550101")

    second = harness.send(cora_call("call-2", fileNumber=..., outcomes=FLAGGED))
    harness.drain()

    assert harness.ended(second) == ("parked", "ambiguous_match")


def test_a_debtor_made_anew_is_found_with_one_more_look_up(
    harness: Harness, org: LocalOrg
) -> None:
    old_id = add_account(org)
    harness.send(cora_call("call-1", outcomes=FLAGGED))
    harness.drain()
    delete_record(org, old_id)
    new_id = add_account(org)

    answers = [
        harness.send(cora_call(call, outcomes=FLAGGED)) for call in ("call-2", "call-3")
    ]
    harness.drain()

    assert {harness.ended(answer) for answer in answers} == {("synced", None)}
    assert queries(org) == 1
    (account,) = org.records("Debt_Account__c")
    assert (account["Id"], account["Do_Not_Call__c"]) == (new_id, True)
    assert [task["WhatId"] for task in org.records("Task")] == [old_id, new_id, new_id]
    # The tasks were not sent with an id that was known to be gone.
    assert isinstance(harness.crm, Spy)
    assert [task["WhatId"] for task in harness.crm.sent("Task")] == [
        old_id,
        new_id,
        new_id,
    ]


def test_a_link_to_what_is_gone_is_looked_up_again(
    database: Engine, org: LocalOrg
) -> None:
    old_id = add_account(org)
    with with_mapping(database, org, TASK, cache_seconds=300) as harness:
        harness.send(cora_call("call-1"))
        harness.drain()
        delete_record(org, old_id)
        new_id = add_account(org)
        answer = harness.send(cora_call("call-2"))
        harness.drain()
        harness.send(cora_call("call-3"))
        harness.drain()

    assert harness.ended(answer) == ("synced", None)
    assert [task["WhatId"] for task in org.records("Task")] == [old_id, new_id, new_id]
    assert org.stats()["by_path"] == {
        "GET query": 1,
        "PATCH composite/sobjects/Task": 3,
    }


def test_a_debtor_who_is_gone_for_good_parks_as_not_found(
    harness: Harness, org: LocalOrg
) -> None:
    account_id = add_account(org)
    harness.send(cora_call("call-1", outcomes=FLAGGED))
    harness.drain()
    delete_record(org, account_id)

    answer = harness.send(cora_call("call-2", outcomes=FLAGGED))
    harness.drain()

    assert harness.ended(answer) == ("parked", "no_match")
    assert queries(org) == 1


def test_what_is_gone_holds_up_no_other_call(harness: Harness, org: LocalOrg) -> None:
    ids = [add_account(org, f"ACC-{number}") for number in range(4)]
    for number in range(4):
        harness.send(cora_call(f"first-{number}", fileNumber=f"ACC-{number}"))
    harness.drain()
    delete_record(org, ids[2])

    answers = [
        harness.send(
            cora_call(f"call-{n}", fileNumber=f"ACC-{n}", outcomes={"doNotCall": True})
        )
        for n in range(4)
    ]
    harness.drain()

    ends = [harness.ended(answer) for answer in answers]
    assert ends == [
        ("parked", "no_match") if n == 2 else ("synced", None) for n in range(4)
    ]
    flags = [a["Do_Not_Call__c"] for a in org.records("Debt_Account__c")]
    assert flags == [True, True, True]


def test_a_gone_parent_is_made_again_where_the_link_says_so(
    database: Engine, org: LocalOrg
) -> None:
    create = "\n        missing: create\n"
    old_id = add_account(org)
    with with_mapping(
        database, org, TASK.rstrip("\n") + create, cache_seconds=300
    ) as harness:
        harness.send(cora_call("call-1"))
        harness.drain()
        delete_record(org, old_id)
        answer = harness.send(cora_call("call-2"))
        harness.drain()

    assert harness.ended(answer) == ("synced", None)
    (account,) = org.records("Debt_Account__c")
    assert account["Id"] != old_id
    assert org.records("Task")[1]["WhatId"] == account["Id"]
    parent, _ = harness.records(answer)
    assert (parent.state, parent.created) == ("synced", True)


def test_what_was_merged_with_a_link_to_what_is_gone_is_looked_up_again_too(
    database: Engine, org: LocalOrg
) -> None:
    gone_id, here_id = (add_account(org, number) for number in ("ACC-1", "ACC-2"))
    by_call = "party: [event.call_id]\n"
    with with_mapping(database, org, TASK, head=by_call, cache_seconds=300) as harness:
        harness.send(cora_call("call-1"))
        harness.drain()
        delete_record(org, gone_id)
        # Two revisions of a call are one record, with the later one's link.
        answers = [
            harness.send(cora_call("call-2", fileNumber=number))
            for number in ("ACC-2", "ACC-1")
        ]
        harness.drain()

    ends = [harness.ended(answer) for answer in answers]
    assert ends == [("synced", None), ("parked", "no_match")]
    assert [task["WhatId"] for task in org.records("Task")] == [gone_id, here_id]


def test_what_was_written_before_another_id_was_found_gone_is_not_written_again(
    database: Engine, wide_org: LocalOrg, schema_dir: Path
) -> None:
    account_id = add_account(wide_org)
    (contact_id,) = wide_org.insert(
        "Contact", [{"LastName": "Debtor", "Debtor_Id__c": "D-1"}]
    )
    with with_mapping(
        database,
        wide_org,
        TASK + WHO + FLAGS,
        schema_dir=schema_dir,
        cache_seconds=300,
    ) as harness:
        harness.send(cora_call("call-1", debtor="D-1", outcomes=FLAGGED))
        harness.drain()
        delete_record(wide_org, contact_id, "Contact")
        answer = harness.send(cora_call("call-2", debtor="D-1", outcomes=FLAGGED))
        harness.drain()

    assert harness.ended(answer) == ("synced", None)
    tasks = wide_org.records("Task")
    assert [(task["WhoId"], task["WhatId"]) for task in tasks] == [
        (contact_id, account_id),
        (None, account_id),
    ]
    assert wide_org.stats()["by_path"] == {
        "GET query": 2,
        "PATCH composite/sobjects": 1,
        "PATCH composite/sobjects/Task": 2,
    }


def test_two_records_that_are_gone_at_once_are_both_looked_up_again(
    database: Engine, wide_org: LocalOrg, schema_dir: Path
) -> None:
    contact = {"LastName": "Debtor", "Debtor_Id__c": "D-1"}
    by_id = WHO.replace(
        "{from: payload.debtor, as: {phone_forms: US}}", "payload.debtor"
    )
    account_id = add_account(wide_org)
    (contact_id,) = wide_org.insert("Contact", [contact])
    with with_mapping(
        database,
        wide_org,
        TASK + by_id + FLAGS,
        schema_dir=schema_dir,
        cache_seconds=300,
    ) as harness:
        harness.send(cora_call("call-1", debtor="D-1"))
        harness.drain()
        delete_record(wide_org, account_id)
        delete_record(wide_org, contact_id, "Contact")
        account_id = add_account(wide_org)
        (contact_id,) = wide_org.insert("Contact", [contact])
        answer = harness.send(cora_call("call-2", debtor="D-1", outcomes=FLAGGED))
        harness.drain()

    assert harness.ended(answer) == ("synced", None)
    task = wide_org.records("Task")[1]
    assert (task["WhoId"], task["WhatId"]) == (contact_id, account_id)


def test_one_of_several_forms_is_no_proof_that_only_one_record_matches(
    database: Engine, wide_org: LocalOrg, schema_dir: Path
) -> None:
    phone = "+15125550101"
    wide_org.insert("Contact", [{"LastName": "Debtor", "Debtor_Id__c": phone}])
    with with_mapping(
        database,
        wide_org,
        TASK + WHO.replace("skip", "skip\n        ambiguous: park"),
        schema_dir=schema_dir,
        cache_seconds=300,
    ) as harness:
        add_account(wide_org)
        harness.send(cora_call("call-1", debtor=phone))
        harness.drain()
        wide_org.insert("Contact", [{"LastName": "B", "Debtor_Id__c": phone[2:]}])
        answer = harness.send(cora_call("call-2", debtor=phone))
        harness.drain()

    assert harness.ended(answer) == ("parked", "ambiguous_match")


def test_ids_that_differ_only_in_case_are_not_mixed_up(
    database: Engine, wide_org: LocalOrg, schema_dir: Path
) -> None:
    contacts = [{"LastName": exact, "Exact_Id__c": exact} for exact in ("ab", "AB")]
    ids = wide_org.insert("Contact", contacts)
    mapping = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields: {Subject: {value: Call}}
    links: {WhoId: {object: Contact, match: [{Exact_Id__c: payload.debtor}]}}
"""
    with with_mapping(
        database, wide_org, mapping, schema_dir=schema_dir, cache_seconds=300
    ) as harness:
        for number, exact in enumerate(("ab", "AB")):
            harness.send(cora_call(f"call-{number}", debtor=exact))
            harness.drain()

    assert [task["WhoId"] for task in wide_org.records("Task")] == ids


def test_an_org_that_goes_away_after_an_id_was_found_gone_gives_no_verdict(
    database: Engine, org: LocalOrg
) -> None:
    one_lane = "party: [event.type]\n"
    gone_id = add_account(org, "ACC-1")
    add_account(org, "ACC-2")
    with with_mapping(
        database, org, TASK + FLAGS, head=one_lane, cache_seconds=300
    ) as harness:
        for number in ("ACC-1", "ACC-2"):
            harness.send(cora_call(f"first {number}", fileNumber=number))
        harness.drain()
        delete_record(org, gone_id)
        add_account(org, "ACC-1")
        answers = [
            harness.send(cora_call(number, fileNumber=number, outcomes=FLAGGED))
            for number in ("ACC-1", "ACC-2")
        ]
        org.faults.add("total_requests", path="sobjects/Task", times=1)
        harness.drain()
        first = [harness.ended(answer) for answer in answers]
        harness.clock.move(minutes=15)
        harness.drain()

    assert first == [("pending", "crm_unavailable")] * 2
    assert {harness.ended(answer) for answer in answers} == {("synced", None)}


def test_an_org_that_goes_away_in_between_gives_no_verdict(
    harness: Harness, org: LocalOrg
) -> None:
    old_id = add_account(org)
    harness.send(cora_call("call-1", outcomes=FLAGGED))
    harness.drain()
    delete_record(org, old_id)
    add_account(org)
    answer = harness.send(cora_call("call-2", outcomes=FLAGGED))
    org.faults.add("total_requests", path="query", times=1)

    harness.drain()
    first = harness.ended(answer)
    harness.clock.move(minutes=15)
    harness.drain()

    assert first == ("pending", "crm_unavailable")
    assert harness.ended(answer) == ("synced", None)


def test_a_record_that_we_make_ourselves_is_known(
    database: Engine, org: LocalOrg
) -> None:
    account = """
  - object: Debt_Account__c
    key: {Account_Number__c: event.file_number}
    fields: {Phone__c: event.phone}
"""
    with with_mapping(database, org, account + TASK, cache_seconds=300) as harness:
        harness.send(cora_call("call-1"))
        harness.drain()
        first = queries(org)
        harness.send(cora_call("call-2"))
        harness.drain()

    assert (first, queries(org)) == (1, 1)
    (known,) = org.records("Debt_Account__c")
    assert {task["WhatId"] for task in org.records("Task")} == {known["Id"]}


@pytest.mark.parametrize("policy", ["if_empty", "append"])
def test_a_field_that_has_to_be_read_is_read_each_time(
    database: Engine, wide_org: LocalOrg, schema_dir: Path, policy: str
) -> None:
    mapping = f"""
  - object: Debt_Account__c
    mode: update
    key: {{Account_Number__c: event.file_number}}
    fields: {{Call_Notes__c: {{from: payload.summary, write: {policy}}}}}
"""
    account_id = add_account(wide_org)
    with with_mapping(
        database, wide_org, TASK + mapping, schema_dir=schema_dir, cache_seconds=300
    ) as harness:
        harness.send(cora_call("call-1", summary="First."))
        harness.drain()
        (before,) = wide_org.records("Debt_Account__c")
        text = f"Edited.\n{before['Call_Notes__c']}"
        harness.crm.update(
            "Debt_Account__c", [{"Id": account_id, "Call_Notes__c": text}]
        )
        harness.send(cora_call("call-2", summary="Second."))
        harness.drain()

    (after,) = wide_org.records("Debt_Account__c")
    expected = text if policy == "if_empty" else f"2026-05-04 Second. [call-2]\n{text}"
    assert after["Call_Notes__c"] == expected
    assert queries(wide_org) == 2


def test_an_id_that_was_just_looked_up_gets_no_second_try(
    database: Engine, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add(
        "row_error",
        object="Task",
        statusCode="INVALID_CROSS_REFERENCE_KEY",
        message="invalid cross reference id",
        fields=["WhatId"],
    )
    with with_mapping(database, org, TASK, cache_seconds=300) as harness:
        answer = harness.send(cora_call())
        harness.drain()

    assert harness.ended(answer) == ("parked", "invalid_cross_reference_key")
    assert org.stats()["api_requests"] == 2


@pytest.mark.parametrize(
    "code",
    [
        "INVALID_CROSS_REFERENCE_KEY",
        "ENTITY_IS_DELETED",
        "MALFORMED_ID",
        "NOT_FOUND",
    ],
)
def test_each_code_of_a_gone_record_costs_one_more_look_up_and_no_loop(
    harness: Harness, org: LocalOrg, code: str
) -> None:
    add_account(org)
    harness.send(cora_call("call-1", outcomes=FLAGGED))
    harness.drain()
    org.reset_stats()
    org.faults.add(
        "row_error",
        object="Debt_Account__c",
        statusCode=code,
        message="gone",
        fields=[],
    )

    answer = harness.send(cora_call("call-2", outcomes=FLAGGED))
    harness.drain()

    assert harness.ended(answer) == ("parked", code.lower())
    assert org.stats()["by_path"] == {
        "GET query": 1,
        "PATCH composite/sobjects": 2,
        "PATCH composite/sobjects/Task": 1,
    }


def cache(clock: Any, most: int = 10) -> LinkCache:
    return LinkCache(60, clock, most)


def test_the_ids_used_longest_ago_go_first() -> None:
    kept = cache(lambda: 0.0, most=2)
    kept.put("A", "K", "1", "a1")
    kept.put("A", "K", "2", "a2")
    kept.get("A", "K", "1")
    kept.put("A", "K", "3", "a3")

    assert len(kept) == 2
    assert [kept.get("A", "K", value) for value in "123"] == ["a1", None, "a3"]


def test_ids_are_known_by_object_field_and_value_without_case() -> None:
    kept = cache(lambda: 0.0)
    kept.put("A", "K", "Acc-1", "a1")

    assert kept.get("A", "K", "ACC-1") == "a1"
    assert kept.get("A", "L", "ACC-1") is None
    assert kept.get("B", "K", "ACC-1") is None


def test_a_gone_id_is_forgotten_under_all_its_names() -> None:
    kept = cache(lambda: 0.0)
    for field in ("K", "L"):
        kept.put("A", field, "1", "a1")
    kept.put("A", "K", "2", "a2")

    kept.forget({"a1"})

    assert [kept.get("A", field, "1") for field in "KL"] == [None, None]
    assert kept.get("A", "K", "2") == "a2"
