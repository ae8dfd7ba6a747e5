"""A test file's text into its cases, with every fault at once. Floor 1, pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from worker.mapping import nodes
from worker.mapping.case_grammar import TEST_FILE
from worker.mapping.cases.case import KIND, USUAL_MOMENT, Case, CaseFile
from worker.mapping.cases.data import data, unclear
from worker.mapping.cases.expectations import read_expectation
from worker.mapping.cases.records import places_in, records_in
from worker.mapping.findings import BadMapping, Finding
from worker.mapping.shapes import find_faults
from worker.mapping.strict_yaml import Node, Place, Table, read

_KEY = r'(?:[A-Za-z_][A-Za-z0-9_]*|"[^"\\]+")'
_CHAIN = re.compile(rf"(?:payload|body)(?:\.{_KEY})+")


def read_cases(text: str, path: str) -> CaseFile:
    """Return the cases of a test file. Raises `BadMapping` with all findings."""
    root = read(text, path)
    findings = find_faults(root, TEST_FILE)
    listed = nodes.items(nodes.entries(root).get("cases"))
    findings.extend(_repeated_names(listed))
    findings.extend(_unclear_data(listed))
    cases = tuple(_case(node, findings) for node in listed)
    if findings:
        raise BadMapping(findings)
    return CaseFile(path, cases)


def _repeated_names(listed: tuple[Node, ...]) -> Iterator[Finding]:
    lines: dict[str, int] = {}
    for case in listed:
        name = nodes.entries(case).get("name")
        if name is None or not nodes.text(name):
            continue
        if nodes.text(name) in lines:
            message = f"another case in line {lines[nodes.text(name)]} has this name"
            yield name.place.finding(message, KIND)
        lines.setdefault(nodes.text(name), name.place.line)


def _unclear_data(listed: tuple[Node, ...]) -> Iterator[Finding]:
    for node in listed:
        case = nodes.entries(node)
        expect = nodes.entries(case.get("expect"))
        writes = nodes.items(expect.get("writes"))
        parts = [case.get(key) for key in ("payload", "body", "records")]
        parts += [expect.get("after")]
        parts += [nodes.entries(write).get("fields") for write in writes]
        for part in parts:
            for scalar in unclear(part) if part is not None else ():
                what = (
                    f"{scalar.text!r} is not clear" if scalar.text else "an empty value"
                )
                message = f'{what}: write true, false, null or "a text"'
                yield scalar.place.finding(message, KIND)


def _case(node: Node, findings: list[Finding]) -> Case:
    given = nodes.entries(node)
    places = _places(node)
    case = Case(
        name=nodes.text(given.get("name")),
        place=node.place,
        expect=read_expectation(given.get("expect"), findings),
        connection=nodes.text(given.get("connection")) or None,
        fixture=nodes.text(given.get("fixture")) or None,
        payload=_table(given.get("payload")),
        body=_table(given.get("body")),
        without=_without(given.get("without"), findings),
        received_at=_moment(given.get("received_at"), findings),
        records=records_in(given["records"]) if "records" in given else None,
        places=places,
    )
    if case.expect.after and case.records is None:
        message = "'after' goes with 'records'"
        place = nodes.entries(given["expect"])["after"].place
        findings.append(place.finding(message, KIND))
    return case


def _places(node: Node) -> dict[str, Place]:
    given = nodes.entries(node)
    places = {key: value.place for key, value in given.items()}
    for key in ("payload", "body"):
        places |= _key_places(given.get(key), key)
    places |= places_in(given.get("records"), "records")
    expect = nodes.entries(given.get("expect"))
    places |= places_in(expect.get("after"), "after")
    for item in nodes.items(given.get("without")):
        places[f"without.{'.'.join(_steps(nodes.text(item)))}"] = item.place
    for item in nodes.items(expect.get("not_written")):
        places[f"not_written.{nodes.text(item)}"] = item.place
    if "skip" in expect:
        places["skip"] = expect["skip"].place
    return places


def _key_places(node: Node | None, prefix: str) -> dict[str, Place]:
    """Return the place of each key, by its path; `[]` stands for a list's items."""
    places: dict[str, Place] = {}
    for item in nodes.items(node):
        places |= _key_places(item, f"{prefix}[]")
    if isinstance(node, Table):
        for key, child in node.entries.items():
            inner = f"{prefix}.{step_of(key)}"
            places[inner] = node.key_places[key]
            places |= _key_places(child, inner)
    return places


def step_of(key: str) -> str:
    """Return a key as a path has it: in quotes where it is no plain word."""
    return key if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key) else f'"{key}"'


def _table(node: Node | None) -> dict[str, Any]:
    return data(node) if isinstance(node, Table) else {}


def _without(node: Node | None, findings: list[Finding]) -> tuple[tuple[str, ...], ...]:
    chains = []
    for item in nodes.items(node):
        text = nodes.text(item)
        if text and not _CHAIN.fullmatch(text):
            message = f"{text!r} is no key below payload or body, as payload.a.b is"
            findings.append(item.place.finding(message, KIND))
        chains.append(_steps(text))
    return tuple(chains)


def _steps(chain: str) -> tuple[str, ...]:
    return tuple(step.strip('"') for step in re.findall(_KEY, chain))


def _moment(node: Node | None, findings: list[Finding]) -> datetime:
    text = nodes.text(node)
    if node is None or not text:
        return USUAL_MOMENT
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        if re.fullmatch(r"[-0-9]{10}T[:0-9]{8}Z", text):
            findings.append(node.place.finding(f"there is no {text}", KIND))
        return USUAL_MOMENT
