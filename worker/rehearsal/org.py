"""A plan carried out in an org that is only in memory. Floor 4.

What decides is the delivery itself: look-ups, policies, merging, what a refused record
is sent again without. Only that nothing leaves this process is different.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from worker.crm.memory import MemoryCrm
from worker.delivery.exchange import deliver
from worker.delivery.planning import Job, jobs_of
from worker.mapping.cases.case import Records
from worker.mapping.coverage_points import KEPT, NOBODY, SEVERAL
from worker.model import Event, Match, Plan, State, Unwritten
from worker.org_schema import OrgSchema
from worker.rehearsal.made import Made, Target, found_as, merged, named_by, unwritten
from worker.store.outcomes import EXISTS_ALREADY

Met = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Performance:
    """What became of each record, and what the org has afterwards.

    `met` says what was met on the way, as coverage counts it.
    """

    records: Sequence[Made]
    after: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    met: frozenset[Met] = frozenset()


def perform(
    plan: Plan, event: Event, records: Records, schema: OrgSchema
) -> Performance:
    """Carry a plan out in an org that has these records."""
    org = MemoryCrm(_with_checkboxes(records, schema), schema.is_updateable)
    jobs, _ = jobs_of(plan, event_id=1, occurred_at=event.occurred_at)
    found_before = {
        (object_name, match): _count(org, object_name, match)
        for job in jobs
        for object_name, match in _matches(job)
    }
    deliver(jobs, org, schema)
    made = [unwritten(w) for w in plan.writes if isinstance(w, Unwritten)]
    made += [_made(job, org) for job in jobs]
    objects = {*records, *(job.write.object for job in jobs)}
    after = {name: org.records(name) for name in objects}
    return Performance(
        records=merged(made),
        after=_with_checkboxes(after, schema),
        met=frozenset(met for job in jobs for met in _met(job, jobs, found_before)),
    )


def _with_checkboxes(
    records: Mapping[str, Sequence[Mapping[str, Any]]], schema: OrgSchema
) -> dict[str, list[dict[str, Any]]]:
    """Return the records with false in each checkbox that they say nothing of."""
    return {
        object_name: [
            {
                **{
                    name: False
                    for name, described in schema.fields.get(object_name, {}).items()
                    if described.get("type") == "boolean"
                },
                **record,
            }
            for record in listed
        ]
        for object_name, listed in records.items()
    }


def _matches(job: Job) -> Iterator[tuple[str, Match]]:
    yield job.write.object, job.write.key
    for link in job.write.links:
        if link.match is not None:
            yield link.object, link.match


def _count(org: MemoryCrm, object_name: str, match: Match) -> int:
    forms = (match.value, *match.others)
    return len(org.find(object_name, (), {match.field: forms}))


def _made(job: Job, org: MemoryCrm) -> Made:
    outcome = job.outcome
    if outcome is None:
        raise AssertionError("a job without an outcome")
    is_there_already = outcome.reason == EXISTS_ALREADY
    state = State.SKIPPED if is_there_already else outcome.state
    # Of what is parked, the fields are those that wait.
    sent = {} if state is State.SKIPPED else dict(outcome.fields)
    if outcome.created is False:
        # Where only Salesforce's refusal said so, they are still noted as sent.
        for name in job.write.insert_only:
            sent.pop(name, None)
    links = {link.field: link for link in job.write.links if link.field in sent}
    return Made(
        object=job.write.object,
        state=state,
        reason=outcome.reason,
        hint=outcome.hint or "",
        target=_target(org, job.write.object, job.write.key, outcome.salesforce_id),
        fields={name: value for name, value in sent.items() if name not in links},
        links={
            name: _target(org, link.object, link.match, sent[name])
            for name, link in links.items()
            if link.match is not None
        },
        is_written=job.is_taken,
    )


def _target(
    org: MemoryCrm, object_name: str, match: Match, salesforce_id: str | None
) -> Target:
    for record in org.records(object_name):
        if record["Id"] == salesforce_id:
            return found_as(match, record)
    return named_by(match)


def _met(
    job: Job, jobs: Sequence[Job], found_before: Mapping[tuple[str, Match], int]
) -> Iterator[Met]:
    """Yield what coverage counts: who was not found, and what a record has kept."""
    write = job.write
    is_skipped = job.state is State.SKIPPED
    sent = job.outcome.fields if job.outcome is not None and not is_skipped else {}
    found = found_before[write.object, write.key]
    if found > 1:
        yield write.place, "", SEVERAL
    elif not found and not job.is_taken:
        yield write.place, "", NOBODY
    elif found and (job.is_taken or is_skipped):
        for name in write.insert_only | (write.if_empty - sent.keys()):
            yield write.place, name, KEPT
    made = {(j.write.object, j.write.key) for j in jobs if _is_made(j)}
    for link in write.links:
        if link.match is None:
            continue
        reference = (link.object, link.match)
        if found_before[reference] > 1:
            yield write.place, link.field, SEVERAL
        elif not found_before[reference] and (
            reference in made or link.field not in sent
        ):
            yield write.place, link.field, NOBODY


def _is_made(job: Job) -> bool:
    return job.outcome is not None and bool(job.outcome.created)
