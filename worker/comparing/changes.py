"""What is different afterwards, record by record and field by field. Floor 4."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from worker.comparing.dry_crm import DryCrm
from worker.comparing.same import is_empty, is_same
from worker.comparing.snapshot import Record
from worker.comparing.trial import Tried
from worker.comparing.writers import Writers
from worker.mapping.mapping_set import MappingSet
from worker.mapping.paths import ABSENT
from worker.org_schema import OrgSchema
from worker.store.tables import RecordRow

Described = Mapping[str, Any] | None


class Kind(StrEnum):
    """What happens to a field; one that is no longer sent stays as it is."""

    SET = "set"
    CHANGED = "changed"
    CLEARED = "cleared"
    NO_LONGER_SENT = "no_longer_sent"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of a record that changes, by which events and which line of a mapping.

    `record` has the object and the Salesforce id, `key` what the record is found by.
    Several events may put their lines into one text.
    """

    record: Record
    key: str
    name: str
    kind: Kind
    before: Any
    after: Any
    event_ids: tuple[int, ...]
    place: str


@dataclass(frozen=True, slots=True)
class RecordChange:
    """A record and what changes of it; `event_ids` are those that change it."""

    object: str
    key: str
    salesforce_id: str
    is_new: bool
    event_ids: tuple[int, ...]
    fields: tuple[FieldChange, ...]


class FieldLines:
    """Which line of a mapping gives a field, by the line of the write."""

    def __init__(self, mappings: MappingSet) -> None:
        self._lines: dict[tuple[str, str], str] = {}
        for mapping in mappings.mappings.values():
            for write in mapping.spec.writes:
                for field in write.fields:
                    self._lines[str(write.place), field.name] = str(field.place)
                for link in write.links:
                    self._lines[str(write.place), link.field] = str(link.place)
                    for field in link.create or ():
                        self._lines[str(link.place), field.name] = str(field.place)

    def place(self, write_place: str, name: str) -> str:
        """Return `file:line` of a field, or that of the write."""
        return self._lines.get((write_place, name), write_place)


def sent_changes(
    crm: DryCrm, writers: Writers, lines: FieldLines, schema: OrgSchema
) -> Iterator[FieldChange]:
    """Yield the fields that what is sent would change."""
    for record, sent in crm.changed.items():
        before = crm.before(record)
        for name, after in sent.items():
            was = before.get(name, ABSENT)
            described = schema.field(record[0], name)
            kind = _kind(was, after, record in crm.made, described)
            found = writers.of_value(record, name) if kind else ()
            if kind is not None and found:
                asked = found[-1].asked
                yield FieldChange(
                    record=record,
                    key=asked.key,
                    name=name,
                    kind=kind,
                    before=None if was is ABSENT else was,
                    after=after,
                    event_ids=tuple(writer.event_id for writer in found),
                    place=lines.place(asked.place, name),
                )


def _kind(was: Any, after: Any, is_new: bool, described: Described) -> Kind | None:
    """Return what happens to a field, or None for nothing.

    Where nothing was sent ever, a null or false may still take something away.
    """
    if was is ABSENT and is_empty(after):
        return None if is_new else Kind.CLEARED
    before = None if was is ABSENT else was
    if is_same(before, after, described):
        return None
    if is_empty(after):
        return None if is_empty(before) else Kind.CLEARED
    return Kind.SET if is_empty(before) else Kind.CHANGED


def no_longer_sent(tried: Sequence[Tried]) -> Iterator[FieldChange]:
    """Yield the fields that these events sent and none asks for any more."""
    latest: dict[tuple[Record, str], RecordRow] = {}
    asked: set[tuple[Record, str]] = set()
    for event in tried:
        for row in event.was_sent:
            record = (row.object, row.salesforce_id or str(row.key))
            for name, value in row.fields.items():
                if not is_empty(value):
                    latest[record, name] = row
            asked.update((record, name) for name in _asked_of(row, event))
        for one in event.asks:
            if one.record is not None:
                asked.update((one.record, name) for name in one.names)
    for (record, name), row in latest.items():
        if (record, name) not in asked:
            yield FieldChange(
                record=record,
                key=str(row.key),
                name=name,
                kind=Kind.NO_LONGER_SENT,
                before=row.fields[name],
                after=None,
                event_ids=(row.event_id,),
                place=row.place,
            )


def _asked_of(row: RecordRow, event: Tried) -> Iterator[str]:
    """Yield the fields that the event still asks for of a record it was sent to."""
    for asked in event.asks:
        is_by_key = asked.key.lower() == str(row.key).lower()
        if asked.object == row.object and (is_by_key or row.salesforce_id in asked.ids):
            yield from asked.names


def by_record(changes: Iterable[FieldChange], writers: Writers) -> list[RecordChange]:
    """Return the changes together by record: by object, and the first event's first.

    A new record is one also where it gets no value but its key.
    """
    grouped: dict[Record, list[FieldChange]] = defaultdict(list)
    for change in changes:
        grouped[change.record].append(change)
    made = dict(writers.made())
    records = []
    for record in {**grouped, **made}:
        fields = grouped[record]
        ids = {event_id for change in fields for event_id in change.event_ids}
        maker = made.get(record)
        records.append(
            RecordChange(
                object=record[0],
                key=fields[0].key if maker is None else maker.asked.key,
                salesforce_id=record[1] if maker is None else "",
                is_new=maker is not None,
                event_ids=tuple(sorted(ids | ({maker.event_id} if maker else set()))),
                fields=tuple(fields),
            )
        )
    return sorted(records, key=lambda record: (record.object, record.event_ids))
