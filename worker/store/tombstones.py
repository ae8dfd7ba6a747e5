"""What is left of a deleted event: that it was there. Dedupe never expires. Floor 2."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, select

from worker.store.engine import dialect_insert
from worker.store.tables import TombstoneRow

TOMBSTONE = TombstoneRow.__table__  # type: ignore[attr-defined]


# A connection's name and a dedupe key of its.
Key = tuple[str, str]


class Buried(NamedTuple):
    """An event of the same key that was deleted; nobody knows when it was made."""

    id: int
    content_hash: str
    revision: int
    revised_at: None = None


_NAME = (TOMBSTONE.c.connection, TOMBSTONE.c.dedupe_hash)
_BURIED = select(
    *_NAME, TOMBSTONE.c.event_id, TOMBSTONE.c.content_hash, TOMBSTONE.c.revision
).where(
    TOMBSTONE.c.connection == bindparam("name"),
    TOMBSTONE.c.dedupe_hash.in_(bindparam("hashes", expanding=True)),
)


def buried(connection: Connection, keys: Iterable[Key]) -> dict[Key, list[Buried]]:
    """Return what was deleted of these keys, by key."""
    found: dict[Key, list[Buried]] = {}
    for name, dedupe_keys in by_connection(keys).items():
        key_of = {_hash(key): key for key in dedupe_keys}
        asked = {"name": name, "hashes": [*key_of]}
        for _, hash_, *event in connection.execute(_BURIED, asked):
            found.setdefault((name, key_of[hash_]), []).append(Buried(*event))
    return found


def by_connection(keys: Iterable[Key]) -> dict[str, list[str]]:
    """Return the dedupe keys of each connection: a list of pairs finds no index."""
    found: dict[str, list[str]] = {}
    for name, dedupe_key in keys:
        found.setdefault(name, []).append(dedupe_key)
    return found


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
