"""What later calls wrote stays, inside and outside of what is tried."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.comparing.conftest import MakeLab
from tests.comparing.lab import add_account, cora_call, lines
from tests.delivery.harness import START
from tests.orgs import client_of
from worker.comparing import comparison
from worker.comparing.choosing import Window
from worker.comparing.same import is_same
from worker.delivery import draining

ACCOUNT = """
  - object: Debt_Account__c
    mode: update
    key: {Account_Number__c: event.file_number}
    fields:
      Last_Call_Result__c: payload.status
"""
STATUS = "      Contact_Status__c: payload.endedReason\n"
FLAG = "      Do_Not_Call__c: {from: payload.outcomes.doNotCall, write: sticky}\n"


def at(hour: int) -> str:
    return f"2026-05-04T{hour:02d}:00:00.000Z"


def test_an_older_window_leaves_what_a_call_after_it_wrote(lab: MakeLab) -> None:
    past = lab(ACCOUNT)
    add_account(past.org)
    past.send(
        cora_call("a", status="Voicemail", endedReason="busy", createdAt=at(9)),
        cora_call("b", status="Completed", createdAt=at(10)),
    )
    changed = (ACCOUNT + STATUS).replace("payload.status", "payload.direction")
    window = Window(events=9, until=START + timedelta(seconds=1))

    found = past.compare(changed, window=window)

    assert lines(found) == ["Debt_Account__c Contact_Status__c set: None -> busy"]
    assert found.cost.event_ids == (1,)
    past.assert_exact(changed, found)


@pytest.mark.parametrize("against_org", [False, True])
def test_calls_that_came_in_late_and_in_batches_end_the_same(
    lab: MakeLab, monkeypatch: pytest.MonkeyPatch, against_org: bool
) -> None:
    monkeypatch.setattr(comparison, "MAX_RECORDS", 1)
    monkeypatch.setattr(draining, "EVENTS_A_BATCH", 1)
    past = lab(ACCOUNT)
    add_account(past.org)
    past.send(
        cora_call("a", status="One", endedReason="one", createdAt=at(9)),
        cora_call("c", status="Three", endedReason="three", createdAt=at(11)),
        cora_call("b", status="Two", endedReason="two", createdAt=at(10)),
    )
    changed = (ACCOUNT + STATUS).replace("payload.status", "payload.direction")

    found = past.compare(changed, against_org=against_org)

    assert sorted(lines(found)) == [
        "Debt_Account__c Contact_Status__c set: None -> three",
        "Debt_Account__c Last_Call_Result__c changed: Three -> OUTBOUND",
    ]
    past.assert_exact(changed, found)


def test_what_a_later_call_no_longer_sends_gives_way_to_an_earlier_one(
    lab: MakeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "MAX_RECORDS", 1)
    monkeypatch.setattr(draining, "EVENTS_A_BATCH", 1)
    past = lab(ACCOUNT + STATUS)
    add_account(past.org)
    past.send(
        cora_call("b", endedReason="two", createdAt=at(11)),
        cora_call("a", endedReason="one", reason="one", createdAt=at(10)),
    )
    changed = ACCOUNT + STATUS.replace("endedReason", "reason")

    found = past.compare(changed)

    assert lines(found) == ["Debt_Account__c Contact_Status__c changed: two -> one"]
    past.assert_exact(changed, found)


def test_a_call_that_is_applied_brings_along_those_that_overrule_it(
    lab: MakeLab,
) -> None:
    past = lab(ACCOUNT)
    account = add_account(past.org)
    past.send(
        cora_call("a", endedReason="1", outcomes={"doNotCall": True}, createdAt=at(9)),
        cora_call("b", endedReason="2", createdAt=at(10)),
    )
    with client_of(past.org.url) as crm:
        crm.update("Debt_Account__c", [{"Id": account, "Contact_Status__c": "2"}])
    changed = ACCOUNT + STATUS + FLAG

    found = past.compare(changed, against_org=True)

    assert lines(found) == ["Debt_Account__c Do_Not_Call__c set: False -> True"]
    assert found.records[0].event_ids == (1,)
    assert found.cost.event_ids == (1, 2)
    past.assert_exact(changed, found)


NUMBER = {"type": "currency", "precision": 18, "scale": 2}


@pytest.mark.parametrize(
    ("one", "other", "described", "same"),
    [
        ("2026-05-04T10:00:00Z", "2026-05-04T10:00:00.000+0000", "datetime", True),
        ("2026-05-04T10:00:00Z", "2026-05-04T10:00:01.000+0000", "datetime", False),
        (12, 12.0, "double", True),
        (12.345, "12.35", NUMBER, True),
        (12.345, "12.34", NUMBER, False),
        ("a;b", "b;a", "multipicklist", True),
        ("a;b", "a", "multipicklist", False),
        ("a01000000000001", "a01000000000001AAA", "reference", True),
        (" two\r\nlines ", "two\nlines", "textarea", True),
        ("", None, "string", True),
        (False, None, "boolean", False),
        ("A", "a", "string", False),
        ("no day", "no day", "datetime", True),
    ],
)
def test_values_are_the_same_that_salesforce_does_not_tell_apart(
    one: Any, other: Any, described: str | dict[str, Any], same: bool
) -> None:
    field = {"type": described} if isinstance(described, str) else described

    assert is_same(one, other, field) is same
    assert is_same(other, one, field) is same
