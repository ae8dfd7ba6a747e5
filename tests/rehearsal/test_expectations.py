"""What passes and what does not, where only the mapping is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from .projects import MAPPING, differences, tried

CALL = (
    "payload: {callId: call-1, fileNumber: ACC-1, direction: INBOUND, duration: 61500}"
)
ACCOUNT = "Debt_Account__c Account_Number__c=ACC-1"


def found(
    folder: Path, expect: str, given: str = CALL, mapping: str = MAPPING, head: str = ""
) -> list[tuple[str, str, str, str]]:
    cases = f"""
      - name: a
        {given}
        expect: {expect}
    """
    return differences(folder, cases, mapping, head=head)


@pytest.mark.parametrize(
    "expect",
    [
        "{urgent: false, party: ACC-1}",
        "{writes: [{object: Task}]}",
        "{writes: [{object: Task, key: {External_Call_Id__c: call-1}}]}",
        "{writes: [{object: Task, fields: {CallDurationInSeconds: 62}}]}",
        "{writes: [{object: Task, fields: {CallDurationInSeconds: 62.0}}]}",
        "{writes: [{object: Task, links: {WhatId: {Account_Number__c: ACC-1}}}]}",
        "{not_written: [Debt_Account__c]}",
        """
          exact: true
          writes:
            - object: Task
              exact: true
              fields:
                CallDurationInSeconds: 62
                Subject: Cora call, Inbound
                CallType: Inbound
              links: {WhatId: {Account_Number__c: ACC-1}}
        """,
    ],
)
def test_what_is_expected_may_be_the_whole_or_a_part(
    tmp_path: Path, expect: str
) -> None:
    assert found(tmp_path, expect) == []


@pytest.mark.parametrize(
    ("expect", "difference"),
    [
        ("{urgent: true}", ("event", "", "urgent", "not urgent")),
        ("{party: ACC-2}", ("event", "party", "ACC-2", "ACC-1")),
        ("{party: none}", ("event", "party", "none", "ACC-1")),
        (
            "{writes: [{object: Task, fields: {CallType: Outbound}}]}",
            ("Task External_Call_Id__c=call-1", "CallType", '"Outbound"', '"Inbound"'),
        ),
        (
            '{writes: [{object: Task, fields: {CallDurationInSeconds: "62"}}]}',
            ("Task External_Call_Id__c=call-1", "CallDurationInSeconds", '"62"', "62"),
        ),
        (
            "{writes: [{object: Task, fields: {CallDurationInSeconds: true}}]}",
            ("Task External_Call_Id__c=call-1", "CallDurationInSeconds", "true", "62"),
        ),
        (
            "{writes: [{object: Task, not_sent: [CallType]}]}",
            ("Task External_Call_Id__c=call-1", "CallType", "not sent", '"Inbound"'),
        ),
        (
            "{writes: [{object: Task, not_sent: [WhatId]}]}",
            (
                "Task External_Call_Id__c=call-1",
                "WhatId",
                "not sent",
                "Account_Number__c=ACC-1",
            ),
        ),
        (
            "{writes: [{object: Task, links: {WhatId: {Account_Number__c: ACC-2}}}]}",
            (
                "Task External_Call_Id__c=call-1",
                "WhatId",
                "Account_Number__c=ACC-2",
                "Account_Number__c=ACC-1",
            ),
        ),
        (
            "{writes: [{object: Task, key: {External_Call_Id__c: call-2}}]}",
            (
                "Task External_Call_Id__c=call-1",
                "key",
                "External_Call_Id__c=call-2",
                "External_Call_Id__c=call-1",
            ),
        ),
        (
            "{writes: [{object: Task, parked: no_key}]}",
            ("Task External_Call_Id__c=call-1", "", "parked: no_key", "sent"),
        ),
        (
            "{writes: [{object: Debt_Account__c, key: {Account_Number__c: ACC-1}}]}",
            (ACCOUNT, "", "sent", "no such record"),
        ),
        (
            "{not_written: [Task]}",
            ("Task External_Call_Id__c=call-1", "", "not written", "written"),
        ),
        (
            "{writes: [], exact: true}",
            ("Task External_Call_Id__c=call-1", "", "no such record", "sent"),
        ),
        (
            "{skip: test_call}",
            ("event", "", "skipped: test_call", "not skipped"),
        ),
    ],
)
def test_what_is_not_as_expected_is_told(
    tmp_path: Path, expect: str, difference: tuple[str, str, str, str]
) -> None:
    head = "skip: [{when: payload.isTestCall, reason: test_call}]\n"

    assert found(tmp_path, expect, head=head) == [difference]


def test_an_exact_record_has_no_other_field_and_no_other_link(tmp_path: Path) -> None:
    expect = "{writes: [{object: Task, exact: true, fields: {CallType: Inbound}}]}"
    names = [name for _, name, expected, _ in found(tmp_path, expect)]

    assert sorted(names) == ["CallDurationInSeconds", "Subject", "WhatId"]


def test_a_field_that_is_not_sent_is_told_with_the_reason(tmp_path: Path) -> None:
    expect = "{writes: [{object: Task, fields: {CallType: Inbound}}]}"
    ((_, name, expected, got),) = found(tmp_path, expect, "payload: {callId: call-1}")

    assert (name, expected) == ("CallType", '"Inbound"')
    assert got == "not sent: the payload does not have the path"


def test_an_event_that_is_skipped_unexpectedly_writes_nothing(tmp_path: Path) -> None:
    head = "skip: [{when: payload.isTestCall, reason: test_call}]\n"
    given = "payload: {isTestCall: true}"

    assert found(tmp_path, "{skip: test_call}", given, head=head) == []
    assert found(tmp_path, "{urgent: false}", given, head=head) == []
    assert found(tmp_path, "{writes: [{object: Task}]}", given, head=head) == [
        ("event", "", "not skipped", "skipped: test_call"),
        ("Task", "", "sent", "no such record"),
    ]


def test_two_writes_of_one_record_are_looked_at_as_one(tmp_path: Path) -> None:
    mapping = """
    writes:
      - object: Debt_Account__c
        mode: update
        match: [{Account_Number__c: event.file_number}]
        fields: {Do_Not_Call__c: payload.outcomes.doNotCall}
      - object: Debt_Account__c
        mode: update
        match: [{Account_Number__c: event.file_number}]
        fields: {Last_Call_At__c: event.occurred_at}
    """
    given = "payload: {fileNumber: ACC-1, outcomes: {doNotCall: true}}"
    expect = """
          exact: true
          writes:
            - object: Debt_Account__c
              fields: {Do_Not_Call__c: true, Last_Call_At__c: "2026-05-04T10:14:20Z"}
    """

    assert found(tmp_path, expect, given, mapping) == []


def test_records_of_one_object_are_told_apart_by_what_they_are(tmp_path: Path) -> None:
    mapping = """
    writes:
      - object: Task
        key: {External_Call_Id__c: {text: "a:{event.call_id}"}}
        fields: {Subject: {value: A}, Status: {value: Open}}
      - object: Task
        key: {External_Call_Id__c: {text: "b:{event.call_id}"}}
        fields: {Subject: {value: B}, Status: {value: Open}}
    """
    expect = """
          exact: true
          writes:
            - {object: Task, fields: {Status: Closed}}
            - {object: Task, fields: {Subject: A, Status: Open}}
    """

    assert found(tmp_path, expect, CALL, mapping) == [
        ("Task External_Call_Id__c=b:call-1", "Status", '"Closed"', '"Open"')
    ]


def test_a_refused_value_parks_the_record_and_the_rest_of_it_is_sent(
    tmp_path: Path,
) -> None:
    given = "payload: {callId: call-1, duration: long, direction: INBOUND}"
    parked = "{object: Task, parked: transform_refused, fields: {CallType: Inbound}}"
    task = "Task External_Call_Id__c=call-1"

    assert found(tmp_path, f"{{writes: [{parked}]}}", given) == []
    ((record, name, expected, got),) = found(
        tmp_path, "{writes: [{object: Task}]}", given
    )
    assert (record, name, expected) == (task, "", "sent")
    assert got.startswith("parked: transform_refused (")
    assert "CallDurationInSeconds: ms_to_seconds: " in got


def test_what_names_nobody_is_parked_or_skipped_for_want_of_a_key(
    tmp_path: Path,
) -> None:
    given = "payload: {callId: call-1, outcomes: {doNotCall: true}}"

    assert not found(
        tmp_path, "{writes: [{object: Debt_Account__c, parked: no_key}]}", given
    )
    assert found(
        tmp_path, "{writes: [{object: Debt_Account__c, skipped: no_key}]}", given
    ) == [
        (
            "Debt_Account__c",
            "",
            "skipped: no_key",
            _hinted(tmp_path, "parked: no_key", "the payload has no value for the key"),
        )
    ]


def _hinted(folder: Path, state: str, hint: str) -> str:
    return f"{state} ({folder}/cora/call.completed.yaml:19: {hint})"


def test_each_difference_names_the_line_of_the_mapping(tmp_path: Path) -> None:
    cases = f"""
      - name: a
        {CALL}
        expect: {{writes: [{{object: Task, fields: {{CallType: Outbound}}}}]}}
    """
    (result,) = tried(tmp_path, cases).results
    (difference,) = result.differences

    assert difference.place == f"{tmp_path}/cora/call.completed.yaml:10"


def test_all_differences_of_all_cases_are_told_at_once(tmp_path: Path) -> None:
    cases = f"""
      - name: a
        {CALL}
        expect:
          urgent: true
          writes: [{{object: Task, fields: {{CallType: A, Subject: B}}}}]
      - name: b
        {CALL}
        expect: {{party: none}}
      - name: c
        {CALL}
        expect: {{party: ACC-1}}
    """
    rehearsal = tried(tmp_path, cases)

    assert [len(result.differences) for result in rehearsal.results] == [3, 1, 0]
    assert [result.case.name for result in rehearsal.failed] == ["a", "b"]
