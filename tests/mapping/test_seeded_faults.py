"""Faults as an admin makes them in the default mappings: one finding each, in its line.

Each is a small edit of a shipped file, and has to bring about just one finding: in the
line that was edited, with words that say what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from worker.checking import Checker
from worker.mapping.findings import Finding
from worker.mapping.mapping_set import read_set
from worker.org_schema import load_schema

ROOT = Path(__file__).parents[2]
CORA = "cora/call.completed.yaml"
PLAN = "cora/payment.plan_created.yaml"
ALTUR = "altur/on_call_end.yaml"
FREECLIMB = "freeclimb/callStatus.yaml"
SCHEMA = load_schema(ROOT / "config" / "salesforce")
CHECKER = Checker(lambda: SCHEMA)


@dataclass(frozen=True)
class Fault:
    """An edit: the first `old` of a file becomes `new`. `hint` is in the finding.

    `line_of` is what stands in the finding's line, where that is not all of `new`.
    """

    name: str
    path: str
    old: str
    new: str
    hint: str
    line_of: str = ""


FAULTS = [
    Fault(
        "a letter too few in a field's name",
        CORA,
        "      Do_Not_Call__c:  ",
        "      Do_Not_Cal__c:   ",
        "did you mean 'Do_Not_Call__c'?",
    ),
    Fault(
        "a letter too few in a path",
        CORA,
        "payload.recordingUrl",
        "payload.recordingUr",
        "did you mean 'recordingUrl'?",
    ),
    Fault(
        "an outcome in the wrong case",
        CORA,
        "payload.outcomes.ceaseAndDesist, as",
        "payload.outcomes.ceaseanddesist, as",
        "did you mean 'ceaseAndDesist'?",
    ),
    Fault(
        "a misspelt transform",
        CORA,
        "as: ms_to_seconds",
        "as: ms_to_second",
        "did you mean 'ms_to_seconds'?",
    ),
    Fault(
        "a misspelt key of a field",
        CORA,
        "{value: Call, write: insert_only}",
        "{value: Call, wirte: insert_only}",
        "did you mean 'write'?",
    ),
    Fault(
        "a misspelt policy",
        CORA,
        "as: to_boolean, write: sticky",
        "as: to_boolean, write: stiky",
        "did you mean 'sticky'?",
    ),
    Fault(
        "a value that the picklist does not have",
        CORA,
        "settle_today: Settle today",
        "settle_today: Settled today",
        "did you mean 'Settle today'?",
    ),
    Fault(
        "a vendor's value that it never sends",
        CORA,
        "{INBOUND: Inbound, OUTBOUND: Outbound}",
        "{INBOUND: Inbound, OUTBUOND: Outbound}",
        "did you mean 'OUTBOUND'?",
    ),
    Fault(
        "a vendor's own words in a restricted picklist",
        CORA,
        "{from: payload.direction, choose: {INBOUND: Inbound, OUTBOUND: Outbound}}",
        "payload.direction",
        "use `choose`, with `otherwise`",
    ),
    Fault(
        "a text in a number field",
        FREECLIMB,
        "{from: payload.callDuration, as: to_integer}",
        "{from: payload.callDuration}",
        "use `as: to_integer`",
    ),
    Fault(
        "a flag in a picklist",
        CORA,
        '{from: payload.outcomes.spanishCall, choose: {"true": Spanish}}',
        "{from: payload.outcomes.spanishCall}",
        "gets true or false: use `choose`",
    ),
    Fault(
        "an amount of words in a currency field",
        PLAN,
        "{from: payload.totalAmount, as: to_money}",
        "{from: payload.totalAmount, as: trim}",
        "use `as: to_money`",
    ),
    Fault(
        "a text without a limit in a short field",
        CORA,
        "{from: body.agent.name, as: {truncate: 255}}",
        "{from: body.agent.name}",
        "cut it with `as: {truncate: 255}`",
    ),
    Fault(
        "a limit that is longer than the field",
        FREECLIMB,
        "as: [title, {truncate: 80}]}",
        "as: [title, {truncate: 800}]}",
        "Ended_Reason__c holds 80 characters and may get 800",
    ),
    Fault(
        "a sticky text",
        CORA,
        "as: {truncate: 80}}",
        "as: {truncate: 80}, write: sticky}",
        "only a checkbox can be sticky",
    ),
    Fault(
        "a key that is no external id",
        FREECLIMB,
        "key: {External_Call_Id__c: event.call_id}",
        "key: {Transferred_To__c: event.call_id}",
        "mark it External ID and Unique in Setup",
    ),
    Fault(
        "a field that a record keeps for ever",
        FREECLIMB,
        "{value: Call, write: insert_only}",
        "{value: Call}",
        "use `write: insert_only`",
    ),
    Fault(
        "the same field twice",
        CORA,
        "      Status:                         {value: Completed}\n",
        "      Status:                         {value: Completed}\n"
        "      Status:                         {value: Not Started}\n",
        "'Status' is already there in line",
        "{value: Not Started}",
    ),
    Fault(
        "the same field in two writes of the account",
        CORA,
        "      Hospitalized__c:  ",
        "      Last_Call_At__c:                {from: event.occurred_at}\n"
        "      Hospitalized__c:  ",
        "Last_Call_At__c is already given in line",
        "Last_Call_At__c: ",
    ),
    Fault(
        "a tab for an indent",
        CORA,
        "    wrong_party: write",
        "\twrong_party: write",
        "indent with spaces",
    ),
    Fault(
        "an object by another name",
        ALTUR,
        "  - object: Debt_Account__c\n    mode: update",
        "  - object: DebtAccount__c\n    mode: update",
        "did you mean 'Debt_Account__c'?",
        "- object: DebtAccount__c",
    ),
    Fault(
        "a link to an object that the field does not refer to",
        FREECLIMB,
        "      WhatId:\n",
        "      WhoId:\n",
        "WhoId does not refer to Debt_Account__c",
    ),
    Fault(
        "a party that the vendor never names",
        ALTUR,
        "party: [event.foreign_id, event.phone]",
        "party: [event.file_number, event.phone]",
        "altur on_call_end never gives event.file_number",
    ),
    Fault(
        "a party that is a flag",
        CORA,
        "party: [event.file_number, event.phone]",
        "party: [payload.isTestCall, event.phone]",
        "payload.isTestCall is never a party",
    ),
    Fault(
        "a bracket too few in a path",
        CORA,
        "wasWrongNumber] | contains(@, `true`)",
        "wasWrongNumber | contains(@, `true`)",
        "is not JMESPath",
    ),
    Fault(
        "a function that JMESPath does not have",
        CORA,
        "wasWrongNumber] | contains(@, `true`)",
        "wasWrongNumber] | contain(@, `true`)",
        "did you mean 'contains'?",
    ),
    Fault(
        "a number of days where a date has to be",
        CORA,
        "as: {days_after: event.occurred_on}",
        "as: to_integer",
        "use `as: to_date`",
    ),
    Fault(
        "a transform without what it needs",
        ALTUR,
        "[title, {truncate: 80}]",
        "[title, truncate]",
        "'truncate' takes a whole number",
    ),
    Fault(
        "a zone that is none",
        CORA,
        "{from: payload.createdAt, as: to_datetime}",
        "{from: payload.createdAt, as: {to_datetime_in: America/Chicgo}}",
        "did you mean 'America/Chicago'?",
    ),
    Fault(
        "a write that nothing finds",
        CORA,
        "    key: {External_Call_Id__c: event.call_id}\n",
        "",
        "give exactly one of: key, match",
        "  - object: Task\n",
    ),
]


def edited(fault: Fault) -> tuple[str, int]:
    """Return the text with the fault, and the line in which it has to be found."""
    text = (ROOT / "mappings" / fault.path).read_text(encoding="utf-8")
    start = text.index(fault.old)
    changed = text.replace(fault.old, fault.new, 1)
    marker = fault.line_of or fault.new
    at = changed.rindex(marker, 0, start + len(fault.new) + 1) if marker else start
    return changed, changed[:at].count("\n") + 1


def findings_of(path: str, text: str) -> list[Finding]:
    mappings, findings = read_set({path: text})
    return [*findings, *CHECKER(mappings)]


def test_there_are_at_least_25_and_the_files_have_no_other_fault() -> None:
    assert len({fault.name for fault in FAULTS}) >= 25
    for path in {fault.path for fault in FAULTS}:
        text = (ROOT / "mappings" / path).read_text(encoding="utf-8")
        assert findings_of(path, text) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_seeded_fault_is_one_finding_in_its_line_with_a_hint(fault: Fault) -> None:
    text, line = edited(fault)

    (finding,) = findings_of(fault.path, text)

    assert fault.hint in finding.message
    assert finding.line == line
