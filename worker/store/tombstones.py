"""What is left of a deleted event: that it was there. Dedupe never expires. Floor 2."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from worker.store.engine import dialect_insert
from worker.store.tables import TombstoneRow

TOMBSTONE = TombstoneRow.__table__  # type: ignore[attr-defined]


class Buried(NamedTuple):
    """An event of the same key that was deleted."""

    id: int
    content_hash: str
    revision: int


def buried(connection: Connection, name: str, dedupe_key: str) -> list[Buried]:
    """Return what was deleted of a connection's dedupe key."""
    query = select(
        TOMBSTONE.c.event_id, TOMBSTONE.c.content_hash, TOMBSTONE.c.revision
    ).where(
        TOMBSTONE.c.connection == name,
        TOMBSTONE.c.dedupe_hash == _hash(dedupe_key),
    )
    return [Buried(*row) for row in connection.execute(query)]


def bury(connection: Connection, rows: Iterable[Row[Any]]) -> None:
    """Remember events (id, connection, dedupe key, content hash, revision)."""
    values = [
        {
            "connection": row.connection,
            "dedupe_hash": _hash(row.dedupe_key),
            "content_hash": row.content_hash,
            "revision": row.revision,
            "event_id": row.id,
        }
        for row in rows
    ]
    statement = dialect_insert(connection)(TOMBSTONE).on_conflict_do_nothing()
    connection.execute(statement, values)


def _hash(dedupe_key: str) -> str:
    return hashlib.sha256(dedupe_key.encode()).hexdigest()
