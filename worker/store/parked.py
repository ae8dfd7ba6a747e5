"""What waits for a person, by reason. Floor 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from worker.model import State
from worker.store.engine import reading
from worker.store.events import EVENT
from worker.store.record_search import records_of_events
from worker.store.tables import EventRow, RecordRow


@dataclass(frozen=True, slots=True)
class ParkedGroup:
    """The parked events of one reason; `oldest` is the id of the one stored first."""

    reason: str
    events: int
    oldest: int
    oldest_at: datetime


class Parked:
    """The parked events of a database. Every method raises `StoreUnavailable`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def groups(self) -> list[ParkedGroup]:
        """Return them by reason, the one first that waits longest."""
        query = (
            select(
                func.coalesce(EVENT.c.reason, ""),
                func.count(),
                func.min(EVENT.c.id),
                func.min(EVENT.c.received_at),
            )
            .where(EVENT.c.state == State.PARKED.value)
            .group_by(EVENT.c.reason)
            .order_by(func.min(EVENT.c.id))
        )
        with reading(self._engine) as connection:
            return [ParkedGroup(*row) for row in connection.execute(query)]

    def of_reason(self, reason: str, limit: int) -> Sequence[EventRow]:
        """Return the events of a reason, the oldest first."""
        query = (
            select_rows(EventRow)
            .where(EventRow.state == State.PARKED.value, EventRow.reason == reason)
            .order_by(col(EventRow.id))
            .limit(limit)
        )
        with reading(self._engine) as connection, Session(connection) as session:
            return session.exec(query).all()

    def records(self, event_ids: Sequence[int]) -> dict[int, list[RecordRow]]:
        """Return the parked records of these events."""
        found: dict[int, list[RecordRow]] = {}
        with reading(self._engine) as connection:
            for record in records_of_events(connection, event_ids):
                if record.state == State.PARKED.value:
                    found.setdefault(record.event_id, []).append(record)
        return found
