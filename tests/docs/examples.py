"""Payload, mapping and record, as a page shows them, tried out.

A page need not repeat what every mapping has: a mapping without its head is one of
Cora's calls, one that begins with `- object:` is a list of writes, and any other is
fields, of the object that has them all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml

from tests.docs.pages import ROOT
from worker.checking import Checker
from worker.cli.http_file import read_http_file
from worker.mapping.cases.case import Case, CaseFile
from worker.mapping.cases.checks import check_cases
from worker.mapping.cases.reading import read_cases
from worker.mapping.compiled import CompiledMapping
from worker.mapping.mapping_set import read_set
from worker.mapping.write_plans import TRANSFORM_REFUSED
from worker.org_schema import load_schema
from worker.payloads import load_payload_schema
from worker.rehearsal.trying import Stage, try_case
from worker.settings import Needs, load_settings

PAGE = "page.test.yaml"
PARKED = "(parked)"
HEAD = "source: cora\nevent: call.completed\nversion: 1\n"
# How a record of an object is named where only its fields are shown.
KEYS = {
    "Task": "key: {External_Call_Id__c: event.call_id}",
    "Debt_Account__c": "mode: update\n  match: [{Account_Number__c: event.call_id}]",
    "Promise_To_Pay__c": "key: {External_Id__c: event.call_id}",
}


@dataclass(frozen=True, slots=True)
class Example:
    """A whole mapping, and of which object the fields are that it was made of."""

    text: str
    object: str = ""

    @property
    def path(self) -> str:
        head = yaml.safe_load(self.text)
        return f"{head['source']}/{head['event']}.yaml"


@cache
def stage() -> Stage:
    """Return the shipped connections and objects."""
    settings = load_settings({"CONFIG_DIR": str(ROOT / "config")}, Needs.NOTHING)
    schema = load_schema(ROOT / "config" / "salesforce")
    return Stage(settings.connections, schema, read_http_file)


def example(text: str) -> Example:
    """Return the mapping that a page shows all or a part of."""
    if text.lstrip().startswith("- object:"):
        return Example(f"{HEAD}writes:\n{indent(text, '  ')}")
    said = yaml.safe_load(text)
    if "writes" in said:
        return Example(text if "source" in said else HEAD + text)
    found = _object_with(said)
    write = f"- object: {found}\n  {KEYS[found]}\n  fields:\n{indent(text, '    ')}"
    return Example(f"{HEAD}writes:\n{indent(write, '  ')}", found)


def _object_with(fields: dict[str, Any]) -> str:
    schema = stage().schema.fields
    having = [name for name in KEYS if fields.keys() <= schema[name].keys()]
    assert having, f"no object has all of these fields: {[*fields]}"
    return having[0]


def writes_of(shown: Example, record: str) -> str:
    """Return the expected records, of which a page may show the fields alone.

    `record` is empty where nothing is sent, or `PARKED`.
    """
    if not shown.object:
        return record
    write = f"- object: {shown.object}\n"
    if record == PARKED:
        return write + f"  parked: {TRANSFORM_REFUSED}\n"
    if record:
        return f"{write}  fields:\n{indent(record, '    ')}"
    return "" if "mode: update" in KEYS[shown.object] else write


def case_of(payload: str, writes: str) -> Case:
    """Return the case in which a payload makes just these records."""
    one_line = json.dumps(json.loads(payload))
    text = f"cases:\n  - name: the page's\n    payload: {one_line}\n"
    text += "    expect:\n      exact: true\n      writes:"
    text += f"\n{indent(writes, '        ')}" if writes else " []"
    (case,) = read_cases(text, PAGE).cases
    exact = tuple(replace(write, is_exact=True) for write in case.expect.writes)
    return replace(case, expect=replace(case.expect, writes=exact))


def cases_in(text: str) -> tuple[Case, ...]:
    """Return the cases that a page shows of a test file."""
    return read_cases(f"cases:\n{text}", PAGE).cases


def findings_of(shown: Example) -> list[str]:
    """Return what is wrong with an example's mapping."""
    mappings, findings = read_set({shown.path: shown.text})
    checked = [] if findings else [*Checker(lambda: stage().schema)(mappings)]
    return [str(finding) for finding in (*findings, *checked)]


def differences_of(shown: Example, cases: Sequence[Case]) -> list[str]:
    """Return what comes otherwise than the page says."""
    mapping = mapping_of(shown)
    schema = load_payload_schema(mapping.spec.source, mapping.spec.event)
    file = CaseFile(PAGE, tuple(cases))
    wrong = check_cases(file, mapping.spec, schema, stage().schema.fields)
    found = [str(finding) for finding in wrong]
    for case in cases:
        result, _ = try_case(case, Path(), mapping, stage())
        found += [f"{case.name}: {difference}" for difference in result.differences]
    return found


def mapping_of(shown: Example) -> CompiledMapping:
    mappings, findings = read_set({shown.path: shown.text})
    assert findings == []
    (mapping,) = mappings.mappings.values()
    return mapping
