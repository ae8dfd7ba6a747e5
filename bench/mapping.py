"""Microseconds from a read event to its planned writes, ours and others'."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from importlib.metadata import version
from statistics import median
from timeit import timeit

import jmespath

from bench.cases import Case, load_cases
from bench.plain_jmespath import PlainMapping
from bench.segment import NoSegment, package_version, time_segment
from bench.segment_mapping import LEFT_OUT
from worker.mapping.paths import compile_path

COMPARED = ("cora/call.completed__every_outcome", "altur/on_call_end__newest")
OTHERS = (
    "vocobase/session.completed__full",
    "freeclimb/callStatus__completed_with_recording",
)
RUNS, REPEATS = 50, 81


def measure_mapping() -> None:
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"  Python {platform.python_version()}, {os.cpu_count()} CPUs{load}")
    print("  microseconds per event: the best of all rounds, since others use the")
    print("  machine too, and the median; the two in Python take turns")
    for case in load_cases(COMPARED):
        _compare(case)
    for case in load_cases(OTHERS):
        (ours,) = times_of(lambda: case.mapping.plan(case.context))  # noqa: B023
        print(f"  {_titled(case)}")
        _print("ours", ours)


def times_of(*works: Callable[[], object]) -> list[list[float]]:
    """Return the microseconds of each, round by round."""
    rounds = [[timeit(work, number=RUNS) for work in works] for _ in range(REPEATS)]
    return [[t / RUNS * 1e6 for t in times] for times in zip(*rounds, strict=True)]


def _compare(case: Case) -> None:
    plain = PlainMapping(case.text)
    ours, theirs = times_of(
        lambda: case.mapping.plan(case.context), lambda: plain.plan(case.context)
    )
    print(f"  {_titled(case)}")
    _print("ours", ours)
    _print(f"plain jmespath {version('jmespath')}", theirs, ours)
    _compare_paths(case)
    try:
        segment = time_segment(case, case.mapping.plan(case.context))
    except NoSegment as reason:
        print(f"    Segment: not measured, {reason}")
        return
    _print(f"Segment {package_version()}", segment.single, ours)
    _print(f"Segment, {segment.batch_of} events at once", segment.batch, ours)
    print(f"      under Node {segment.node}, {segment.fields} of {case.fields} fields;")
    print(f"      left out there: {LEFT_OUT}")


def _compare_paths(case: Case) -> None:
    """Time what JMESPath is for: transforms and policies are the same in both."""
    paths = case.paths
    getters = [compile_path(path) for path in paths]
    searches = [jmespath.compile(path).search for path in paths]
    ours, theirs = times_of(
        lambda: [get(case.context) for get in getters],
        lambda: [search(case.context) for search in searches],
    )
    _print(f"its {len(paths)} paths alone, ours", ours)
    _print("its paths alone, jmespath", theirs, ours)


def _titled(case: Case) -> str:
    return f"{case.name}: {case.fields} fields, {case.size_bytes} bytes"


def _print(label: str, times: list[float], ours: list[float] | None = None) -> None:
    figures = f"{min(times):4.0f} (median {median(times):.0f})"
    ratio = f"{min(times) / min(ours):.1f} times ours" if ours else ""
    print(f"    {label:<28}{figures:<20}{ratio}".rstrip())
