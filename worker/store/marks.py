"""Past events without their bodies: which mapping wrote them, and what came of them.

Floor 2. Bodies are most of a row, and most events are only looked at to leave them out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, select, tuple_
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from worker.store.engine import reading
from worker.store.events import EVENT
from worker.store.tables import EventRow

# SQLite takes no more than so many parameters.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class EventMark:
    """An event, the mapping that it was last tried with, and how it ended."""

    event_id: int
    source: str
    type: str
    lane: int
    urgent: bool
    received_at: datetime
    state: str
    mapping_version: str | None
    mapping_hash: str | None


class EventMarks:
    """The events of a database, in brief. Every method raises `StoreUnavailable`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest(
        self,
        *,
        limit: int,
        since: datetime | None = None,
        until: datetime | None = None,
        connection: str | None = None,
        before: EventMark | None = None,
    ) -> list[EventMark]:
        """Return the newest events received from `since` on and before `until`.

        Without those whose bodies were purged. The newest comes first. The next page
        begins after `before`, the last of this.
        """
        conditions: list[ColumnElement[bool]] = [EVENT.c.purged_at.is_(None)]
        if since is not None:
            conditions.append(EVENT.c.received_at >= since)
        if until is not None:
            conditions.append(EVENT.c.received_at < until)
        if connection is not None:
            conditions.append(EVENT.c.connection == connection)
        if before is not None:
            mark = (before.received_at, before.event_id)
            conditions.append(tuple_(EVENT.c.received_at, EVENT.c.id) < mark)
        query = (
            select(
                EVENT.c.id,
                EVENT.c.source,
                EVENT.c.type,
                EVENT.c.lane,
                EVENT.c.urgent,
                EVENT.c.received_at,
                EVENT.c.state,
                EVENT.c.mapping_version,
                EVENT.c.mapping_hash,
            )
            .where(*conditions)
            .order_by(EVENT.c.received_at.desc(), EVENT.c.id.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection_:
            return [EventMark(*row) for row in connection_.execute(query)]

    def rows(self, event_ids: Sequence[int]) -> list[EventRow]:
        """Return these events whole, in the order in which they were stored."""
        wanted = sorted(set(event_ids))
        found: list[EventRow] = []
        with reading(self._engine) as connection, Session(connection) as session:
            for start in range(0, len(wanted), CHUNK):
                chunk = wanted[start : start + CHUNK]
                query = (
                    select_rows(EventRow)
                    .where(col(EventRow.id).in_(chunk))
                    .order_by(col(EventRow.id))
                )
                found.extend(session.exec(query))
        return found
