"""Who the writes refer to: one query per object for a whole batch. Floor 3."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence, Set
from typing import Any

from worker.crm import Crm, Find
from worker.crm.verdicts import row_verdict
from worker.delivery.finding import find_each
from worker.delivery.hints import refusal_hint
from worker.delivery.link_cache import NO_CACHE, LinkCache
from worker.delivery.linking import LONGEST_VALUE, is_identity
from worker.delivery.planning import Job
from worker.delivery.references import Reference, references
from worker.errors import CrmRefused
from worker.model import Match, State
from worker.org_schema import OrgSchema

Name = tuple[str, str, str]


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
        self._left: set[Name] = set()
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

    def leave(self, object_name: str, match: Match) -> None:
        """Leave it to Salesforce to find the record."""
        self._left.update(names_of(object_name, match))

    def is_left(self, object_name: str, match: Match) -> bool:
        """Return whether it is left to Salesforce to find the record."""
        return self._left.issuperset(names_of(object_name, match))

    def recall(self, object_name: str, match: Match) -> bool:
        """Take the id from the cache; return whether it was there."""
        if match.others or not is_identity(self._schema, object_name, match.field):
            return False
        known = self._cache.get(object_name, match.field, match.value)
        if known is None:
            return False
        self._recalled.add(known)
        self.add(object_name, match, {"Id": known})
        return True

    def keep(self, object_name: str, match: Match) -> None:
        """Let the next batches know the record, where just one may match and does."""
        if is_identity(self._schema, object_name, match.field):
            found = self.records(object_name, match)
            if len(found) == 1:
                known = str(found[0]["Id"])
                self._cache.put(object_name, match.field, match.value, known)

    def forget(self, salesforce_ids: Collection[str]) -> None:
        """Forget those of the ids that were taken from the cache: they are gone."""
        gone = self._recalled & set(salesforce_ids)
        self._cache.forget(gone)
        self.gone |= gone


def look_up(
    jobs: Sequence[Job],
    crm: Crm,
    schema: OrgSchema,
    cache: LinkCache = NO_CACHE,
    *,
    may_recall: bool = True,
    made: Collection[Name] | None = None,
) -> Lookup:
    """Return what the writes refer to. Raises `CrmUnavailable`.

    Where an object's query is refused, the jobs that refer to it are ended. With
    `made`, the names of what the jobs make, an object that only links ask for is left
    to Salesforce where that can find all of them, and none of them is made.
    """
    lookup = Lookup(schema, cache)
    asked: dict[str, list[tuple[Job, Reference]]] = defaultdict(list)
    for job in jobs:
        for reference in references(job, schema):
            recalls = may_recall and reference.may_recall
            if not (recalls and lookup.recall(reference.object, reference.match)):
                asked[reference.object].append((job, reference))
    if made is not None:
        _leave(asked, lookup, frozenset(made))
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


def _leave(
    asked: dict[str, list[tuple[Job, Reference]]], lookup: Lookup, made: Set[Name]
) -> None:
    for name, asking in list(asked.items()):
        sought = [reference for _, reference in asking]
        if all(r.by_key and made.isdisjoint(names_of(name, r.match)) for r in sought):
            del asked[name]
            for reference in sought:
                lookup.leave(name, reference.match)


def _find_of(object_name: str, asked: Sequence[Reference]) -> Find:
    """Return one look-up of all that is asked of an object."""
    values: dict[str, set[str]] = defaultdict(set)
    select: set[str] = set()
    for reference in asked:
        match = reference.match
        select |= {match.field} | reference.fields
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
