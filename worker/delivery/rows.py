"""Writes to rows: links resolved, policies applied. Floor 3."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from worker.delivery.appending import LONGEST_TEXT, Append, call_mark
from worker.delivery.linking import AMBIGUOUS, NO_MATCH
from worker.delivery.lookup import Lookup
from worker.delivery.merging import Row
from worker.delivery.planning import Job
from worker.delivery.resolving import (
    Settled,
    by_call,
    drop_link,
    parent_of,
    put_link,
    relationships,
)
from worker.mapping.link_plans import DROP
from worker.mapping.paths import has_value
from worker.model import State
from worker.org_schema import OrgSchema
from worker.store.outcomes import EXISTS_ALREADY
from worker.store.tables import RecordRow

_UNMATCHED = {"park": State.PARKED, "skip": State.SKIPPED}


def build_rows(
    jobs: Sequence[Job],
    lookup: Lookup,
    newer: Iterable[RecordRow],
    schema: OrgSchema,
) -> list[Row]:
    """Return one row per job, oldest call first; jobs that need none are settled."""
    builder = _Builder(lookup, schema, _written_since(newer))
    rows = []
    for job in sorted(jobs, key=lambda job: (job.occurred_at, job.event_id)):
        try:
            rows.append(builder.row(job))
        except Settled as settled:
            job.end(settled.state, reason=settled.reason, **settled.details)
    return rows


def find_target(job: Job, lookup: Lookup) -> str | None:
    """Return the Salesforce id of the record to update, where just one matches."""
    found = lookup.records(job.write.object, job.write.key)
    return str(found[0]["Id"]) if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class _Builder:
    """What rows are made of. `written_since` has what later calls wrote, by record."""

    lookup: Lookup
    schema: OrgSchema
    written_since: Mapping[str, Sequence[RecordRow]]

    def row(self, job: Job) -> Row:
        write = job.write
        found = self.lookup.records(write.object, write.key)
        key, target = _target(job, found)
        fields = self._fields(job, found)
        identity = str(write.key) if key else target
        _drop_superseded(job, fields, self.written_since.get(identity.lower(), ()))
        if write.mode == "update" and not fields:
            raise Settled(State.SKIPPED, "nothing_to_write")
        job.sent = dict(fields)
        appends = {
            name: self._append(job, name, str(fields.pop(name)), found)
            for name in sorted(write.append & fields.keys())
        }
        yields = write.if_empty | write.insert_only
        if write.mode == "insert":
            yields = frozenset(job.sent)
        return Row(
            write.object,
            key,
            target,
            fields=fields,
            insert_only=write.insert_only,
            yields=yields,
            jobs=[job],
            appends=appends,
            parent=parent_of(job, fields, self.schema),
            allows_duplicates=write.allows_duplicates,
            relationships=relationships(job, fields, self.schema),
        )

    def _fields(self, job: Job, found: list[dict[str, Any]]) -> dict[str, Any]:
        write = job.write
        fields = _by_policy(job, found)
        if write.mode != "update":
            fields.pop(write.key.field, None)
        for link in write.links:
            if link.missing == DROP:
                drop_link(job, link, self.lookup, fields, found)
            else:
                put_link(job, link, self.lookup, fields)
        _drop_set_before(job, fields, found)
        return fields

    def _append(
        self, job: Job, name: str, line: str, found: list[dict[str, Any]]
    ) -> Append:
        text = found[0].get(name) if len(found) == 1 else None
        described = self.schema.field(job.write.object, name) or {}
        return Append(
            text="" if text is None else str(text),
            lines=(line,),
            room=int(described.get("length") or LONGEST_TEXT),
        )


def _target(job: Job, found: list[dict[str, Any]]) -> tuple[str | None, str]:
    """Return the key's field and value, or None and the id of the record to update."""
    write = job.write
    if write.mode == "update":
        target = _only(job, found)
        job.ids |= {target}
        return None, target
    if write.mode == "insert" and found:
        raise _exists(job, str(found[0]["Id"]))
    return write.key.field, write.key.value


def _exists(job: Job, salesforce_id: str) -> Settled:
    """Return what becomes of an insert of a record that is there: nothing is sent.

    One that only a link asked for is no work done at all.
    """
    job.ids |= {salesforce_id}
    job.sent = {}
    state = State.SKIPPED if job.write.missing == "create" else State.SYNCED
    return Settled(state, EXISTS_ALREADY, salesforce_id=salesforce_id)


def _by_policy(job: Job, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the fields without those that the existing record keeps."""
    fields = dict(job.write.fields)
    if found:
        for name in job.write.insert_only:
            fields.pop(name, None)
    for name in job.write.if_empty:
        if any(has_value(record.get(name, "")) for record in found):
            fields.pop(name, None)
    return fields


def _only(job: Job, found: list[dict[str, Any]]) -> str:
    """Return the id of the one record found, and never a guess among several."""
    write = job.write
    what = f"{write.object} by {write.key.field}"
    if not found:
        hint = f"{write.place}: no {what}: create the record, then replay"
        raise Settled(_UNMATCHED[write.missing], NO_MATCH, hint=hint)
    if len(found) > 1:
        hint = f"{write.place}: several {what}: merge them, then replay"
        raise Settled(_UNMATCHED[write.ambiguous], AMBIGUOUS, hint=hint)
    return str(found[0]["Id"])


def _written_since(newer: Iterable[RecordRow]) -> dict[str, list[RecordRow]]:
    """Index the records of later calls by Salesforce id and by key."""
    index: dict[str, list[RecordRow]] = {}
    for record in newer:
        for name in (record.salesforce_id, record.key):
            if name:
                index.setdefault(name.lower(), []).append(record)
    return index


def _drop_set_before(
    job: Job, fields: dict[str, Any], found: list[dict[str, Any]]
) -> None:
    """Leave out the flags that this very call has set on the record before.

    Whoever cleared one since knew of the call; only a new call sets it again.
    """
    for record in by_call(job, found):
        for name in job.write.sticky & record.fields.keys():
            fields.pop(name, None)


def _drop_superseded(
    job: Job, fields: dict[str, Any], later_records: Sequence[RecordRow]
) -> None:
    """Leave out what a later call, or a later revision, has written already.

    A sticky flag still sets, and of a line only a later revision's takes the place.
    """
    ours = (job.occurred_at, job.event_id)
    for record in later_records:
        if (record.occurred_at, record.event_id) <= ours:
            continue
        for name in record.fields.keys() - job.write.sticky - job.write.append:
            fields.pop(name, None)
        for name in job.write.append & record.fields.keys() & fields.keys():
            if call_mark(str(record.fields[name])) == call_mark(str(fields[name])):
                del fields[name]
