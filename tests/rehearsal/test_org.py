"""Cases with `records`: what the delivery itself makes of an org."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.mapping.coverage import NOT_LOOKED_AT, percent

from .projects import differences, tried

MAPPING = """
writes:
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields:
      Subject: {value: A call}
      TaskSubtype: {value: Call, write: insert_only}
      Description: {from: payload.summary, write: if_empty}
    links:
      WhatId:
        object: Debt_Account__c
        match: [{Account_Number__c: event.file_number}, {Phone__c: event.phone}]
        missing: skip
        ambiguous: skip
  - object: Debt_Account__c
    mode: update
    match: [{Account_Number__c: event.file_number}, {Phone__c: event.phone}]
    fields:
      Do_Not_Call__c: {from: payload.outcomes.doNotCall, write: sticky}
      Language__c: {from: payload.direction, write: if_empty}
"""
KNOWN = "[{Account_Number__c: ACC-1, Phone__c: '+15125550101'}]"
GIVEN = "{callId: call-1, fileNumber: ACC-1, outcomes: {doNotCall: true}}"


def found(
    folder: Path, expect: str, *, given: str = GIVEN, records: str, text: str = MAPPING
) -> list[tuple[str, str, str, str]]:
    cases = f"""
      - name: a
        payload: {given}
        records: {records}
        expect: {expect}
    """
    return differences(folder, cases, text)


@pytest.mark.parametrize(
    ("given", "records", "expect"),
    [
        # Found by number, linked by whatever the record has.
        (
            GIVEN,
            f"{{Debt_Account__c: {KNOWN}}}",
            "{writes: [{object: Task, links: {WhatId: {Phone__c: '+15125550101'}}}]}",
        ),
        # Nobody is there.
        (
            GIVEN,
            "{Debt_Account__c: []}",
            "{writes: [{object: Debt_Account__c, parked: no_match},"
            " {object: Task, not_sent: [WhatId]}], exact: true}",
        ),
        # An org without any records.
        (GIVEN, "{}", "{writes: [{object: Debt_Account__c, parked: no_match}]}"),
        # Two with the same phone.
        (
            "{phoneNumber: '1', outcomes: {doNotCall: true}}",
            "{Debt_Account__c: [{Phone__c: '1'}, {Phone__c: '1'}]}",
            "{writes: [{object: Debt_Account__c, parked: ambiguous_match}]}",
        ),
        # A flag that is false is not sent: there is nothing to write.
        (
            "{fileNumber: ACC-1, outcomes: {doNotCall: false}}",
            "{Debt_Account__c: [{Account_Number__c: ACC-1, Do_Not_Call__c: true}]}",
            "{not_written: [Debt_Account__c], after: {Debt_Account__c:"
            " [{Account_Number__c: ACC-1, Do_Not_Call__c: true}]}}",
        ),
        # What is there stays, and is not sent.
        (
            "{fileNumber: ACC-1, direction: INBOUND}",
            "{Debt_Account__c: [{Account_Number__c: ACC-1, Language__c: Spanish}]}",
            "{writes: [{object: Debt_Account__c, skipped: nothing_to_write}], after:"
            " {Debt_Account__c: [{Account_Number__c: ACC-1, Language__c: Spanish}]}}",
        ),
        # What Salesforce never updates is sent again without it.
        (
            "{callId: call-1}",
            "{Task: [{External_Call_Id__c: call-1, TaskSubtype: Task}]}",
            "{writes: [{object: Task, fields: {Subject: A call},"
            " not_sent: [TaskSubtype]}],"
            " after: {Task: [{External_Call_Id__c: call-1, TaskSubtype: Task}]}}",
        ),
        # A new record has all of it.
        (
            "{callId: call-1, summary: text}",
            "{}",
            "{writes: [{object: Task, key: {External_Call_Id__c: call-1}, exact: true,"
            " fields: {Subject: A call, TaskSubtype: Call, Description: text}}],"
            " after: {Task: [{TaskSubtype: Call, Description: text}]}}",
        ),
        # A checkbox of which nothing is said is false, and any other field null.
        (
            "{callId: call-1}",
            f"{{Debt_Account__c: {KNOWN}}}",
            "{after: {Debt_Account__c: [{Do_Not_Call__c: false, Language__c: null}]}}",
        ),
    ],
)
def test_the_delivery_decides_what_is_sent(
    tmp_path: Path, given: str, records: str, expect: str
) -> None:
    assert found(tmp_path, expect, given=given, records=records) == []


def test_what_the_org_has_afterwards_is_told_where_it_is_not_as_expected(
    tmp_path: Path,
) -> None:
    expect = """
          after:
            Debt_Account__c:
              - {Account_Number__c: ACC-1, Do_Not_Call__c: false}
              - {Account_Number__c: ACC-2}
    """

    account = "org's Debt_Account__c Account_Number__c"

    assert found(tmp_path, expect, records=f"{{Debt_Account__c: {KNOWN}}}") == [
        (f"{account}=ACC-1", "Do_Not_Call__c", "false", "true"),
        (f"{account}=ACC-2", "", "there", "no such record"),
    ]


def test_a_record_that_should_have_been_sent_is_told_with_the_hint(
    tmp_path: Path,
) -> None:
    expect = "{writes: [{object: Debt_Account__c, fields: {Do_Not_Call__c: true}}]}"
    ((record, name, expected, got),) = found(tmp_path, expect, records="{}")

    assert (record, name, expected) == (
        "Debt_Account__c Account_Number__c=ACC-1",
        "",
        "sent",
    )
    assert got.startswith("parked: no_match (")
    assert got.endswith(
        "no Debt_Account__c by Account_Number__c: create the record, then replay)"
    )


def test_a_promise_is_linked_to_the_account_that_the_same_call_makes(
    tmp_path: Path,
) -> None:
    text = """
    writes:
      - object: Task
        key: {External_Call_Id__c: event.call_id}
        fields: {Subject: {value: A call}}
        links:
          WhatId:
            object: Debt_Account__c
            match: [{Account_Number__c: event.file_number}]
            missing: create
            create: {Name: {text: "Account {event.file_number}"}}
    """
    expect = """
          exact: true
          writes:
            - object: Debt_Account__c
              key: {Account_Number__c: ACC-1}
              fields: {Name: Account ACC-1}
            - {object: Task, links: {WhatId: {Name: Account ACC-1}}}
          after:
            Debt_Account__c: [{Account_Number__c: ACC-1, Name: Account ACC-1}]
    """
    known = """
          exact: true
          writes:
            - {object: Debt_Account__c, skipped: exists_already}
            - {object: Task, links: {WhatId: {Name: Old}}}
    """
    there = "{Debt_Account__c: [{Account_Number__c: ACC-1, Name: Old}]}"

    assert found(tmp_path, expect, records="{}", text=text) == []
    assert found(tmp_path, known, records=there, text=text) == []


def test_only_an_org_shows_who_is_missing_ambiguous_or_keeps_what_it_has(
    tmp_path: Path,
) -> None:
    plain = """
      - name: by number
        payload: {callId: call-1, fileNumber: ACC-1, phoneNumber: '1', summary: text,
                  direction: INBOUND, outcomes: {doNotCall: true}}
        expect:
          writes:
            - {object: Task, fields: {Subject: A call, TaskSubtype: Call,
               Description: text}, links: {WhatId: {Account_Number__c: ACC-1}}}
            - object: Debt_Account__c
              fields: {Do_Not_Call__c: true, Language__c: INBOUND}
      - name: by phone
        payload: {callId: call-1, phoneNumber: '1', outcomes: {doNotCall: false}}
        expect:
          writes: [{object: Task, links: {WhatId: {Phone__c: '1'}}}]
          not_written: [Debt_Account__c]
    """
    in_org = """
      - name: nobody is there, and the task is
        payload: {callId: call-1, phoneNumber: '1', summary: new,
                  outcomes: {doNotCall: true}}
        records: {Task: [{External_Call_Id__c: call-1, Description: old}]}
        expect:
          writes:
            - {object: Debt_Account__c, parked: no_match}
            - {object: Task, not_sent: [TaskSubtype, Description, WhatId]}
      - name: two are there
        payload: {callId: call-1, phoneNumber: '1', outcomes: {doNotCall: true}}
        records: {Debt_Account__c: [{Phone__c: '1'}, {Phone__c: '1'}]}
        expect:
          writes:
            - {object: Debt_Account__c, parked: ambiguous_match}
            - {object: Task, not_sent: [WhatId]}
      - name: a language is there
        payload: {callId: call-1, phoneNumber: '1', direction: INBOUND,
                  outcomes: {doNotCall: false}}
        records: {Debt_Account__c: [{Phone__c: '1', Language__c: Spanish}]}
        expect:
          writes: [{object: Debt_Account__c, not_sent: [Do_Not_Call__c, Language__c],
                    skipped: nothing_to_write}]
    """
    kept = "the value of a record that is there is never kept"
    without = _left_out(tmp_path, plain)
    with_org = _left_out(tmp_path, plain + in_org)

    assert without == {
        f"Task.TaskSubtype: {kept}",
        f"Task.Description: {kept}",
        "Task.WhatId: a missing record is never met",
        "Task.WhatId: an ambiguous match is never met",
        "Debt_Account__c: a missing record is never met",
        "Debt_Account__c: an ambiguous match is never met",
        "Debt_Account__c.Do_Not_Call__c: a false that leaves the flag is given,"
        f" {NOT_LOOKED_AT}",
        f"Debt_Account__c.Language__c: {kept}",
    }
    assert with_org == set()


def _left_out(folder: Path, cases: str) -> set[str]:
    rehearsal = tried(folder, cases, MAPPING)
    assert rehearsal.failed == []
    (coverage,) = rehearsal.coverages
    assert 0 < percent([coverage]) < 100
    return {
        finding.message
        for kind, finding in coverage.untouched
        if kind != "vendor key"
        # These three cases are not about whom the event belongs to.
        and not finding.message.startswith("party:")
    }
