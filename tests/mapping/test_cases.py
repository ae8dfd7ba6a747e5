from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from worker.mapping.cases.case import Case, CaseFile
from worker.mapping.cases.checks import check_cases
from worker.mapping.cases.data import data
from worker.mapping.cases.reading import read_cases
from worker.mapping.findings import BadMapping
from worker.mapping.strict_yaml import read
from worker.model import State
from worker.payloads import load_payload_schema

from .building import compiled
from .defaults import fields

PATH = "cora/call.completed.test.yaml"
FOLDER = Path(__file__).with_name("invalid_cases")
EXPECTED = re.compile(r"^# expect: (\d+:\d+: .+)$", re.MULTILINE)
PATHS = sorted(FOLDER.glob("*.yaml"))
OBJECTS = ("Task", "Debt_Account__c")

MAPPING = compiled(
    """
    - object: Task
      key: {External_Call_Id__c: event.call_id}
      fields: {Subject: payload.direction}
      links:
        WhatId:
          object: Debt_Account__c
          match: [{Account_Number__c: event.file_number}]
    - object: Debt_Account__c
      mode: update
      match: [{Account_Number__c: event.file_number}]
      fields: {Do_Not_Call__c: payload.outcomes.doNotCall}
    """,
    head="""
    skip: [{when: payload.isTestCall, reason: test_call}]
    """,
).spec


def checked(text: str) -> CaseFile:
    """Return the cases of a file. Raises `BadMapping` with all that is wrong."""
    file = read_cases(text, PATH)
    schema = load_payload_schema("cora", "call.completed")
    org_fields = {name: [*fields(name)] for name in OBJECTS}
    findings = check_cases(file, MAPPING, schema, org_fields)
    if findings:
        raise BadMapping(findings)
    return file


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_an_invalid_test_file_is_refused_with_all_its_faults(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    expected = [f"{PATH}:{finding}" for finding in EXPECTED.findall(text)]

    with pytest.raises(BadMapping, match=re.escape(expected[0])) as bad:
        checked(text)

    assert expected == str(bad.value).splitlines()


def test_a_case_says_what_arrives_and_what_has_to_come_of_it() -> None:
    text = """
    cases:
      - name: a call is logged
        connection: cora-texas
        fixture: a.http
        payload: {outcomes: {doNotCall: true}}
        body: {agent: {name: Evening}}
        without: [payload.fileNumber, body.agent."id"]
        received_at: 2026-05-05T08:00:00Z
        records:
          Debt_Account__c: [{Name: Account 1, Balance__c: 12.5}]
        expect:
          urgent: false
          party: none
          exact: true
          writes:
            - object: Task
              key: {External_Call_Id__c: 42}
              parked: no_match
              exact: true
              fields: {Subject: "42"}
              links: {WhatId: {Account_Number__c: 0042}}
            - {object: Debt_Account__c, skipped: no_key, not_sent: [Do_Not_Call__c]}
          not_written: [Task]
          after:
            Debt_Account__c: [{Name: Account 1}]
    """

    (case,) = checked(dedent(text)).cases
    task, account = case.expect.writes

    assert (case.connection, case.fixture) == ("cora-texas", "a.http")
    assert case.payload == {"outcomes": {"doNotCall": True}}
    assert case.body == {"agent": {"name": "Evening"}}
    assert case.without == (("payload", "fileNumber"), ("body", "agent", "id"))
    assert datetime(2026, 5, 5, 8, tzinfo=UTC) == case.received_at
    assert (case.records) == {
        "Debt_Account__c": ({"Name": "Account 1", "Balance__c": 12.5},)
    }
    assert (
        case.expect.urgent,
        case.expect.party,
        case.expect.skip,
    ) == (False, "none", None)
    assert case.expect.is_exact
    assert task.key == ("External_Call_Id__c", "42")
    assert (task.state, task.reason) == (State.PARKED, "no_match")
    assert task.is_exact
    assert task.fields == {"Subject": "42"}
    assert task.links == {"WhatId": ("Account_Number__c", "0042")}
    assert (account.state, account.reason) == (State.SKIPPED, "no_key")
    assert account.not_sent == ("Do_Not_Call__c",)
    assert case.expect.not_written == ("Task",)
    assert case.expect.after == {"Debt_Account__c": ({"Name": "Account 1"},)}


def test_a_case_that_says_little_is_the_smallest_delivery_without_an_org() -> None:
    file = checked("cases: [{name: a, expect: {writes: [{object: Task}]}}]")
    (case,) = file.cases
    (task,) = case.expect.writes

    assert datetime(2026, 5, 4, 10, 15, 30, tzinfo=UTC) == case.received_at
    assert (case.connection, case.fixture, case.records) == (None, None, None)
    assert not case.is_changed
    assert (task.state, task.reason, task.key) == (State.SYNCED, None, None)
    assert (case.expect.urgent, case.expect.party) == (None, None)


def test_an_org_without_records_is_another_thing_than_no_org() -> None:
    text = "cases: [{name: a, records: {}, expect: {urgent: true}}]"

    assert checked(text).cases[0].records == {}


def test_that_nothing_at_all_is_written_is_said_by_an_exact_empty_list() -> None:
    text = "cases: [{name: a, expect: {writes: [], exact: true}}]"
    expect = checked(text).cases[0].expect

    assert (expect.writes, expect.is_exact) == ((), True)


def test_a_key_that_is_new_at_the_vendor_may_be_sent_where_the_vendor_adds_keys() -> (
    None
):
    text = """
    cases:
      - {name: a, payload: {outcomes: {petOwner: true}}, expect: {urgent: false}}
    """

    assert checked(dedent(text)).cases[0].payload == {"outcomes": {"petOwner": True}}


def test_an_update_is_named_by_any_field_of_an_org_that_is_there() -> None:
    write = "{object: Debt_Account__c, key: {Phone__c: '+15125550101'}}"
    text = "cases: [{name: a, records: {}, expect: {writes: [%s]}}]"

    assert checked(text % write).cases[0].expect.writes[0].key == (
        "Phone__c",
        "+15125550101",
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("0", 0),
        ("-12", -12),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        ('"true"', "true"),
        ("'12'", "12"),
        ('""', ""),
        # What vendors send as text is text without quotes too.
        ("+15551234567", "+15551234567"),
        ("0042", "0042"),
        ("2026-05-04", "2026-05-04"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        (".5", ".5"),
        ("yes", "yes"),
        ("9" * 33, "9" * 33),
        ("|-\n  a\n  b", "a\nb"),
        ("[1, a]", [1, "a"]),
        ("{a: {b: null}}", {"a": {"b": None}}),
    ],
)
def test_data_is_what_it_looks_like_in_json_and_text_otherwise(
    text: str, value: Any
) -> None:
    found = data(read(text, PATH))

    assert value == found
    assert type(value) is type(found)


def test_each_case_knows_where_its_names_stand() -> None:
    text = dedent("""
    cases:
      - name: a
        payload:
          outcomes:
            "pet owner": true
        expect: {urgent: false}
    """)
    (case,) = checked(text).cases

    assert _at(case, 'payload.outcomes."pet owner"') == (6, 9)
    assert (case.place.line, case.place.column) == (3, 5)


def _at(case: Case, name: str) -> tuple[int, int]:
    return case.places[name].line, case.places[name].column
