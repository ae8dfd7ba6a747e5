"""What the events of one call have written. Floor 2.

A vendor tells of a call in several events and, when its analysis changes, in several
revisions of one.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Engine, and_, or_, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from worker.store.engine import reading
from worker.store.events import EVENT
from worker.store.outcomes import EXISTS_ALREADY
from worker.store.tables import EventRow, RecordRow

# SQLite takes 32,766 parameters; a call has any number of events, a batch 10,000.
CHUNK = 500

# Connection and call id, or without one the event's own name.
Call = tuple[str, str | None, str | None]


class Calls:
    """The calls of a database. Raises `StoreUnavailable`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def written(self, rows: Sequence[EventRow]) -> dict[int, list[RecordRow]]:
        """Return what was written by any event of the same call, by these events' ids.

        Without a call id it is the revisions of the same event.
        """
        with reading(self._engine) as connection:
            calls = _events_of(connection, rows)
            records = _written(connection, sorted(calls))
        by_call: dict[Call, list[RecordRow]] = {}
        for record in records:
            by_call.setdefault(calls[record.event_id], []).append(record)
        return {row.id or 0: by_call.get(_call(row), []) for row in rows}


def _call(row: EventRow) -> Call:
    return _named(row.connection, row.call_id, row.dedupe_key)


def _named(connection: str, call_id: str | None, dedupe_key: str) -> Call:
    return connection, call_id, None if call_id else dedupe_key


def _events_of(connection: Connection, rows: Sequence[EventRow]) -> dict[int, Call]:
    """Return the ids of all events of these calls, with the call."""
    wanted = {_call(row) for row in rows}
    named = {row.call_id for row in rows if row.call_id}
    unnamed = [row for row in rows if not row.call_id]
    keys = {row.dedupe_key for row in unnamed}
    connections = {row.connection for row in unnamed}
    conditions: list[ColumnElement[bool]] = []
    if named:
        conditions.append(EVENT.c.call_id.in_(named))
    if unnamed:
        conditions.append(
            and_(
                EVENT.c.connection.in_(connections),
                EVENT.c.dedupe_key.in_(keys),
                EVENT.c.call_id.is_(None),
            )
        )
    found: dict[int, Call] = {}
    for condition in conditions:
        query = select(
            EVENT.c.id, EVENT.c.connection, EVENT.c.call_id, EVENT.c.dedupe_key
        ).where(condition)
        for event_id, *names in connection.execute(query):
            call = _named(*names)
            if call in wanted:
                found[event_id] = call
    return found


def _written(connection: Connection, event_ids: list[int]) -> list[RecordRow]:
    """Return the records that Salesforce took, also where a field was left out."""
    was_taken = and_(
        col(RecordRow.salesforce_id).is_not(None),
        or_(
            col(RecordRow.reason).is_(None),
            col(RecordRow.reason) != EXISTS_ALREADY,
        ),
    )
    found: list[RecordRow] = []
    with Session(connection) as session:
        for start in range(0, len(event_ids), CHUNK):
            chunk = event_ids[start : start + CHUNK]
            query = select_rows(RecordRow).where(
                col(RecordRow.event_id).in_(chunk), was_taken
            )
            found.extend(session.exec(query))
    return found
