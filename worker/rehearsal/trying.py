"""One case tried out: delivered, mapped, carried out, compared. Floor 4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from worker.mapping.cases.case import Case, Expectation
from worker.mapping.cases.checks import names_of
from worker.mapping.compiled import CompiledMapping
from worker.mapping.coverage import EVENT, Seen
from worker.mapping.explaining import explain
from worker.mapping.paths import Context
from worker.model import Connection
from worker.org_schema import OrgSchema
from worker.rehearsal.comparing import Outcome, compare
from worker.rehearsal.deliveries import ReadRequest, arrival
from worker.rehearsal.differences import Difference, Explain
from worker.rehearsal.made import planned
from worker.rehearsal.org import Performance, perform


@dataclass(frozen=True, slots=True)
class Stage:
    """What cases need beside their files."""

    connections: Mapping[str, Connection]
    schema: OrgSchema
    read_request: ReadRequest


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case that was tried; it passed where there is no difference."""

    case: Case
    differences: tuple[Difference, ...]


def try_case(
    case: Case, folder: Path, mapping: CompiledMapping, stage: Stage
) -> tuple[CaseResult, Seen]:
    """Return what came of a case of a test file in this folder.

    Raises `BadMapping` where there can be no such delivery.
    """
    arrived = arrival(case, folder, mapping.spec, stage.connections, stage.read_request)
    context = arrived.context
    plan = mapping.plan(context)
    if case.records is None:
        done = Performance(planned(plan))
    else:
        done = perform(plan, arrived.event, case.records, stage.schema)
    outcome = Outcome(
        is_urgent=mapping.is_urgent(context),
        party=mapping.party(context),
        skip=plan.skip_reason,
        records=done.records,
        after=done.after,
    )
    differences = compare(case.expect, outcome, _lines(mapping, context))
    seen = Seen(
        context=context,
        plan=plan,
        is_wrong_party=mapping.is_wrong_party(context),
        compared=_compared(case.expect, mapping),
        met=done.met,
    )
    return CaseResult(case, tuple(differences)), seen


def _lines(mapping: CompiledMapping, context: Context) -> Explain:
    """Return what finds a field's line, and why it is not sent."""
    found: dict[tuple[str, str], tuple[str, str]] = {}

    def line(object_name: str, name: str) -> tuple[str, str]:
        if not found:
            for write in explain(mapping, context):
                for part in (*write.fields, *write.links):
                    key = (write.object, part.name)
                    found.setdefault(key, (part.place, part.note or write.note or ""))
        return found.get((object_name, name), ("", ""))

    return line


def _compared(
    expect: Expectation, mapping: CompiledMapping
) -> frozenset[tuple[str, str]]:
    """Return what a case says something about, as coverage counts it."""
    names = names_of(mapping.spec)
    found = {
        (EVENT, name)
        for name in ("urgent", "party", "skip")
        if getattr(expect, name) is not None
    }
    found |= {(name, "") for name in (names if expect.is_exact else expect.not_written)}
    for write in expect.writes:
        said = {"", *write.fields, *write.not_sent, *write.links}
        if write.is_exact:
            said |= names[write.object].fields | names[write.object].links
        found |= {(write.object, name) for name in said}
    for object_name, records in expect.after.items():
        found |= {(object_name, name) for record in records for name in record}
    return frozenset(found)
