"""Rows of one record merged: it may stand in a request only once. Floor 3."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from worker.delivery.appending import Append
from worker.delivery.planning import Job

Identity = tuple[str, str | None, str]


@dataclass(slots=True)
class Row:
    """One record of a request, with the jobs that it stands for, oldest call first.

    `key` is the external id field of an upsert, None for an update by `Id`. `yields`
    names the fields that give way to what another call has written. `appends` has the
    fields whose text gets lines. `tries` counts the requests that it was sent again
    with. `parent` is the id of the record that a write of it locks, if any.
    `allows_duplicates` says that the org may save it where a duplicate rule alerts.
    `relationships` has the names under which fields go that name a record by its key.
    """

    object: str
    key: str | None
    target: str
    fields: dict[str, Any]
    insert_only: frozenset[str]
    yields: frozenset[str]
    jobs: list[Job] = field(default_factory=list)
    appends: dict[str, Append] = field(default_factory=dict)
    tries: int = 0
    parent: str = ""
    allows_duplicates: bool = False
    relationships: dict[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> Identity:
        """What makes two rows the same record; external ids compare without case."""
        return self.object, self.key, self.target.lower()

    @property
    def is_taken(self) -> bool:
        """Whether Salesforce has it."""
        return all(job.is_taken for job in self.jobs)

    def values(self) -> dict[str, Any]:
        """Return the fields to send; a text that has its lines already is not."""
        texts = {name: append.result() for name, append in self.appends.items()}
        changed = {n: text for n, text in texts.items() if text != self.appends[n].text}
        return {**self.fields, **changed}

    def record(self) -> dict[str, Any]:
        """Return what to send."""
        record: dict[str, Any] = {self.key or "Id": self.target}
        for name, value in self.values().items():
            is_by_key = isinstance(value, dict) and name in self.relationships
            record[self.relationships[name] if is_by_key else name] = value
        return record


def group(rows: Iterable[Row]) -> dict[Identity, list[Row]]:
    """Return the rows by record, in their order."""
    grouped: dict[Identity, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.identity, []).append(row)
    return grouped


def merge(rows: Sequence[Row]) -> Row:
    """Return one row for the rows of one record.

    The later call wins field by field, but where its field gives way to what is there;
    lines all go in. A sticky field was left out where it is false, so nothing here can
    clear it. A duplicate is allowed where all of them allow it.
    """
    first = rows[0]
    merged = replace(
        first,
        fields=dict(first.fields),
        jobs=list(first.jobs),
        appends=dict(first.appends),
    )
    for row in rows[1:]:
        for name, value in row.fields.items():
            if name not in row.yields:
                merged.fields[name] = value
            else:
                merged.fields.setdefault(name, value)
        for name, append in row.appends.items():
            known = merged.appends.get(name)
            if known is None:
                merged.appends[name] = append
            elif name not in row.yields:
                merged.appends[name] = known.then(append.lines)
        merged.insert_only |= row.insert_only
        merged.yields |= row.yields
        merged.jobs.extend(row.jobs)
        merged.allows_duplicates &= row.allows_duplicates
        merged.parent = row.parent or merged.parent
        merged.relationships = merged.relationships | row.relationships
    return merged


def after(row: Row, earlier: Sequence[Row]) -> Row:
    """Return the row as it is to be sent after rows of its record.

    It is without what it yields to those that were written, and with their lines.
    """
    taken = [other for other in earlier if other.is_taken]
    written = {name for other in taken for name in (*other.fields, *other.appends)}
    yielded = row.yields & written
    appends = {}
    for name, append in row.appends.items():
        if name not in yielded:
            before = [o.appends[name] for o in taken if name in o.appends]
            lines = [line for other in before for line in other.lines]
            appends[name] = replace(append, lines=(*lines, *append.lines))
    kept = {n: v for n, v in row.fields.items() if n not in yielded}
    return replace(row, fields=kept, appends=appends)


def without_insert_only(row: Row) -> Row:
    """Return the row for a record that turned out to exist."""
    fields = {n: v for n, v in row.fields.items() if n not in row.insert_only}
    return replace(row, fields=fields, insert_only=frozenset())
