"""Columns and indexes that SQLite and PostgreSQL would treat differently. Floor 2."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    TextClause,
    TypeDecorator,
)
from sqlmodel import Field

BigId = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, which SQLite would give back naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, _dialect: Dialect
    ) -> datetime | None:
        """Store UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(
        self, value: datetime | None, _dialect: Dialect
    ) -> datetime | None:
        """Give UTC back."""
        if value is None:
            return None
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC)


def moment(nullable: bool = False) -> Any:
    """Return a field of a table: an aware moment, in UTC."""
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable))


def index_where(condition: TextClause, name: str, *columns: str) -> Index:
    """Return an index of those rows only that meet a condition."""
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)
