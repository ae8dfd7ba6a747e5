"""What `crm-sync test` shows. Floor 5."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from worker.cli.shortening import where_they_differ
from worker.mapping.coverage import KINDS, Coverage, percent
from worker.rehearsal.differences import Difference
from worker.rehearsal.rehearsing import Rehearsal
from worker.rehearsal.trying import CaseResult

SHOWN_CHARACTERS = 60
BEFORE = 20
PLURALS = {"branch": "branches", "policy": "policies", "match": "matches"}


def failure_lines(result: CaseResult) -> Iterator[str]:
    """Yield a failed case and, record by record, what is not as expected."""
    yield f"FAILED {result.case.place}: {result.case.name}"
    record = None
    for difference in result.differences:
        if difference.record != record:
            record = difference.record
            yield f"  {record}"
        yield from _difference_lines(difference)


def _difference_lines(difference: Difference) -> Iterator[str]:
    place = f"  ({difference.place})" if difference.place else ""
    if not difference.name:  # A state, whose reason and line would be cut off.
        yield f"    expected {difference.expected}, got {difference.got}{place}"
        return
    expected, got = where_they_differ(
        difference.expected, difference.got, SHOWN_CHARACTERS, lead=BEFORE
    )
    yield f"    {difference.name}{place}"
    yield f"      expected  {expected}"
    yield f"      got       {got}"


def coverage_lines(found: Rehearsal) -> Iterator[str]:
    """Yield each mapping's coverage, and below it what no test touches."""
    for coverage in found.coverages:
        yield f"{coverage.mapping}: {_share([coverage])}"
        if coverage.mapping in found.untested:
            yield f"  {coverage.mapping}:1:1: has no tests"
            continue
        for _, finding in coverage.untouched:
            yield f"  {finding}"
    if len(found.coverages) > 1:
        yield f"all mappings: {_share(found.coverages)}"


def _share(coverages: Sequence[Coverage]) -> str:
    points = sum(coverage.points for coverage in coverages)
    touched = sum(coverage.touched for coverage in coverages)
    share = f"{percent(coverages):g} % covered, {touched} of {points}"
    left = Counter(kind for c in coverages for kind, _ in c.untouched)
    kinds = [_number(left[kind], kind) for kind in KINDS if left[kind]]
    return f"{share} (untouched: {', '.join(kinds)})" if kinds else share


def summary(found: Rehearsal) -> str:
    """Return the line that says how it went."""
    passed = len(found.results) - len(found.failed)
    cases = _number(len(found.results), "case")
    return f"{cases}, {passed} passed, {len(found.failed)} failed"


def _number(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    return f"{count} {PLURALS.get(noun, noun + 's')}"


def as_data(found: Rehearsal) -> dict[str, Any]:
    """Return everything, as JSON has it."""
    return {
        "cases": [
            {
                "name": result.case.name,
                "place": str(result.case.place),
                "passed": not result.differences,
                "differences": [asdict(each) for each in result.differences],
            }
            for result in found.results
        ],
        "passed": len(found.results) - len(found.failed),
        "failed": len(found.failed),
        "coverage": {
            "percent": percent(found.coverages),
            "mappings": [_coverage_data(each) for each in found.coverages],
        },
    }


def _coverage_data(coverage: Coverage) -> dict[str, Any]:
    return {
        "mapping": coverage.mapping,
        "percent": percent([coverage]),
        "points": coverage.points,
        "untouched": [
            {"what": kind, **asdict(finding)} for kind, finding in coverage.untouched
        ],
    }
