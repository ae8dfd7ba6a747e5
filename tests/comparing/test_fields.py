"""Each way in which a field's mapping may change, announced and then applied."""

from __future__ import annotations

from collections import Counter

from tests.comparing.conftest import MakeLab
from tests.comparing.lab import add_account, cora_call, lines

ACCOUNT = """
  - object: Debt_Account__c
    mode: update
    key: {Account_Number__c: event.file_number}
    fields:
      Last_Call_Result__c: payload.status
"""
STATUS = "      Contact_Status__c: {from: payload.endedReason, write: %s}\n"


def at(hour: int) -> str:
    return f"2026-05-04T{hour:02d}:00:00.000Z"


def test_a_field_is_counted_by_what_happens_to_it(lab: MakeLab) -> None:
    past = lab(ACCOUNT + STATUS % "always")
    for number in ("A", "B", "C", "D"):
        add_account(past.org, number)
    past.send(
        cora_call("a", fileNumber="A", endedReason="busy", newReason="hung up"),
        cora_call("b", fileNumber="B", endedReason="", newReason="hung up"),
        cora_call("c", fileNumber="C", endedReason="busy", newReason=""),
        cora_call("d", fileNumber="D", endedReason="busy", newReason="busy"),
    )
    changed = (ACCOUNT + STATUS % "always").replace("endedReason", "newReason")

    found = past.compare(changed)

    kinds = Counter(str(f.kind) for record in found.records for f in record.fields)
    assert kinds == {"changed": 1, "set": 1, "cleared": 1}
    assert [record.event_ids for record in found.records] == [(1,), (2,), (3,)]
    past.assert_exact(changed, found)


def test_a_field_that_is_dropped_stays_as_it_is_and_is_said_to(lab: MakeLab) -> None:
    past = lab(ACCOUNT + STATUS % "always")
    add_account(past.org)
    past.send(cora_call("a", endedReason="busy"))

    found = past.compare(ACCOUNT)

    assert lines(found) == [
        "Debt_Account__c Contact_Status__c no_longer_sent: busy -> None"
    ]
    assert found.cost.api_requests == 0
    past.assert_exact(ACCOUNT, found)


def test_no_field_is_dropped_where_a_later_call_of_the_window_sends_it(
    lab: MakeLab,
) -> None:
    past = lab(ACCOUNT + STATUS % "always")
    add_account(past.org)
    past.send(
        cora_call("a", endedReason="busy", createdAt=at(9)),
        cora_call("b", endedReason="busy", other="busy", createdAt=at(10)),
    )

    found = past.compare((ACCOUNT + STATUS % "always").replace("endedReason", "other"))

    assert lines(found) == []


def test_an_older_call_changes_nothing_where_a_later_one_wrote(lab: MakeLab) -> None:
    past = lab(ACCOUNT)
    add_account(past.org)
    past.send(
        cora_call("a", status="Voicemail", createdAt=at(9)),
        cora_call("b", status="Completed", createdAt=at(10)),
        cora_call("c", status="Busy", createdAt=at(8)),
    )
    changed = ACCOUNT.replace("payload.status", "{from: payload.status, as: lower}")

    found = past.compare(changed)

    assert lines(found) == [
        "Debt_Account__c Last_Call_Result__c changed: Completed -> completed"
    ]
    assert found.records[0].event_ids == (2,)
    assert found.cost.event_ids == (2,)
    past.assert_exact(changed, found)


def test_a_link_to_another_record_is_a_change(lab: MakeLab) -> None:
    writes = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields: {Subject: {value: Call}}
    links:
      WhatId:
        object: Debt_Account__c
        match: [{Account_Number__c: event.file_number}]
        missing: skip
"""
    past = lab(writes + ACCOUNT)
    one, other = add_account(past.org), add_account(past.org, "ACC-2")
    past.send(
        cora_call("a", otherNumber="ACC-2"),
        cora_call("b", fileNumber="ACC-2", otherNumber="ACC-2"),
        cora_call("c", otherNumber="ACC-9"),
    )
    changed = writes.replace("event.file_number", "payload.otherNumber") + ACCOUNT

    found = past.compare(changed)

    assert lines(found) == [f"Task WhatId changed: {one} -> {other}"]
    assert found.unknown == 1
    past.assert_exact(changed, found)
