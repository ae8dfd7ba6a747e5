"""What a changed mapping would change of what was sent, and that it then does."""

from __future__ import annotations

from tests.comparing.conftest import MakeLab
from tests.comparing.lab import add_account, cora_call, lines

TASK = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields:
      Subject: {value: Call}
      Status: {value: Completed}
      TaskSubtype: {value: Call, write: insert_only}
      Description: payload.summary
      Plan_Type__c:
        from: payload.outcomes.plan
        choose: {full: Pay in full}
        otherwise: Other
    links:
      WhatId:
        object: Debt_Account__c
        match: [{Account_Number__c: event.file_number}]
        missing: skip
"""
ACCOUNT = """
  - object: Debt_Account__c
    mode: update
    key: {Account_Number__c: event.file_number}
    fields:
      Last_Call_Result__c: payload.summary
"""


def test_a_changed_picklist_value_is_a_change_of_each_record_that_has_it(
    lab: MakeLab,
) -> None:
    past = lab(TASK)
    add_account(past.org)
    past.send(
        cora_call("a", outcomes={"plan": "half"}),
        cora_call("b", outcomes={"plan": "full"}),
        cora_call("c", outcomes={"plan": "third"}),
        cora_call("d"),
    )
    changed = TASK.replace("otherwise: Other", "otherwise: Regular plan")

    found = past.compare(changed)

    assert lines(found) == ["Task Plan_Type__c changed: Other -> Regular plan"] * 2
    assert [record.key for record in found.records] == [
        "External_Call_Id__c=a",
        "External_Call_Id__c=c",
    ]
    past.assert_exact(changed, found)


def test_a_new_flag_is_set_where_a_call_has_it(lab: MakeLab) -> None:
    past = lab(TASK + ACCOUNT)
    add_account(past.org)
    add_account(past.org, "ACC-2")
    past.send(
        cora_call("a", outcomes={"doNotCall": True}),
        cora_call("b", fileNumber="ACC-2", outcomes={"doNotCall": False}),
    )
    changed = (
        TASK
        + ACCOUNT
        + ("      Do_Not_Call__c: {from: payload.outcomes.doNotCall, write: sticky}\n")
    )

    found = past.compare(changed)

    assert lines(found) == ["Debt_Account__c Do_Not_Call__c set: None -> True"]
    (change,) = found.records[0].fields
    line = changed.splitlines().index(changed.splitlines()[-1]) + 5
    assert change.place == f"cora/call.completed.yaml:{line}"
    past.assert_exact(changed, found)
