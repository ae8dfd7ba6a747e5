"""Whom past events were found to refer to, by the mappings that wrote them. Floor 4.

The ledger names a record by the key that it was written by. To whom a link led, and by
which other form of a phone number a record was found, the old mapping tells: planned
once more, its writes stand beside what came of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from worker.delivery.linking import key_of
from worker.delivery.lookup import Name, names_of
from worker.delivery.planning import Job, plan_event
from worker.errors import MappingFault
from worker.mapping.compiled import CompiledMapping
from worker.mapping.mapping_set import MappingSet
from worker.mapping.reading import read_mapping
from worker.model import Connection, Match
from worker.store.mapping_texts import MappingTexts
from worker.store.tables import EventRow, RecordRow

# Stand for records of which only is known that they were several.
_SEVERAL = ("one of several", "another of several")


class Recall:
    """Who was found by what; of several answers the latest event's.

    `appended` has the fields, by object and name, that any of the mappings appends to.
    """

    def __init__(
        self,
        texts: MappingTexts,
        connections: Mapping[str, Connection],
        mappings: MappingSet,
    ) -> None:
        self._texts = texts
        self._connections = connections
        self._old: dict[tuple[str, str, str], MappingSet] = {}
        self._found: dict[Name, tuple[str, ...]] = {}
        self.appended: set[tuple[str, str]] = set()
        for mapping in mappings.mappings.values():
            self._note_appended(mapping)

    def ids(self, object_name: str, field: str, value: str) -> tuple[str, ...]:
        """Return the ids of the records that were found by this value."""
        return self._found.get((object_name, field, value.lower()), ())

    def learn(
        self, rows: Sequence[EventRow], records: Mapping[int, Sequence[RecordRow]]
    ) -> None:
        """Learn from events and from what came of their writes."""
        for row in rows:
            written = {r.ordinal: r for r in records.get(row.id or 0, ())}
            if not written or not row.mapping_hash:
                continue
            old = self._mappings(row.source, row.type, row.mapping_hash)
            for job in plan_event(row, old, self._connections, ()).jobs:
                record = written.get(job.ordinal)
                if record is not None and _is_of(record, job):
                    self._learn(job, record)

    def _learn(self, job: Job, record: RecordRow) -> None:
        write = job.write
        if record.salesforce_id:
            self._note(write.object, write.key, (record.salesforce_id,))
        elif record.reason == "ambiguous_match" and write.mode == "update":
            self._note(write.object, write.key, _SEVERAL)
        for link in write.links:
            target = record.fields.get(link.field)
            by_key = key_of(target)
            if by_key is not None:
                # Salesforce found it. What else is known of it goes before.
                for name in names_of(link.object, by_key):
                    self._found.setdefault(name, (known_by(by_key),))
            elif link.match is not None and target:
                self._note(link.object, link.match, (str(target),))
            elif link.match is not None and record.reason == "ambiguous_match":
                self._note(link.object, link.match, _SEVERAL)

    def _note(self, object_name: str, match: Match, ids: tuple[str, ...]) -> None:
        self._found |= dict.fromkeys(names_of(object_name, match), ids)

    def _mappings(self, source: str, event: str, content_hash: str) -> MappingSet:
        """Return a set of the one mapping with this hash; empty where it is lost."""
        name = (source, event, content_hash)
        if name not in self._old:
            self._old[name] = MappingSet(dict(self._read(*name)))
        return self._old[name]

    def _read(
        self, source: str, event: str, content_hash: str
    ) -> Iterable[tuple[tuple[str, str], CompiledMapping]]:
        kept = self._texts.get(source, event, content_hash)
        if kept is None:
            return
        try:
            spec = read_mapping(kept.text, f"{source}/{event}.yaml")
        except MappingFault:
            return  # Written in what the language was then.
        mapping = CompiledMapping(spec)
        self._note_appended(mapping)
        yield (source, event), mapping

    def _note_appended(self, mapping: CompiledMapping) -> None:
        for write in mapping.spec.writes:
            for field in write.fields:
                if field.policy == "append":
                    self.appended.add((write.object, field.name))


def known_by(match: Match) -> str:
    """Return what stands for the id of a record that only Salesforce has found."""
    return f"known by {match}".lower()


def _is_of(record: RecordRow, job: Job) -> bool:
    return record.object == job.write.object and record.key == str(job.write.key)
