"""Who the writes refer to: one query per object for a whole batch. Floor 3."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from worker.crm import Crm, Find
from worker.crm.verdicts import row_verdict
from worker.delivery.finding import find_each
from worker.delivery.hints import refusal_hint
from worker.delivery.link_cache import NO_CACHE, LinkCache
from worker.delivery.planning import Job
from worker.errors import CrmRefused
from worker.mapping.link_plans import DROP
from worker.model import Match, State
from worker.org_schema import OrgSchema

LONGEST_VALUE = 255

Name = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Reference:
    """A record that a write refers to, with the fields to read of it.

    `may_recall` says that its id is enough, and may come from the cache.
    """

    object: str
    match: Match
    fields: frozenset[str] = frozenset()
    may_recall: bool = True


def names_of(object_name: str, match: Match) -> list[Name]:
    """Return what a record is known by here: without case, as in Salesforce."""
    forms = (match.value, *match.others)
    return [(object_name, match.field, form.lower()) for form in forms]


class Lookup:
    """The records that a batch refers to, by object, field and value.

    `gone` has the ids from the cache that Salesforce turned out not to have any more.
    """

    def __init__(
        self, schema: OrgSchema | None = None, cache: LinkCache = NO_CACHE
    ) -> None:
        self._schema = schema or OrgSchema()
        self._cache = cache
        self._records: dict[tuple[str, str], dict[str, Any]] = {}
        self._ids: dict[Name, dict[str, None]] = defaultdict(dict)
        self._recalled: set[str] = set()
        self.gone: set[str] = set()

    def add(self, object_name: str, match: Match, record: Mapping[str, Any]) -> None:
        """Note that this record matches; `record` has its `Id`."""
        self.note(object_name, record["Id"], record)
        for name in names_of(object_name, match):
            self._ids[name][record["Id"]] = None

    def note(
        self, object_name: str, salesforce_id: str, fields: Mapping[str, Any]
    ) -> None:
        """Note what fields a record has by now."""
        record = self._records.setdefault((object_name, salesforce_id), {})
        record.update(fields)
        record["Id"] = salesforce_id

    def records(self, object_name: str, match: Match) -> list[dict[str, Any]]:
        """Return the records that match, by whatever form of the value, each once."""
        ids: dict[str, None] = {}
        for name in names_of(object_name, match):
            ids |= self._ids.get(name, {})
        return [self._records[object_name, salesforce_id] for salesforce_id in ids]

    def recall(self, object_name: str, match: Match) -> bool:
        """Take the id from the cache; return whether it was there."""
        if match.others or not self._is_identity(object_name, match.field):
            return False
        known = self._cache.get(object_name, match.field, match.value)
        if known is None:
            return False
        self._recalled.add(known)
        self.add(object_name, match, {"Id": known})
        return True

    def keep(self, object_name: str, match: Match) -> None:
        """Let the next batches know the record, where just one may match and does."""
        if self._is_identity(object_name, match.field):
            found = self.records(object_name, match)
            if len(found) == 1:
                known = str(found[0]["Id"])
                self._cache.put(object_name, match.field, match.value, known)

    def forget(self, salesforce_ids: Collection[str]) -> None:
        """Forget those of the ids that were taken from the cache: they are gone."""
        gone = self._recalled & set(salesforce_ids)
        self._cache.forget(gone)
        self.gone |= gone

    def _is_identity(self, object_name: str, field: str) -> bool:
        """Return whether at most one record has a value, compared as here.

        Of a phone there may be a second one at any time.
        """
        described = self._schema.field(object_name, field)
        if described is None or described["caseSensitive"]:
            return False
        return bool(described["externalId"] and described["unique"])


def look_up(
    jobs: Sequence[Job],
    crm: Crm,
    schema: OrgSchema,
    cache: LinkCache = NO_CACHE,
    *,
    may_recall: bool = True,
) -> Lookup:
    """Return what the writes refer to. Raises `CrmUnavailable`.

    Where an object's query is refused, the jobs that refer to it are ended.
    """
    lookup = Lookup(schema, cache)
    asked: dict[str, list[tuple[Job, Reference]]] = defaultdict(list)
    for job in jobs:
        for reference in references(job, schema):
            recalls = may_recall and reference.may_recall
            if not (recalls and lookup.recall(reference.object, reference.match)):
                asked[reference.object].append((job, reference))
    finds = {
        name: _find_of(name, [reference for _, reference in asking])
        for name, asking in asked.items()
    }
    found = find_each([find for find in finds.values() if find.values], crm)
    for (name, asking), find in zip(asked.items(), finds.values(), strict=True):
        records = next(found) if find.values else []
        if isinstance(records, CrmRefused):
            for job, _ in asking:
                _refuse(job, name, records)
        else:
            _note(lookup, find, records, [reference for _, reference in asking])
    return lookup


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
            yield Reference(link.object, link.match)


def _dropped_links(job: Job) -> frozenset[str]:
    """Return the links that may have to be cleared: this call has made them."""
    dropped = {link.field for link in job.write.links if link.missing == DROP}
    return frozenset(dropped & {name for r in job.by_call for name in r.fields})


def _keeps_fields(job: Job, schema: OrgSchema) -> bool:
    """Return whether a field may be written only if the record is new, or another.

    One that Salesforce itself never updates needs no look: it says so by an error.
    """
    write = job.write
    if write.sticky and job.by_call:
        return True
    return any(schema.is_updateable(write.object, name) for name in write.insert_only)


def _find_of(object_name: str, asked: Sequence[Reference]) -> Find:
    """Return one look-up of all that is asked of an object."""
    values: dict[str, set[str]] = defaultdict(set)
    select: set[str] = set()
    for reference in asked:
        match = reference.match
        select |= {match.field} | reference.fields
        # No field that identifies holds a longer text.
        forms = (match.value, *match.others)
        values[match.field] |= {form for form in forms if len(form) <= LONGEST_VALUE}
    sought = {field: forms for field, forms in values.items() if forms}
    return Find(object_name, select, sought)


def _note(
    lookup: Lookup,
    find: Find,
    records: Sequence[Mapping[str, Any]],
    asked: Sequence[Reference],
) -> None:
    for record in records:
        for field in find.values:
            value = record.get(field)
            if value is not None:
                lookup.add(find.object_name, Match(field, str(value)), record)
    for reference in asked:
        lookup.keep(find.object_name, reference.match)


def _refuse(job: Job, object_name: str, error: CrmRefused) -> None:
    job.end(
        State.PARKED,
        reason=error.code.lower(),
        error_code=error.code,
        hint=refusal_hint(
            job.write,
            object_name,
            row_verdict(error.code, error.said),
            error.fields,
            error.matches,
        ),
    )
