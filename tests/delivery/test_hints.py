"""The hint of a refused record names field, object, file, line and what to do."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import Harness, add_account, cora_call, with_mapping
from worker.localorg import LocalOrg

FILE = "cora/call.completed.yaml"
# The first of these lines is the fifth of the file.
WRITES = """\
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields:
      Subject: payload.summary
      CallDisposition: payload.status
    links:
      WhatId:
        object: Debt_Account__c
        match:
          - Account_Number__c: payload.fileNumber
"""
SUMMARY = "They talked."


def parked_hint(harness: Harness) -> str:
    answer = harness.send(cora_call())
    harness.drain()
    (record,) = harness.records(answer)
    assert record.state == "parked"
    assert record.hint is not None
    assert SUMMARY not in record.hint
    return record.hint


@pytest.mark.parametrize(
    ("code", "message", "fields", "hint"),
    [
        (
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"Disposition: bad value for restricted picklist field: {SUMMARY}",
            ["CallDisposition"],
            "Task.CallDisposition does not have the value: add it in Setup, or map it"
            f" in {FILE}:9",
        ),
        (
            "STRING_TOO_LONG",
            f"Subject: data value too large: {SUMMARY} (max length=5)",
            ["Subject"],
            "the text is too long for Task.Subject: add `as: {truncate: N}` in"
            f" {FILE}:8, or make the field longer in Setup",
        ),
        (
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            f"Not {SUMMARY}",
            ["Subject", "CallDisposition"],
            "a validation rule or trigger of Task refuses Task.Subject,"
            " Task.CallDisposition: see the rules in Setup, or change"
            f" {FILE}:8 and {FILE}:9",
        ),
        (
            "MALFORMED_ID",
            f"Related To ID: id value of incorrect type: {SUMMARY}",
            ["WhatId"],
            "the record that Task.WhatId refers to is gone: correct the reference and"
            f" replay ({FILE}:11)",
        ),
        (
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [Owner_Team__c]",
            [],
            f"Task requires Task.Owner_Team__c: give it a value in {FILE}:5, or make it"
            " optional in Setup",
        ),
        (
            "FIELD_INTEGRITY_EXCEPTION",
            SUMMARY,
            [],
            f"a field of Task does not take the value: change {FILE}:5",
        ),
        (
            "NEVER_SEEN_BEFORE",
            SUMMARY,
            [],
            f"look the code up in Salesforce's documentation of Task ({FILE}:5)",
        ),
    ],
)
def test_a_refused_row_says_where_to_mend_it(
    database: Engine,
    org: LocalOrg,
    code: str,
    message: str,
    fields: list[str],
    hint: str,
) -> None:
    add_account(org)
    org.faults.add(
        "row_error", object="Task", statusCode=code, message=message, fields=fields
    )

    with with_mapping(database, org, WRITES) as harness:
        assert parked_hint(harness) == hint


@pytest.mark.parametrize("member", ["duplicateResut", "duplicateResult"])
def test_a_duplicate_names_the_records_that_match(
    database: Engine, org: LocalOrg, member: str
) -> None:
    add_account(org)
    ids = ["00T000000000001AAA", "00T000000000002AAA"]
    org.faults.add("duplicates", object="Task", ids=ids, member=member)

    with with_mapping(database, org, WRITES) as harness:
        assert parked_hint(harness) == (
            "a duplicate rule of Task takes the record for one that is there"
            " (00T000000000001AAA, 00T000000000002AAA): merge them, or say"
            f" `duplicates: allow` in {FILE}:5 if the rule only alerts, then replay"
        )


def duplicate_of(record_id: str) -> dict[str, Any]:
    record = {"attributes": {"type": "Task"}, "Id": record_id}
    return {"matchResults": [{"matchRecords": [{"record": record}]}]}


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (
            {
                "errorCode": "DUPLICATES_DETECTED",
                "message": SUMMARY,
                "duplicateResut": duplicate_of("00T000000000001AAA"),
            },
            "a duplicate rule of Task takes the record for one that is there"
            " (00T000000000001AAA): merge them, or say `duplicates: allow` in"
            f" {FILE}:5 if the rule only alerts, then replay",
        ),
        (
            {
                "errorCode": "INVALID_FIELD",
                "message": "No such column 'CallDisposition' on sobject of type Task",
            },
            "the org has no such field, or hides it: create Task.CallDisposition, or"
            f" give the integration user access, or change {FILE}:9",
        ),
        (
            {
                "errorCode": "INVALID_FIELD",
                "message": "Foreign key external ID: They talked. not found for field"
                " Account_Number__c in entity Debt_Account__c",
            },
            "the record that a field of Task refers to does not exist yet: create it"
            f" and replay ({FILE}:5)",
        ),
    ],
)
def test_a_request_refused_as_a_whole_says_the_same(
    database: Engine, org: LocalOrg, error: dict[str, Any], hint: str
) -> None:
    add_account(org)
    org.faults.add("answer", status=400, body=[error], path="composite")

    with with_mapping(database, org, WRITES) as harness:
        assert parked_hint(harness) == hint


def test_a_refused_query_names_the_object_that_was_asked_for(
    database: Engine, org: LocalOrg
) -> None:
    message = "No such column 'Account_Number__c' on sobject of type Debt_Account__c"
    error = {"errorCode": "INVALID_FIELD", "message": message}
    org.faults.add("answer", status=400, body=[error], path="query")

    with with_mapping(database, org, WRITES) as harness:
        assert parked_hint(harness) == (
            "the org has no such field, or hides it: create"
            " Debt_Account__c.Account_Number__c, or give the integration user access,"
            f" or change {FILE}:5"
        )


def test_an_unknown_code_is_sent_once(database: Engine, org: LocalOrg) -> None:
    add_account(org)
    org.faults.add("row_error", object="Task", statusCode="NEVER_SEEN_BEFORE")

    with with_mapping(database, org, WRITES) as harness:
        answer = harness.send(cora_call())
        harness.drain()
        org.reset_stats()
        harness.clock.move(hours=80)
        harness.drain()

        assert harness.ended(answer) == ("parked", "never_seen_before")
        assert org.stats()["api_requests"] == 0


def test_who_has_to_act_on_a_session_stands_with_the_record_that_waits(
    database: Engine, org: LocalOrg
) -> None:
    org.faults.add("session_not_valid")

    with with_mapping(database, org, WRITES) as harness:
        answer = harness.send(cora_call())
        harness.drain()

        (record,) = harness.records(answer)
    assert (record.state, record.error_code) == ("pending", "INVALID_SESSION_ID")
    assert "attach the connected app" in (record.hint or "")
