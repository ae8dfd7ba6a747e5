"""Who was refused, forgotten after a while: the counts stay. Floor 2."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Engine, and_, delete, func, select

from worker.store.engine import dialect_insert, reading, writing
from worker.store.events import REJECTION

# The hour of what was counted before: all of it, of nobody.
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def count_callers(engine: Engine, before: datetime) -> int:
    """Return how many rows name who was refused before then."""
    query = select(func.count()).select_from(REJECTION).where(_is_old(before))
    with reading(engine) as connection:
        return connection.scalar(query) or 0


def forget_callers(engine: Engine, before: datetime) -> int:
    """Add those rows up to one for each connection and reason; return how many.

    What is told of refusals in all stays as it is. Raises `StoreUnavailable`.
    """
    columns = (REJECTION.c.connection, REJECTION.c.reason)
    query = (
        select(
            *columns,
            func.sum(REJECTION.c.times).label("times"),
            func.max(REJECTION.c.last_at).label("last_at"),
        )
        .where(_is_old(before))
        .group_by(*columns)
    )
    with writing(engine) as connection:
        sums = connection.execute(query).mappings().all()
        for row in sums:
            new = dialect_insert(connection)(REJECTION).values(
                **row, remote="", hour=LONG_AGO
            )
            key = [*columns, REJECTION.c.remote, REJECTION.c.hour]
            total = REJECTION.c.times + new.excluded.times
            latest = {"times": total, "last_at": new.excluded.last_at}
            connection.execute(
                new.on_conflict_do_update(index_elements=key, set_=latest)
            )
        return connection.execute(delete(REJECTION).where(_is_old(before))).rowcount


def _is_old(before: datetime) -> ColumnElement[bool]:
    return and_(REJECTION.c.hour < before, REJECTION.c.hour > LONG_AGO)
