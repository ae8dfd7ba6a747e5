"""Absent, null, false and an empty text, the whole way, for each policy."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import Harness, Spy, add_account, cora_call, with_mapping
from worker.localorg import LocalOrg

NUMBER = "Account_Number__c"
TEXT = "Contact_Status__c"
FLAG = "Fraud__c"
ABSENT: Any = ...
UNSENT: Any = ...

# policy, given in the payload, in the org before, sent, in the org afterwards.
TEXTS: list[tuple[str, Any, str | None, Any, str | None]] = [
    ("always", ABSENT, "old", UNSENT, "old"),
    ("always", None, "old", UNSENT, "old"),
    ("always", "", "old", "", None),
    ("always", "new", "old", "new", "new"),
    ("always", "new", None, "new", "new"),
    ("clear_on_null", ABSENT, "old", UNSENT, "old"),
    ("clear_on_null", None, "old", None, None),
    ("clear_on_null", "", "old", "", None),
    ("clear_on_null", "new", "old", "new", "new"),
    ("if_empty", ABSENT, None, UNSENT, None),
    ("if_empty", None, None, UNSENT, None),
    ("if_empty", "", None, UNSENT, None),
    ("if_empty", "new", None, "new", "new"),
    ("if_empty", "new", "old", UNSENT, "old"),
    ("insert_only", ABSENT, "old", UNSENT, "old"),
    ("insert_only", None, "old", UNSENT, "old"),
    ("insert_only", "", "old", UNSENT, "old"),
    ("insert_only", "new", "old", UNSENT, "old"),
    ("insert_only", "new", None, UNSENT, None),
    ("append", ABSENT, "old", UNSENT, "old"),
    ("append", None, "old", UNSENT, "old"),
    ("append", "", "old", UNSENT, "old"),
    (
        "append",
        "new",
        "old",
        "2026-05-04 new [call-1]\nold",
        "2026-05-04 new [call-1]\nold",
    ),
    ("append", "new", None, "2026-05-04 new [call-1]", "2026-05-04 new [call-1]"),
]
FLAGS: list[tuple[str, Any, bool, Any, bool]] = [
    ("always", ABSENT, True, UNSENT, True),
    ("always", None, True, UNSENT, True),
    ("always", False, True, False, False),
    ("always", True, False, True, True),
    ("sticky", ABSENT, True, UNSENT, True),
    ("sticky", None, True, UNSENT, True),
    ("sticky", False, True, UNSENT, True),
    ("sticky", "", True, UNSENT, True),
    ("sticky", True, False, True, True),
    ("sticky", True, True, True, True),
    ("sticky", ABSENT, False, UNSENT, False),
    ("sticky", None, False, UNSENT, False),
    ("sticky", False, False, UNSENT, False),
    # A checkbox is never empty: false is what it says.
    ("if_empty", True, False, UNSENT, False),
    ("if_empty", False, True, UNSENT, True),
    ("insert_only", True, False, UNSENT, False),
    ("insert_only", False, True, UNSENT, True),
    ("clear_on_null", False, True, False, False),
    ("clear_on_null", ABSENT, True, UNSENT, True),
]
CASES = [(TEXT, *case) for case in TEXTS] + [(FLAG, *case) for case in FLAGS]


def mapping(mode: str, field: str, policy: str) -> str:
    return f"""
  - object: Debt_Account__c
    mode: {mode}
    key: {{Account_Number__c: event.file_number}}
    fields:
      {field}: {{from: payload.given, write: {policy}}}
      Last_Call_At__c: event.occurred_at
"""


def name_of(value: Any) -> str:
    return "absent" if value is ABSENT else repr(value)


@pytest.mark.parametrize("mode", ["upsert", "update"])
@pytest.mark.parametrize(
    ("field", "policy", "given", "before", "sent", "afterwards"), CASES, ids=name_of
)
def test_what_is_given_over_what_is_there(
    database: Engine,
    org: LocalOrg,
    mode: str,
    field: str,
    policy: str,
    given: Any,
    before: Any,
    sent: Any,
    afterwards: Any,
) -> None:
    add_account(org, "ACC-1", **{field: before})
    with with_mapping(database, org, mapping(mode, field, policy)) as harness:
        answer = harness.send(cora_call(given=given))
        harness.drain()

    assert harness.ended(answer) == ("synced", None)
    assert isinstance(harness.crm, Spy)
    (record,) = harness.crm.sent("Debt_Account__c")
    assert record.get(field, UNSENT) == sent
    (account,) = org.records("Debt_Account__c")
    assert account[field] == afterwards


@pytest.mark.parametrize(
    ("policy", "given", "afterwards"),
    [
        ("always", "new", "new"),
        ("always", None, None),
        ("always", "", None),
        ("clear_on_null", None, None),
        ("if_empty", "new", "new"),
        ("if_empty", "", None),
        ("insert_only", "new", "new"),
        ("insert_only", None, None),
        ("append", "new", "2026-05-04 new [call-1]"),
        ("append", None, None),
    ],
)
def test_what_is_given_with_a_new_record(
    database: Engine, org: LocalOrg, policy: str, given: Any, afterwards: Any
) -> None:
    with with_mapping(database, org, mapping("upsert", TEXT, policy)) as harness:
        answer = harness.send(cora_call(given=given))
        harness.drain()

    assert harness.ended(answer) == ("synced", None)
    (account,) = org.records("Debt_Account__c")
    assert account[TEXT] == afterwards


@pytest.mark.parametrize(("given", "afterwards"), [(True, True), (False, False)])
def test_a_flag_of_a_new_record(
    database: Engine, org: LocalOrg, given: bool, afterwards: bool
) -> None:
    with with_mapping(database, org, mapping("upsert", FLAG, "sticky")) as harness:
        harness.send(cora_call(given=given))
        harness.drain()

    (account,) = org.records("Debt_Account__c")
    assert account[FLAG] is afterwards


def test_a_field_read_for_one_write_is_not_taken_for_empty_by_the_next(
    database: Engine, org: LocalOrg
) -> None:
    upsert = """
  - object: Debt_Account__c
    key: {Account_Number__c: event.file_number}
    fields: {Last_Call_At__c: event.occurred_at}
"""
    add_account(org, "ACC-1", **{TEXT: "old"})
    both = upsert + mapping("update", TEXT, "if_empty")
    with with_mapping(database, org, both) as harness:
        harness.send(cora_call(given="new"))
        harness.drain()

    (account,) = org.records("Debt_Account__c")
    assert account[TEXT] == "old"


STICKY = mapping("update", FLAG, "sticky")


def flag(org: LocalOrg) -> bool:
    (account,) = org.records("Debt_Account__c")
    return bool(account[FLAG])


def clear(harness: Harness, org: LocalOrg) -> None:
    """Clear the flag as a person does."""
    (account,) = org.records("Debt_Account__c")
    harness.crm.update("Debt_Account__c", [{"Id": account["Id"], FLAG: False}])
    assert flag(org) is False
    assert isinstance(harness.crm, Spy)
    harness.crm.requests.clear()


def at(hour: int) -> str:
    return f"2026-05-04T{hour:02d}:00:00.000Z"


@pytest.fixture(params=["update", "upsert"])
def flagging(request: pytest.FixtureRequest, database: Engine, org: LocalOrg) -> Any:
    add_account(org)
    text = mapping(request.param, FLAG, "sticky")
    with with_mapping(database, org, text, cache_seconds=300) as harness:
        harness.send(cora_call(given=True))
        harness.drain()
        assert flag(org) is True
        yield harness


@pytest.mark.parametrize("given", [False, None, "", ABSENT])
def test_a_later_call_without_the_flag_leaves_it_set(
    flagging: Harness, org: LocalOrg, given: Any
) -> None:
    flagging.send(cora_call("call-2", given=given, createdAt=at(12)))
    flagging.drain()

    assert flag(org) is True


def test_the_same_delivery_again_does_not_set_what_a_person_cleared(
    flagging: Harness, org: LocalOrg
) -> None:
    clear(flagging, org)

    again = flagging.send(cora_call(given=True))
    flagging.drain()

    assert again.status == "duplicate"
    assert flag(org) is False
    assert isinstance(flagging.crm, Spy)
    assert flagging.crm.requests == []


def test_a_new_call_sets_what_a_person_cleared(
    flagging: Harness, org: LocalOrg
) -> None:
    clear(flagging, org)

    flagging.send(cora_call("call-2", given=True, createdAt=at(12)))
    flagging.drain()

    assert flag(org) is True


def test_an_older_call_that_nobody_knew_of_sets_it_too(
    flagging: Harness, org: LocalOrg
) -> None:
    # Whoever cleared the flag did not know that the debtor had asked twice.
    clear(flagging, org)

    flagging.send(cora_call("call-0", given=True, createdAt=at(8)))
    flagging.drain()

    assert flag(org) is True


def test_a_revision_of_the_call_does_not_set_what_a_person_cleared(
    flagging: Harness, org: LocalOrg
) -> None:
    clear(flagging, org)

    for words in ("Analysed anew.", "And once more."):
        answer = flagging.send(cora_call(given=True, summary=words))
        flagging.drain()
        assert flagging.ended(answer) == ("synced", None)

    assert flag(org) is False
    assert isinstance(flagging.crm, Spy)
    assert all(FLAG not in row for row in flagging.crm.sent("Debt_Account__c"))


def test_another_event_of_the_call_does_not_set_what_a_person_cleared(
    flagging: Harness, org: LocalOrg
) -> None:
    clear(flagging, org)
    other = cora_call(given=True)
    other["idempotencyKey"] = "another event"

    flagging.send(other)
    flagging.drain()

    assert flag(org) is False


def test_a_call_of_the_same_id_in_another_connection_is_another_call(
    database: Engine, org: LocalOrg
) -> None:
    add_account(org)
    with with_mapping(database, org, STICKY) as harness:
        first = harness.send(cora_call(given=True))
        harness.drain()
        row = harness.event(first.event_id)
        row.connection = "cora-texas"

        written = harness.drainer.calls.written([row])

    assert written == {first.event_id: []}


def test_a_flag_that_only_a_revision_has_is_set(
    database: Engine, org: LocalOrg
) -> None:
    add_account(org)
    with with_mapping(database, org, STICKY) as harness:
        harness.send(cora_call(given=False))
        harness.drain()
        harness.send(cora_call(given=True))
        harness.drain()

    assert flag(org) is True


def test_a_revision_that_names_another_debtor_flags_that_one(
    flagging: Harness, org: LocalOrg
) -> None:
    add_account(org, "ACC-2")

    flagging.send(cora_call(given=True, fileNumber="ACC-2"))
    flagging.drain()

    flags = {a[NUMBER]: a[FLAG] for a in org.records("Debt_Account__c")}
    assert flags == {"ACC-1": True, "ACC-2": True}


def test_a_retry_after_the_flag_was_written_does_not_set_it_again(
    database: Engine, org: LocalOrg
) -> None:
    task = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields: {Subject: {value: Call}}
"""
    add_account(org)
    org.faults.add("row_lock", object="Task", keys=["call-1"], times=1)
    with with_mapping(database, org, STICKY + task) as harness:
        answer = harness.send(cora_call(given=True))
        harness.drain()
        assert harness.ended(answer) == ("pending", "unable_to_lock_row")
        clear(harness, org)
        harness.clock.move(minutes=1)
        harness.drain()

    assert harness.ended(answer) == ("synced", None)
    assert flag(org) is False


def test_a_flag_that_was_never_written_is_written_by_the_revision(
    database: Engine, org: LocalOrg
) -> None:
    with with_mapping(database, org, STICKY) as harness:
        first = harness.send(cora_call(given=True))
        harness.drain()
        add_account(org)
        harness.send(cora_call(given=True, summary="Analysed anew."))
        harness.drain()

    assert harness.ended(first) == ("parked", "no_match")
    assert flag(org) is True
