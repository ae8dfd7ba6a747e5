"""Which events give a field of a record its value. Floor 4."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from worker.comparing.dry_crm import DryCrm
from worker.comparing.same import is_same
from worker.comparing.snapshot import Record
from worker.comparing.trial import Asked, Tried
from worker.mapping.paths import ABSENT
from worker.org_schema import OrgSchema

Field = tuple[Record, str]
Age = tuple[datetime, int]


class Writer(NamedTuple):
    """A write of an event."""

    event_id: int
    asked: Asked

    def is_in(self, name: str, text: Any) -> bool:
        """Return whether it sends a line of this text."""
        return name in self.asked.lines and str(self.asked.sent[name]) in str(text)


class Writers:
    """The writes of the tried events by the fields that they send."""

    def __init__(self, tried: Sequence[Tried], crm: DryCrm, schema: OrgSchema) -> None:
        self._crm = crm
        self._schema = schema
        self._of_field: dict[Field, list[Writer]] = defaultdict(list)
        self._makers: dict[Record, Writer] = {}
        self._of_event: dict[int, list[tuple[Field, Writer]]] = defaultdict(list)
        self._no_more: dict[Field, list[tuple[Age, int]]] = defaultdict(list)
        self._ages: dict[int, Age] = {}
        for event in sorted(tried, key=_age):
            self._note_no_more(event)
            self._ages[event.event_id] = _age(event)
            for asked in event.asks:
                if asked.record is not None:
                    writer = Writer(event.event_id, asked)
                    self._makers.setdefault(asked.record, writer)
                    for name in asked.sent:
                        field = (asked.record, name)
                        self._of_field[field].append(writer)
                        self._of_event[event.event_id].append((field, writer))

    def made(self) -> Iterator[tuple[Record, Writer]]:
        """Yield the records that are new, each with the write of the earliest call."""
        for record in self._crm.made:
            yield record, self._makers[record]

    def of_value(self, record: Record, name: str) -> Sequence[Writer]:
        """Return the write that gave the field its value, or all with lines of it.

        That is the latest, but the first where all give way to what is there.
        """
        writers = self._of_field.get((record, name), [])
        after = self._crm.changed[record][name]
        described = self._schema.field(record[0], name)
        same = [w for w in writers if is_same(w.asked.sent[name], after, described)]
        firm = [writer for writer in same if name not in writer.asked.yields]
        if same:
            return firm[-1:] or same[:1]
        was = str(self._crm.before(record).get(name))
        new = [w for w in writers if w.is_in(name, after) and not w.is_in(name, was)]
        return new or writers[-1:]

    def needed(self, event_ids: Collection[int]) -> set[int]:
        """Return these events, and those without which the others would do harm.

        An event that sends another value than the last one needs what comes after it.
        One that is older than what was sent needs those that do not send it any more.
        """
        needed = set(event_ids)
        waiting = list(needed)
        while waiting:
            for (record, name), writer in self._of_event[waiting.pop()]:
                if self._is_last(record, name, writer):
                    new = self._given_way(record, name, writer) - needed
                else:
                    new = {w.event_id for w in self.of_value(record, name)} - needed
                needed |= new
                waiting.extend(new)
        return needed

    def _given_way(self, record: Record, name: str, writer: Writer) -> set[int]:
        """Return the later events that sent the field and would not any more."""
        age = self._ages[writer.event_id]
        return {one for later, one in self._no_more[record, name] if later > age}

    def _note_no_more(self, event: Tried) -> None:
        """Note which fields the event sent and would not any more."""
        sent = {(a.record, name) for a in event.asks if a.record for name in a.sent}
        for row in event.was_sent:
            record = (row.object, row.salesforce_id or "")
            for name in row.fields:
                if (record, name) not in sent:
                    found = (_age(event), event.event_id)
                    self._no_more[record, name].append(found)

    def _is_last(self, record: Record, name: str, writer: Writer) -> bool:
        """Return whether what is sent is what the field has in the end."""
        after = self._crm.changed.get(record, {}).get(name, ABSENT)
        described = self._schema.field(record[0], name)
        if after is ABSENT or is_same(writer.asked.sent[name], after, described):
            return True
        return writer.is_in(name, after)


def _age(event: Tried) -> Age:
    return event.occurred_at, event.event_id
