"""Encrypting everything with the first key. Floor 2.

Rows that are encrypted with it already are only looked at, so that a run which was cut
off is taken up by another one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    LargeBinary,
    Row,
    String,
    Table,
    bindparam,
    select,
    type_coerce,
    update,
)
from sqlalchemy.types import TypeEngine

from worker.store.engine import writing
from worker.store.events import EVENT, table_of
from worker.store.outcomes import RECORD
from worker.store.sealing import SealedBytes, SealedJson, SealedText
from worker.store.tables import HoldRow
from worker.store.vault import Vault, vault_of

ROWS_A_BATCH = 200


_STORED: dict[type, TypeEngine[Any]] = {
    SealedBytes: LargeBinary(),
    SealedJson: JSON(),
    SealedText: String(),
}


class _Hashed(NamedTuple):
    """A table, and which of its columns has the hash of which."""

    table: Table
    hash_name: str = ""
    of_name: str = ""


_TABLES = (
    _Hashed(EVENT, "party_hash", "party_key"),
    _Hashed(RECORD, "key_hash", "key"),
    _Hashed(table_of(HoldRow)),
)


def rekey(engine: Engine, on_batch: Callable[[int, int], None]) -> int:
    """Return how many rows were encrypted anew. Raises `StoreUnavailable`.

    Each batch is a transaction; `on_batch` is told how many rows were looked at and
    encrypted. Other processes may go on meanwhile, if they have all the keys.
    """
    seen = changed = 0
    for hashed in _TABLES:
        last_id: int | None = 0
        while last_id is not None:
            with writing(engine) as connection:
                rows = _page(connection, hashed.table, last_id)
                changed += _encrypt(connection, hashed, rows)
            seen += len(rows)
            last_id = rows[-1].id if rows else None
            on_batch(seen, changed)
    return changed


def _as_stored(column: Column[Any]) -> str:
    return f"{column.name}_as_stored"


def _page(connection: Connection, table: Table, last_id: int) -> list[Row[Any]]:
    """Return the next rows, each sealed column beside what is stored of it."""
    as_stored = [
        type_coerce(column, _STORED[type(column.type)]).label(_as_stored(column))
        for column in _sealed(table)
    ]
    query = (
        select(table, *as_stored)
        .where(table.c.id > last_id)
        .order_by(table.c.id)
        .limit(ROWS_A_BATCH)
        .with_for_update()
    )
    return list(connection.execute(query))


def _encrypt(connection: Connection, hashed: _Hashed, rows: list[Row[Any]]) -> int:
    vault = vault_of(connection.dialect)
    stale = [row._mapping for row in rows if _is_stale(vault, hashed, row)]
    if not stale:
        return 0
    table = hashed.table
    sealed = _sealed(table)
    changed = {c.name: bindparam(f"new_{c.name}", type_=c.type) for c in sealed}
    if hashed.hash_name:
        changed[hashed.hash_name] = bindparam("new_hash", type_=String())
    values = [
        {
            "of_row": row["id"],
            **{f"new_{c.name}": row[c.name] for c in sealed},
            **_hash(vault, hashed, row),
        }
        for row in stale
    ]
    query = update(table).where(table.c.id == bindparam("of_row")).values(changed)
    connection.execute(query, values)
    return len(values)


def _is_stale(vault: Vault, hashed: _Hashed, row: Row[Any]) -> bool:
    fields = row._mapping
    # A process of an earlier version writes no hash.
    if hashed.of_name and fields[hashed.of_name] and not fields[hashed.hash_name]:
        return True
    stored = (fields[_as_stored(column)] for column in _sealed(hashed.table))
    return not all(_is_current(vault, value) for value in stored if value is not None)


def _is_current(vault: Vault, stored: Any) -> bool:
    if isinstance(stored, dict):
        return not vault.has_key
    as_bytes = stored.encode() if isinstance(stored, str) else bytes(stored)
    return vault.is_current(as_bytes)


def _hash(vault: Vault, hashed: _Hashed, row: Any) -> dict[str, str | None]:
    """Return the hash of a row's text; a text that was erased has none."""
    if not hashed.hash_name:
        return {}
    value = row[hashed.of_name]
    return {"new_hash": vault.hash(value) if value else None}


def _sealed(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if type(column.type) in _STORED]
