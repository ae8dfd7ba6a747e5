"""Which records have to be known before a write can be sent. Floor 3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from worker.delivery.linking import key_of, may_go_by_key
from worker.delivery.planning import Job
from worker.mapping.link_plans import DROP
from worker.model import Link, Match
from worker.org_schema import OrgSchema


@dataclass(frozen=True, slots=True)
class Reference:
    """A record that a write refers to, with the fields to read of it.

    `may_recall` says that its id is enough, and may come from the cache; `by_key` that
    Salesforce may resolve it itself.
    """

    object: str
    match: Match
    fields: frozenset[str] = frozenset()
    may_recall: bool = True
    by_key: bool = False


def references(job: Job, schema: OrgSchema) -> Iterator[Reference]:
    """Yield the records that have to be known before the write can be sent."""
    write = job.write
    reads = write.if_empty | write.append | _dropped_links(job)
    if write.mode != "upsert":
        yield Reference(write.object, write.key, reads, may_recall=not reads)
    elif reads or _keeps_fields(job, schema):
        yield Reference(write.object, write.key, reads, may_recall=False)
    for link in write.links:
        if link.match is not None:
            by_key = may_go_by_key(schema, write.object, link)
            yield Reference(link.object, link.match, by_key=by_key)
        elif link.missing == DROP:
            for made in _made_before(job, link):
                yield Reference(link.object, made)


def _dropped_links(job: Job) -> frozenset[str]:
    """Return the links that may have to be cleared: this call has made them."""
    dropped = {link.field for link in job.write.links if link.missing == DROP}
    return frozenset(dropped & {name for r in job.by_call for name in r.fields})


def _made_before(job: Job, link: Link) -> Iterator[Match]:
    """Yield to whom this call has linked by an external id: its id has to be known."""
    for record in job.by_call:
        if record.object == job.write.object:
            match = key_of(record.fields.get(link.field))
            if match is not None:
                yield match


def _keeps_fields(job: Job, schema: OrgSchema) -> bool:
    """Return whether a field may be written only if the record is new, or another.

    One that Salesforce itself never updates needs no look: it says so by an error.
    """
    write = job.write
    if write.sticky and job.by_call:
        return True
    return any(schema.is_updateable(write.object, name) for name in write.insert_only)
