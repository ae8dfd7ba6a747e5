"""Files of cases run against their mappings. Floor 4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worker.mapping.cases.case import KIND, CaseFile
from worker.mapping.cases.checks import check_cases
from worker.mapping.cases.reading import read_cases
from worker.mapping.compiled import CompiledMapping
from worker.mapping.coverage import Coverage, Seen, Tally
from worker.mapping.coverage_points import points_of
from worker.mapping.findings import BadMapping, Finding, did_you_mean
from worker.mapping_folder import TESTS, no_check, read_mappings, read_text
from worker.payloads import load_payload_schema
from worker.rehearsal.folders import Chosen, mapping_of
from worker.rehearsal.trying import CaseResult, Stage, try_case


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """All cases that were run, and how much of each mapping they touch.

    `untested` are the mappings that have no test file.
    """

    results: tuple[CaseResult, ...]
    coverages: tuple[Coverage, ...]
    untested: frozenset[str]

    @property
    def failed(self) -> list[CaseResult]:
        """The cases that did not pass."""
        return [result for result in self.results if result.differences]


def rehearse(chosen: Chosen, stage: Stage, named: str = "") -> Rehearsal:
    """Run the cases of the chosen files whose name has this text in it.

    Raises `BadMapping` with all findings of mappings and test files, and `MappingFault`
    where a file cannot be read.
    """
    findings: list[Finding] = []
    mappings = _mappings(chosen, findings)
    files = [file for path in chosen.tests if (file := _read(path, mappings, findings))]
    for file in files:
        mapping = mappings[_mapping_path(file)]
        schema = _payload_schema(mapping)
        findings += check_cases(file, mapping.spec, schema, stage.schema.fields)
    if findings:
        raise BadMapping(findings)
    tallies = {path: _tally(mapping) for path, mapping in mappings.items()}
    results = []
    for file in files:
        path = _mapping_path(file)
        tried = _tried(file, mappings[path], stage, named, findings)
        for result, seen in tried:
            tallies[path].see(seen)
            results.append(result)
    if findings:
        raise BadMapping(findings)
    return Rehearsal(
        tuple(results),
        tuple(tally.coverage() for tally in tallies.values()),
        frozenset(mappings) - {_mapping_path(file) for file in files},
    )


def _mappings(chosen: Chosen, findings: list[Finding]) -> dict[str, CompiledMapping]:
    """Return the mappings by path; what is wrong with them is noted."""
    mappings: dict[str, CompiledMapping] = {}
    for path in chosen.mappings:
        if path.is_file():
            # One at a time: two folders may have mappings of the same event.
            found, faults = read_mappings([path], no_check)
            findings += faults
            mappings |= {str(path): mapping for mapping in found.mappings.values()}
    return mappings


def _read(
    path: Path, mappings: Mapping[str, CompiledMapping], findings: list[Finding]
) -> CaseFile | None:
    """Return a test file, or None where it, or its mapping, cannot be used."""
    mapping = mapping_of(path)
    if not mapping.is_file():
        there = sorted(path.parent.glob("*.yaml"))
        beside = [other.name for other in there if not other.match(TESTS)]
        message = f"there is no mapping {mapping.name} beside this test"
        message += did_you_mean(mapping.name, beside)
        findings.append(Finding(str(path), 1, 1, message, KIND))
        return None
    text = read_text(path)
    if isinstance(text, Finding):
        findings.append(text)
        return None
    try:
        file = read_cases(text, str(path))
    except BadMapping as bad:
        findings += bad.findings
        return None
    return file if str(mapping) in mappings else None


def _mapping_path(file: CaseFile) -> str:
    return str(mapping_of(Path(file.path)))


def _payload_schema(mapping: CompiledMapping) -> Mapping[str, Any] | None:
    try:
        return load_payload_schema(mapping.spec.source, mapping.spec.event)
    except KeyError:
        return None


def _tally(mapping: CompiledMapping) -> Tally:
    spec = mapping.spec
    return Tally(spec.path, points_of(spec), _payload_schema(mapping))


def _tried(
    file: CaseFile,
    mapping: CompiledMapping,
    stage: Stage,
    named: str,
    findings: list[Finding],
) -> Iterator[tuple[CaseResult, Seen]]:
    folder = Path(file.path).parent
    for case in file.cases:
        if named.lower() not in case.name.lower():
            continue
        try:
            yield try_case(case, folder, mapping, stage)
        except BadMapping as bad:
            findings += bad.findings
