"""What each attempt at an event came to: its history, bounded. Floor 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select

from worker.store.engine import reading
from worker.store.events import table_of
from worker.store.tables import AttemptRow

ATTEMPT = table_of(AttemptRow)
# Of an event these are kept: compliance is tried without end.
FIRST_KEPT = 10
LAST_KEPT = 40
KEPT = FIRST_KEPT + LAST_KEPT


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt ended. Number 0 is no attempt: the door's or a person's act."""

    event_id: int
    number: int
    at: datetime
    state: str
    reason: str | None = None
    error_code: str | None = None
    next_attempt_at: datetime | None = None


class Attempts:
    """The histories of a database's events. Raises `StoreUnavailable`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, event_id: int) -> list[Attempt]:
        """Return an event's history, the oldest attempt first.

        It is empty where the first attempt settled the event: its own row says all.
        """
        names = [ATTEMPT.c[name] for name in Attempt.__dataclass_fields__]
        query = select(*names).where(ATTEMPT.c.event_id == event_id)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(ATTEMPT.c.id))
            return [Attempt(*row) for row in rows]


def add_attempts(
    connection: Connection, attempts: Sequence[Attempt], may_be_long: Sequence[int] = ()
) -> None:
    """Write attempts down; of the events `may_be_long` the middle is dropped."""
    if attempts:
        connection.execute(insert(ATTEMPT), [asdict(attempt) for attempt in attempts])
    if may_be_long:
        connection.execute(_DROP_MIDDLE, [{"of_event": i} for i in may_be_long])


_ids = select(ATTEMPT.c.id).where(ATTEMPT.c.event_id == bindparam("of_event"))
_last_first = _ids.order_by(ATTEMPT.c.id).offset(FIRST_KEPT - 1).limit(1)
_first_last = _ids.order_by(ATTEMPT.c.id.desc()).offset(LAST_KEPT - 1).limit(1)
_DROP_MIDDLE = delete(ATTEMPT).where(
    ATTEMPT.c.event_id == bindparam("of_event"),
    ATTEMPT.c.id > _last_first.scalar_subquery(),
    ATTEMPT.c.id < _first_last.scalar_subquery(),
)
