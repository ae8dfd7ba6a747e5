"""Rows of one record merged: it may stand in a request only once. Floor 3."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from worker.delivery.planning import Job
from worker.model import State

Identity = tuple[str, str | None, str]


@dataclass(slots=True)
class Row:
    """One record of a request, with the jobs that it stands for, oldest call first.

    `key` is the external id field of an upsert, None for an update by `Id`. `yields`
    names the fields that give way to what another call has written. `tries` counts the
    requests that it was sent again with.
    """

    object: str
    key: str | None
    target: str
    fields: dict[str, Any]
    insert_only: frozenset[str]
    yields: frozenset[str]
    jobs: list[Job] = field(default_factory=list)
    tries: int = 0

    @property
    def identity(self) -> Identity:
        """What makes two rows the same record; external ids compare without case."""
        return self.object, self.key, self.target.lower()

    def record(self) -> dict[str, Any]:
        """Return what to send."""
        return {self.key or "Id": self.target, **self.fields}


def group(rows: Iterable[Row]) -> dict[Identity, list[Row]]:
    """Return the rows by record, in their order."""
    grouped: dict[Identity, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.identity, []).append(row)
    return grouped


def merge(rows: Sequence[Row]) -> Row:
    """Return one row for the rows of one record.

    The later call wins field by field, but where its field gives way to what is there.
    A sticky field was left out where it is false, so nothing here can clear it.
    """
    first = rows[0]
    merged = replace(first, fields=dict(first.fields), jobs=list(first.jobs))
    for row in rows[1:]:
        for name, value in row.fields.items():
            if name not in row.yields:
                merged.fields[name] = value
            else:
                merged.fields.setdefault(name, value)
        merged.insert_only |= row.insert_only
        merged.yields |= row.yields
        merged.jobs.extend(row.jobs)
    return merged


def after(row: Row, earlier: Sequence[Row]) -> Row:
    """Return the row without what it yields to rows that were written before it."""
    written = {
        name
        for other in earlier
        if all(job.state is State.SYNCED for job in other.jobs)
        for name in other.fields
    }
    kept = {n: v for n, v in row.fields.items() if n not in row.yields & written}
    return replace(row, fields=kept)


def without_insert_only(row: Row) -> Row:
    """Return the row for a record that turned out to exist."""
    fields = {n: v for n, v in row.fields.items() if n not in row.insert_only}
    return replace(row, fields=fields, insert_only=frozenset())
