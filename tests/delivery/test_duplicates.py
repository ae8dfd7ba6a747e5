"""What the policy on duplicates makes of records that a rule of the org stops."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import Harness, Spy, cora_call, with_mapping
from worker.localorg import LocalOrg

FILE = "cora/call.completed.yaml"
IDS = ["00T000000000001AAA", "00T000000000002AAA"]
PARKS = """\
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields: {Subject: payload.summary}
"""
ALLOWS = PARKS + "    duplicates: allow\n"
# Which of the two is made decides the call; both may write the same record.
EITHER = """\
  - object: Task
    when: payload.status == 'Completed'
    duplicates: allow
    key: {External_Call_Id__c: {text: "{payload.fileNumber}"}}
    fields: {Subject: payload.summary}
  - object: Task
    when: payload.status != 'Completed'
    key: {External_Call_Id__c: {text: "{payload.fileNumber}"}}
    fields: {CallObject: payload.status}
"""
PARKED_HINT = (
    "a duplicate rule of Task takes the record for one that is there"
    f" ({', '.join(IDS)}): merge them, or say `duplicates: allow` in {FILE}:5 if the"
    " rule only alerts, then replay"
)
BLOCKED_HINT = (
    f"a duplicate rule of Task blocks the record for one that is there"
    f" ({', '.join(IDS)}), and `duplicates: allow` passes rules that only alert: merge"
    f" them, or set the rule's action to Allow in Setup, then replay ({FILE}:5)"
)


def tasks(org: LocalOrg) -> dict[str, str]:
    return {
        task["External_Call_Id__c"]: task["Subject"] for task in org.records("Task")
    }


def writes(harness: Harness) -> list[list[str]]:
    """Return the keys of each request to write."""
    assert isinstance(harness.crm, Spy)
    return [
        sorted(record["External_Call_Id__c"] for record in records)
        for _, _, records in harness.crm.requests
    ]


@pytest.mark.parametrize("member", ["duplicateResut", "duplicateResult"])
@pytest.mark.parametrize(
    ("mapping", "action", "hint"),
    [
        (PARKS, "alert", PARKED_HINT),
        (PARKS, "block", PARKED_HINT),
        (ALLOWS, "alert", None),
        (ALLOWS, "block", BLOCKED_HINT),
    ],
)
def test_a_duplicate_is_saved_where_the_mapping_allows_and_the_rule_alerts(
    database: Engine,
    org: LocalOrg,
    mapping: str,
    action: str,
    hint: str | None,
    member: str,
) -> None:
    org.faults.add("duplicates", ids=IDS, member=member, action=action)

    with with_mapping(database, org, mapping) as harness:
        answer = harness.send(cora_call())
        harness.drain()

        (record,) = harness.records(answer)
        sent = len(writes(harness))
    assert (record.state, record.hint) == ("parked" if hint else "synced", hint)
    assert record.reason == ("duplicates_detected" if hint else None)
    assert tasks(org) == ({} if hint else {"call-1": "They talked."})
    assert sent == 1


def test_a_record_to_update_is_saved_too(database: Engine, org: LocalOrg) -> None:
    org.insert("Debt_Account__c", [{"Account_Number__c": "ACC-1"}])
    org.faults.add("duplicates", object="Debt_Account__c", action="alert")
    mapping = """\
  - object: Debt_Account__c
    mode: update
    duplicates: allow
    match: [{Account_Number__c: event.file_number}]
    fields: {Last_Call_Result__c: payload.summary}
"""

    with with_mapping(database, org, mapping) as harness:
        answer = harness.send(cora_call())
        harness.drain()

        assert harness.ended(answer) == ("synced", None)


def test_leave_for_some_records_is_no_leave_for_others(
    database: Engine, org: LocalOrg
) -> None:
    """One request for those that allow it, one for all others."""
    org.faults.add("duplicates", ids=IDS, action="alert")
    one_lane = "party: [payload.direction]\n"

    with with_mapping(database, org, EITHER, head=one_lane) as harness:
        calls = [
            cora_call(f"call-{n}", fileNumber=f"F-{n}", status=status)
            for n, status in enumerate(["Completed", "Busy", "Completed", "Busy"])
        ]
        answers = [harness.send(call) for call in calls]
        harness.drain()

        ended = [harness.ended(answer)[0] for answer in answers]
        sent = sorted(writes(harness))
    assert ended == ["synced", "parked", "synced", "parked"]
    assert sent == [["F-0", "F-2"], ["F-1", "F-3"]]
    assert sorted(tasks(org)) == ["F-0", "F-2"]


@pytest.mark.parametrize("statuses", [("Completed", "Busy"), ("Busy", "Completed")])
def test_of_several_calls_of_a_record_those_pass_that_allow_it(
    database: Engine, org: LocalOrg, statuses: tuple[str, str]
) -> None:
    """Merged, all would have to allow it; parted, each has its own policy."""
    org.faults.add("duplicates", ids=IDS, action="alert")

    with with_mapping(database, org, EITHER) as harness:
        answers = {
            status: harness.send(
                cora_call(f"call-{n}", fileNumber="F-1", status=status)
            )
            for n, status in enumerate(statuses)
        }
        harness.drain()

        (parked,) = harness.records(answers["Busy"])
        assert harness.ended(answers["Completed"]) == ("synced", None)
    assert parked.state == "parked"
    assert ", ".join(IDS) in (parked.hint or "")
    assert f"{FILE}:10" in (parked.hint or "")
    assert tasks(org) == {"F-1": "They talked."}


def test_several_calls_of_a_record_that_all_allow_it_are_one_write(
    database: Engine, org: LocalOrg
) -> None:
    org.faults.add("duplicates", ids=IDS, action="alert")

    with with_mapping(database, org, EITHER) as harness:
        for n in range(3):
            harness.send(cora_call(f"call-{n}", fileNumber="F-1"))
        harness.drain()

        assert writes(harness) == [["F-1"]]
