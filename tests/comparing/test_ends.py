"""Past events that would end otherwise, announced and then applied."""

from __future__ import annotations

import pytest

from tests.comparing.conftest import MakeLab
from tests.comparing.lab import add_account, cora_call, lines
from tests.delivery.harness import cora_mapping
from worker.comparing.choosing import Window
from worker.comparing.comparison import Comparison

TASK = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields:
      Subject: {value: Call}
      Promise_To_Pay_Days__c: {from: payload.days, as: to_number}
    links:
      WhatId:
        object: Debt_Account__c
        match: [{Account_Number__c: event.file_number}]
        missing: park
"""
PLAIN = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields: {Subject: {value: Call}}
"""


def ends(found: Comparison) -> list[tuple[int, str, str]]:
    return [(one.event_id, one.before, one.after) for one in found.ends]


def test_a_parked_event_that_would_be_synced_is_announced_with_its_record(
    lab: MakeLab,
) -> None:
    past = lab(TASK)
    past.send(cora_call("a"))
    changed = TASK.replace("missing: park", "missing: skip")

    found = past.compare(changed)

    assert ends(found) == [(1, "parked(no_match)", "synced")]
    assert [(r.key, r.is_new) for r in found.records] == [
        ("External_Call_Id__c=a", True)
    ]
    assert lines(found) == ["Task Subject set: None -> Call"]
    past.assert_exact(changed, found)


def test_an_event_whose_value_was_refused_is_synced_by_a_better_field(
    lab: MakeLab,
) -> None:
    past = lab(TASK)
    add_account(past.org)
    past.send(cora_call("a", days="twelve", number="12"))
    changed = TASK.replace("payload.days", "payload.number")

    found = past.compare(changed)

    assert ends(found) == [(1, "parked(transform_refused)", "synced")]
    past.assert_exact(changed, found)


@pytest.mark.parametrize("against_org", [False, True])
def test_a_synced_event_that_would_be_parked_says_why(
    lab: MakeLab, against_org: bool
) -> None:
    past = lab(PLAIN)
    past.send(cora_call("a"))

    found = past.compare(TASK, against_org=against_org)

    assert ends(found) == [(1, "synced", "parked(no_match)")]
    assert found.ends[0].hint is not None
    assert "WhatId: no Debt_Account__c by Account_Number__c" in found.ends[0].hint
    assert found.unknown == 1
    past.assert_exact(TASK, found)


def test_a_synced_event_that_would_be_skipped_leaves_what_it_sent(lab: MakeLab) -> None:
    past = lab(PLAIN)
    past.send(cora_call("a", isTestCall=True), cora_call("b"))
    changed = PLAIN.replace("value: Call", "value: Talk")
    head = "skip: [{when: payload.isTestCall, reason: test_call}]\n"
    mappings = cora_mapping(changed, head)

    found = past.compare(mappings)

    assert ends(found) == [(1, "synced", "skipped(test_call)")]
    assert lines(found) == [
        "Task Subject no_longer_sent: Call -> None",
        "Task Subject changed: Call -> Talk",
    ]
    past.assert_exact(mappings, found)


def test_what_salesforce_refused_it_would_refuse_again(lab: MakeLab) -> None:
    writes = PLAIN.replace("{Subject: {value: Call}}", "{CallType: payload.kind}")
    past = lab(writes)
    past.send(cora_call("a", kind="Sideways"))
    changed = writes.replace("payload.kind", "payload.kind, Subject: {value: Call}")

    found = past.compare(changed)

    assert ends(found) == []
    assert lines(found) == []
    past.assert_exact(changed, found)


def test_a_changed_value_in_the_place_of_a_refused_one_is_tried(lab: MakeLab) -> None:
    writes = PLAIN.replace("{Subject: {value: Call}}", "{CallType: payload.kind}")
    past = lab(writes)
    past.send(cora_call("a", kind="Sideways"))
    changed = writes.replace(
        "payload.kind", "{from: payload.kind, choose: {Sideways: Inbound}}"
    )

    found = past.compare(changed)

    assert lines(found) == ["Task CallType set: None -> Inbound"]
    assert ends(found) == [
        (1, "parked(invalid_or_null_for_restricted_picklist)", "synced")
    ]
    past.assert_exact(changed, found)


def test_an_unchanged_mapping_has_nothing_to_try(lab: MakeLab) -> None:
    past = lab(PLAIN)
    past.send(cora_call("a"), cora_call("b"))

    found = past.compare(PLAIN)

    assert (found.chosen.marks, found.chosen.same) == ([], 2)
    assert (found.records, found.ends, found.cost.api_requests) == ((), (), 0)


def test_an_unchanged_mapping_tried_all_the_same_changes_nothing(lab: MakeLab) -> None:
    past = lab(PLAIN)
    past.send(cora_call("a"), cora_call("b"))

    found = past.compare(PLAIN, window=Window(events=10, everything=True))

    assert len(found.chosen.marks) == 2
    assert (found.records, found.ends, found.cost.api_requests) == ((), (), 0)
