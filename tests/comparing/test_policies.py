"""A field whose write policy changes, announced and then applied."""

from __future__ import annotations

from typing import Any

import pytest

from tests.comparing.conftest import MakeLab
from tests.comparing.lab import add_account, cora_call, lines

ACCOUNT = """
  - object: Debt_Account__c
    mode: update
    key: {Account_Number__c: event.file_number}
    fields:
      Last_Call_Result__c: payload.status
"""
FLAG = "      Do_Not_Call__c: {from: payload.outcomes.doNotCall, write: %s}\n"
STATUS = "      Contact_Status__c: {from: payload.endedReason, write: %s}\n"
NOTES = """
  - object: Task
    key: {External_Call_Id__c: payload.groupId}
    fields:
      Status: {value: Completed}
"""
NOTE = "      Description: {from: payload.summary, write: append}\n"


def at(hour: int) -> str:
    return f"2026-05-04T{hour:02d}:00:00.000Z"


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (({"doNotCall": True}, {"doNotCall": False}), ["set: None -> True"]),
        (({"doNotCall": True}, {}), ["set: None -> True"]),
        (({"doNotCall": False}, {"doNotCall": False}), []),
    ],
)
def test_a_sticky_flag_is_only_ever_set(
    lab: MakeLab, outcomes: tuple[dict[str, Any], ...], expected: list[str]
) -> None:
    past = lab(ACCOUNT)
    add_account(past.org)
    first, second = outcomes
    past.send(
        cora_call("a", outcomes=first, createdAt=at(9)),
        cora_call("b", outcomes=second, createdAt=at(10)),
    )
    changed = ACCOUNT + FLAG % "sticky"

    found = past.compare(changed)

    assert lines(found) == [f"Debt_Account__c Do_Not_Call__c {e}" for e in expected]
    past.assert_exact(changed, found)


def test_a_flag_that_was_sticky_and_is_sent_always_is_cleared(lab: MakeLab) -> None:
    past = lab(ACCOUNT + FLAG % "sticky")
    add_account(past.org)
    past.send(
        cora_call("a", outcomes={"doNotCall": True}, createdAt=at(9)),
        cora_call("b", outcomes={"doNotCall": False}, createdAt=at(10)),
    )
    changed = ACCOUNT + FLAG % "always"

    found = past.compare(changed)

    assert lines(found) == ["Debt_Account__c Do_Not_Call__c cleared: True -> False"]
    assert found.records[0].event_ids == (2,)
    past.assert_exact(changed, found)


def test_of_calls_that_fill_what_is_empty_the_first_does(lab: MakeLab) -> None:
    past = lab(ACCOUNT)
    add_account(past.org)
    past.send(
        cora_call("a", endedReason="busy", createdAt=at(9)),
        cora_call("b", endedReason="hung up", createdAt=at(10)),
        cora_call("c", endedReason="busy", createdAt=at(11)),
    )
    changed = ACCOUNT + STATUS % "if_empty"

    found = past.compare(changed)

    assert lines(found) == ["Debt_Account__c Contact_Status__c set: None -> busy"]
    assert found.records[0].event_ids == (1,)
    past.assert_exact(changed, found)


@pytest.mark.parametrize("policy", ["if_empty", "insert_only"])
def test_what_was_sent_before_is_kept_by_a_policy_that_yields(
    lab: MakeLab, policy: str
) -> None:
    writes = ACCOUNT.replace("    mode: update\n", "")
    past = lab(writes + STATUS % "always")
    past.send(cora_call("a", endedReason="busy", newReason="hung up"))
    changed = writes + (STATUS % policy).replace("endedReason", "newReason")

    found = past.compare(changed)

    assert lines(found) == []
    past.assert_exact(changed, found)


def test_a_line_is_added_for_each_call_and_the_next_time_is_there_already(
    lab: MakeLab,
) -> None:
    past = lab(NOTES)
    past.send(
        cora_call("a", groupId="g", summary="One.", createdAt=at(9)),
        cora_call("b", groupId="g", summary="Two.", createdAt=at(10)),
    )
    changed = NOTES + NOTE

    found = past.compare(changed)

    text = "2026-05-04 Two. [b]\n2026-05-04 One. [a]"
    assert lines(found) == [f"Task Description set: None -> {text}"]
    assert found.records[0].event_ids == (1, 2)
    past.assert_exact(changed, found)
    assert lines(past.compare(changed.replace("Completed", "Done"))) == [
        "Task Status changed: Completed -> Done"
    ]
