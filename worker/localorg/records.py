"""Records in SQLite: a table for each object, a column for each field.

One connection under one lock serves all threads. Text compares without regard to the
case of A to Z, as in Salesforce, unless the field is case-sensitive. Deleted records
stay, marked, so that an id is never given twice.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from worker.localorg.ids import make_id
from worker.localorg.schema import Field, Schema, SObject
from worker.localorg.values import answered_value

_INTEGER_TYPES = ("boolean", "int", "long")
_REAL_TYPES = ("double", "currency", "percent")
_EXACT_TYPES = ("id", "reference", "date", "datetime")
_INDEXED_TYPES = ("reference", "phone", "email")


class RecordStore:
    """The records of every object; `database` None keeps them in memory."""

    def __init__(self, schema: Schema, database: Path | None) -> None:
        self._schema = schema
        self._lock = threading.RLock()
        if database is not None:
            database.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(
            database or ":memory:",
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        with self.transaction():
            self._next_numbers = {
                sobject.name: self._prepare_table(sobject) for sobject in schema
            }

    def close(self) -> None:
        """Close the file once nobody is using it."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and nobody else in between."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement that is made of schema names and parameters only."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run one writing statement."""
        with self._lock:
            self._connection.execute(sql, parameters)

    def ids_with(self, sobject: SObject, field: Field, value: Any) -> list[str]:
        """The ids of the living records whose field has this stored value."""
        where = f"{column(field)} = ? AND IsDeleted = 0"
        return [row[0] for row in self._select(sobject, '"Id"', where, (value,))]

    def is_deleted(self, sobject: SObject, record_id: str) -> bool | None:
        """Whether the record is in the bin; None if it never existed."""
        rows = self._select(sobject, '"IsDeleted"', '"Id" = ?', (record_id,))
        return bool(rows[0][0]) if rows else None

    def record(self, sobject: SObject, record_id: str) -> dict[str, Any] | None:
        """One living record with all its fields."""
        where = '"Id" = ? AND IsDeleted = 0'
        rows = self._select(sobject, all_columns(sobject), where, (record_id,))
        return _record(sobject, rows[0]) if rows else None

    def records(
        self, sobject: SObject, *, newest: int | None = None
    ) -> list[dict[str, Any]]:
        """The living records in the order of creation, or the `newest` ones first."""
        order = (
            "ORDER BY _number" if newest is None else "ORDER BY _number DESC LIMIT ?"
        )
        parameters = () if newest is None else (newest,)
        where = f"IsDeleted = 0 {order}"
        rows = self._select(sobject, all_columns(sobject), where, parameters)
        return [_record(sobject, row) for row in rows]

    def count(self, sobject: SObject) -> int:
        """How many living records there are."""
        return int(self._select(sobject, "COUNT(*)", "IsDeleted = 0", ())[0][0])

    def insert(self, sobject: SObject, values: Mapping[str, Any]) -> str:
        """Store a new record under a new id; `values` by field name."""
        number = self._next_numbers[sobject.name]
        self._next_numbers[sobject.name] = number + 1
        record_id = make_id(sobject.key_prefix, number)
        row = {"_number": number, "Id": record_id, "IsDeleted": 0} | dict(values)
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" * len(row))
        sql = f"INSERT INTO {table(sobject)} ({names}) VALUES ({marks})"  # noqa: S608
        self.execute(sql, tuple(row.values()))
        return record_id

    def update(
        self, sobject: SObject, record_id: str, values: Mapping[str, Any]
    ) -> None:
        """Change some fields of a record; `values` by field name."""
        pairs = ", ".join(f'"{name}" = ?' for name in values)
        sql = f'UPDATE {table(sobject)} SET {pairs} WHERE "Id" = ?'  # noqa: S608
        self.execute(sql, (*values.values(), record_id))

    def next_number(self, sobject: SObject) -> int:
        """The number that the next new record gets, from 1."""
        return self._next_numbers[sobject.name]

    def _select(
        self, sobject: SObject, columns: str, where: str, parameters: Sequence[Any]
    ) -> list[tuple[Any, ...]]:
        sql = f"SELECT {columns} FROM {table(sobject)} WHERE {where}"  # noqa: S608
        return self.fetch(sql, parameters)

    def _prepare_table(self, sobject: SObject) -> int:
        name = table(sobject)
        declared = [f"{column(each)} {_column_type(each)}" for each in sobject.fields]
        columns = ", ".join(["_number INTEGER PRIMARY KEY", *declared])
        self.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
        present = {row[1].lower() for row in self.fetch(f"PRAGMA table_info({name})")}
        for field in sobject.fields:
            if field.name.lower() not in present:
                added = f"{column(field)} {_column_type(field)}"
                self.execute(f"ALTER TABLE {name} ADD COLUMN {added}")
        for field in _indexed_fields(sobject):
            index = f'"{sobject.name}.{field.name}"'
            sql = f"CREATE INDEX IF NOT EXISTS {index} ON {name} ({column(field)})"
            self.execute(sql)
        newest = self._select(sobject, "COALESCE(MAX(_number), 0)", "1", ())
        return int(newest[0][0]) + 1


def table(sobject: SObject) -> str:
    """The quoted table name of an object."""
    return f'"{sobject.name}"'


def column(field: Field) -> str:
    """The quoted column name of a field."""
    return f'"{field.name}"'


def all_columns(sobject: SObject) -> str:
    """Every column, in the order of the object's fields."""
    return ", ".join(column(field) for field in sobject.fields)


def _record(sobject: SObject, row: tuple[Any, ...]) -> dict[str, Any]:
    pairs = zip(sobject.fields, row, strict=True)
    return {field.name: answered_value(field, value) for field, value in pairs}


def _column_type(field: Field) -> str:
    if field.type in _INTEGER_TYPES:
        return "INTEGER"
    if field.type in _REAL_TYPES:
        return "REAL"
    is_exact = field.case_sensitive or field.type in _EXACT_TYPES
    return "TEXT" if is_exact else "TEXT COLLATE NOCASE"


def _indexed_fields(sobject: SObject) -> Iterable[Field]:
    for field in sobject.fields:
        if field.key or field.unique or field.type in _INDEXED_TYPES:
            yield field
