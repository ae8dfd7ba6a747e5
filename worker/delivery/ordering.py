"""What goes before what, and what becomes of it where that fails. Floor 3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from worker.delivery.lookup import Lookup, Name, names_of
from worker.delivery.planning import Job
from worker.model import Match, State, Write

WAITS_FOR_PARENT = "waits_for_parent"


def rounds(jobs: Sequence[Job]) -> Iterator[list[Job]]:
    """Yield the jobs by object, those that others refer to first.

    Updates come after: what an event first makes has to be there by then.
    """
    for object_name in parents_first(jobs):
        for is_update in (False, True):
            yield [
                job
                for job in jobs
                if job.write.object == object_name
                and (job.write.mode == "update") is is_update
            ]


def parents_first(jobs: Sequence[Job]) -> list[str]:
    """Return the objects of the jobs, those that others refer to first.

    Where two objects refer to each other, the order of the mapping stands.
    """
    objects = dict.fromkeys(job.write.object for job in jobs)
    graph = {
        name: {
            link.object
            for job in jobs
            if job.write.object == name
            for link in job.write.links
            if link.object in objects and link.object != name
        }
        for name in objects
    }
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError:
        return list(objects)


def in_order(jobs: list[Job], lookup: Lookup) -> Iterator[list[Job]]:
    """Yield the jobs of one object, those first that others of them refer to."""
    rest = jobs
    while rest:
        made = {name: job for job in rest for name in _made_by(job)}
        later = [job for job in rest if _waits_for(job, made, lookup)]
        if len(later) == len(rest):
            later = []  # They refer to each other: Salesforce has to say.
        waiting = {id(job) for job in later}
        yield [job for job in rest if id(job) not in waiting]
        rest = later


def _waits_for(job: Job, made: Mapping[Name, Job], lookup: Lookup) -> bool:
    for link in job.write.links:
        if link.match is None or link.object != job.write.object:
            continue
        makers = [made.get(name) for name in names_of(link.object, link.match)]
        if any(maker not in (None, job) for maker in makers):
            return not lookup.records(link.object, link.match)
    return False


def waits_for(
    jobs: Sequence[Job], sent_before: Sequence[Sequence[Job]], lookup: Lookup
) -> bool:
    """Return whether jobs need to know what comes of those that are sent before them.

    They do where one of those writes the same object, or makes what they refer to.
    """
    before = [job for part in sent_before for job in part]
    if {job.write.object for job in jobs} & {job.write.object for job in before}:
        return True
    made = names_made(before)
    return any(
        made.intersection(names_of(object_name, match))
        and not lookup.records(object_name, match)
        for job in jobs
        for _, object_name, match, _ in _parents(job.write)
    )


def names_made(jobs: Sequence[Job]) -> set[Name]:
    """Return by what the records will be known that the jobs may make."""
    return {name for job in jobs for name in _made_by(job)}


def _made_by(job: Job) -> list[Name]:
    if job.write.mode == "update":
        return []
    return names_of(job.write.object, job.write.key)


def hold_orphans(jobs: Sequence[Job], lookup: Lookup) -> None:
    """End the jobs whose parent was to be made and is not: they wait or park with it.

    The parent of an update is the record itself.
    """
    unmade: dict[Name, Job] = {}
    for job in jobs:
        if job.state is State.PENDING:
            unmade |= dict.fromkeys(_made_by(job), job)
        elif job.state is State.PARKED and not job.is_taken:
            unmade |= {n: job for n in _made_by(job) if n not in unmade}
    if unmade:
        for job in jobs:
            if job.outcome is None:
                _hold_orphan(job, unmade, lookup)


def _hold_orphan(job: Job, unmade: Mapping[Name, Job], lookup: Lookup) -> None:
    for what, object_name, match, missing in _parents(job.write):
        names = names_of(object_name, match)
        parent = next((unmade[name] for name in names if name in unmade), None)
        if parent is None or lookup.records(object_name, match):
            continue
        hint = f"{job.write.place}: {what} by {match.field} is not made"
        if parent.state is State.PENDING:
            job.end(State.PENDING, reason=WAITS_FOR_PARENT, hint=f"{hint} yet")
            return
        if missing == "park":
            why = parent.outcome.reason if parent.outcome else None
            hint = f"{hint}: {why} in event {parent.event_id}: mend that, then replay"
            job.end(State.PARKED, reason="parent_refused", hint=hint)
            return


def _parents(write: Write) -> Iterator[tuple[str, str, Match, str]]:
    """Yield what a write refers to: in words, object, match, and if that is missing."""
    if write.mode == "update":
        yield write.object, write.object, write.key, write.missing
    for link in write.links:
        if link.match is not None:
            what = f"{link.field}: {link.object}"
            yield what, link.object, link.match, link.missing
