"""Small projects, each a mapping and its test files in a folder."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from tests.mapping.defaults import connections
from worker.cli.http_file import read_http_file
from worker.org_schema import load_schema
from worker.rehearsal.folders import choose
from worker.rehearsal.rehearsing import Rehearsal, rehearse
from worker.rehearsal.trying import Stage

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
EVENT = "call.completed"

HEAD = f"source: cora\nevent: {EVENT}\nparty: [event.file_number, event.phone]\n"
MAPPING = """
writes:
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields:
      Subject: {text: "Cora call, {payload.direction|title|default:unknown}"}
      CallType:
        from: payload.direction
        choose: {INBOUND: Inbound, OUTBOUND: Outbound}
      CallDurationInSeconds: {from: payload.duration, as: ms_to_seconds}
    links:
      WhatId:
        object: Debt_Account__c
        match: [{Account_Number__c: event.file_number}]
        missing: skip
  - object: Debt_Account__c
    mode: update
    match: [{Account_Number__c: event.file_number}]
    fields:
      Do_Not_Call__c: {from: payload.outcomes.doNotCall, write: sticky}
"""


def stage() -> Stage:
    """Return what the shipped project has beside its mappings."""
    schema = load_schema(ROOT / "config" / "salesforce")
    return Stage(connections(), schema, read_http_file)


def write_mapping(folder: Path, text: str = MAPPING, *, head: str = "") -> Path:
    """Write a mapping of Cora's ended calls, with this head beside its own."""
    path = folder / "cora" / f"{EVENT}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + dedent(head) + dedent(text), encoding="utf-8")
    return path


def write_cases(folder: Path, text: str, name: str = "") -> Path:
    """Write a test file, or one about something, with this list of cases."""
    path = folder / "cora" / f"{EVENT}{name}.test.yaml"
    path.write_text("cases:" + dedent(text), encoding="utf-8")
    return path


def tried(
    folder: Path, cases: str, mapping: str = MAPPING, *, head: str = ""
) -> Rehearsal:
    """Return what came of these cases of this mapping."""
    write_mapping(folder, mapping, head=head)
    write_cases(folder, cases)
    return rehearse(choose([folder]), stage())


def differences(
    folder: Path, cases: str, mapping: str = MAPPING, *, head: str = ""
) -> list[tuple[str, str, str, str]]:
    """Return record, name, expected and got of everything that was not as expected."""
    return [
        (each.record, each.name, each.expected, each.got)
        for result in tried(folder, cases, mapping, head=head).results
        for each in result.differences
    ]
