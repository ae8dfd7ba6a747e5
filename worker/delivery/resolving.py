"""Links of a write: to whom they lead, by id or by key, or lead no longer. Floor 3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from worker.delivery.linking import AMBIGUOUS, NO_MATCH, key_of, unmatched_hint
from worker.delivery.lookup import Lookup
from worker.delivery.planning import Job
from worker.model import Link, State
from worker.org_schema import OrgSchema
from worker.store.tables import RecordRow


class Settled(Exception):
    """The write ends here, without a request. Only `build_rows` sees it."""

    def __init__(self, state: State, reason: str, **details: str) -> None:
        super().__init__(reason)
        self.state = state
        self.reason = reason
        self.details = details


def put_link(job: Job, link: Link, lookup: Lookup, fields: dict[str, Any]) -> None:
    """Give a link its value, where the record is known or Salesforce will find it.

    Raises `Settled` where the link's policy is to park.
    """
    found = lookup.records(link.object, link.match) if link.match else []
    if len(found) == 1:
        fields[link.field] = found[0]["Id"]
        job.ids |= {str(found[0]["Id"])}
        return
    if link.match and not found and lookup.is_left(link.object, link.match):
        fields[link.field] = {link.match.field: link.match.value}
        return
    policy = link.ambiguous if found else link.missing
    if policy == "park":
        reason = AMBIGUOUS if found else NO_MATCH
        hint = unmatched_hint(job, link, "several" if found else "no")
        raise Settled(State.PARKED, reason, hint=hint)


def drop_link(
    job: Job,
    link: Link,
    lookup: Lookup,
    fields: dict[str, Any],
    found: list[dict[str, Any]],
) -> None:
    """Clear a link that this very call has made, where nobody has changed it since."""
    for record in by_call(job, found):
        made = _id_of(record.fields.get(link.field), link, lookup)
        if made and all(
            _id_of(known.get(link.field), link, lookup) == made for known in found
        ):
            fields[link.field] = None


def _id_of(value: Any, link: Link, lookup: Lookup) -> Any:
    """Return the id of whom a link's value names, None where that is nobody."""
    match = key_of(value)
    if match is None:
        return value
    found = lookup.records(link.object, match)
    return found[0]["Id"] if len(found) == 1 else None


def by_call(job: Job, found: list[dict[str, Any]]) -> Iterator[RecordRow]:
    """Yield what events of this very call have written to the record."""
    ids = {record["Id"] for record in found}
    for record in job.by_call:
        if record.object == job.write.object and record.salesforce_id in ids:
            yield record


def relationships(
    job: Job, fields: Mapping[str, Any], schema: OrgSchema
) -> dict[str, str]:
    """Return the relationships' names of the links that go by key."""
    described = {
        link.field: schema.field(job.write.object, link.field)
        for link in job.write.links
        if key_of(fields.get(link.field))
    }
    return {n: field["relationshipName"] for n, field in described.items() if field}


def parent_of(job: Job, fields: Mapping[str, Any], schema: OrgSchema) -> str:
    """Return the id of the record that a row hangs on: a required link first.

    One that only Salesforce knows has a name all the same.
    """
    linked = [link for link in job.write.links if fields.get(link.field)]
    for link in linked:
        described = schema.field(job.write.object, link.field)
        if described is not None and not described["nillable"]:
            return _named(link, fields)
    return _named(linked[0], fields) if linked else ""


def _named(link: Link, fields: Mapping[str, Any]) -> str:
    match = key_of(fields[link.field])
    return f"{link.object} {match}".lower() if match else str(fields[link.field])
