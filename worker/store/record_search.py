"""Records by event, and by the Salesforce record that they were sent to. Floor 2.

Lists of any length are taken: they are asked for in pieces, since SQLite takes 32,766
parameters in a statement (https://sqlite.org/limits.html) and PostgreSQL's protocol
65,535.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from worker.store.tables import RecordRow
from worker.store.vault import vault_of

CHUNK = 500

T = TypeVar("T", int, str)


def records_of_events(
    connection: Connection, event_ids: Sequence[int]
) -> list[RecordRow]:
    """Return the records of these events, by event and in the mapping's order."""
    found: list[RecordRow] = []
    with Session(connection) as session:
        for chunk in _chunks(sorted(set(event_ids))):
            query = (
                select_rows(RecordRow)
                .where(col(RecordRow.event_id).in_(chunk))
                .order_by(col(RecordRow.event_id), col(RecordRow.ordinal))
            )
            found.extend(session.exec(query))
    return found


def records_sent_to(
    connection: Connection,
    object_name: str,
    salesforce_ids: Sequence[str],
    keys: Sequence[str],
    *conditions: ColumnElement[bool],
) -> list[RecordRow]:
    """Return the records of these Salesforce records, the oldest call's first.

    They are named by Salesforce id or by key (`Field=value`, compared without case). Of
    one call the later revision comes later.
    """
    by_id = [
        col(RecordRow.salesforce_id).in_(chunk)
        for chunk in _chunks(sorted(set(salesforce_ids)))
    ]
    vault = vault_of(connection.dialect)
    hashes = sorted({hash_ for key in keys for hash_ in vault.hashes(key)})
    by_key = [col(RecordRow.key_hash).in_(chunk) for chunk in _chunks(hashes)]
    found: dict[int | None, RecordRow] = {}
    with Session(connection) as session:
        # One at a time: each list has an index of its own.
        for named in (*by_id, *by_key):
            query = (
                select_rows(RecordRow)
                .where(RecordRow.object == object_name)
                .where(named, *conditions)
            )
            found.update((record.id, record) for record in session.exec(query))
    return sorted(found.values(), key=_age)


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


def _age(record: RecordRow) -> tuple[object, int, int]:
    return record.occurred_at, record.event_id, record.ordinal
