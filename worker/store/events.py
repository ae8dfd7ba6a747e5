"""Events: accepted once, listed, found. Floor 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col
from sqlmodel import select as select_rows

from worker.errors import StoreUnavailable
from worker.model import State
from worker.store.engine import dialect_insert, reading, writing
from worker.store.record_search import records_of_events
from worker.store.tables import EventRow, RecordRow, RejectionRow
from worker.store.tombstones import buried


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event as the door hands it to the store."""

    connection: str
    source: str
    type: str
    dedupe_key: str
    content_hash: str
    call_id: str | None
    party_key: str
    lane: int
    urgent: bool
    occurred_at: datetime
    received_at: datetime
    state: State
    reason: str | None
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    revised_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """Which row an event is in; `is_new` is False where it was there already.

    One that `is_superseded` is kept and will not be delivered: a newer revision came
    before it.
    """

    event_id: int
    is_new: bool
    is_superseded: bool = False


def table_of(row_class: type[SQLModel]) -> Table:
    """Return the table of a row class, for statements without an ORM session."""
    table: Table = row_class.__table__  # type: ignore[attr-defined]
    return table


EVENT = table_of(EventRow)
# Why a revision is skipped: the vendor had made another one later, which came before.
SUPERSEDED = "superseded"
REJECTION = table_of(RejectionRow)


class Events:
    """The events of a database. Every method raises `StoreUnavailable`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, new: NewEvent) -> Stored:
        """Store an event and commit, or find the one that is the same and count it.

        The same key with other content becomes the next revision, but one that the
        vendor made before another of them is skipped.
        """
        for _ in range(3):
            try:
                with writing(self._engine) as connection:
                    return _add(connection, new)
            except IntegrityError:
                continue  # Another process stored this key in between: look again.
        raise StoreUnavailable("the same key is being stored by others")

    def reject(
        self, connection: str, reason: str, remote: str, now: datetime, times: int = 1
    ) -> None:
        """Count refusals. An attacker's thousand knocks are one row an hour."""
        row = {
            "connection": connection[:100],
            "reason": reason,
            "remote": remote[:100],
            "hour": now.replace(minute=0, second=0, microsecond=0),
        }
        with writing(self._engine) as opened:
            statement = dialect_insert(opened)(REJECTION).values(
                **row, times=times, last_at=now
            )
            counted = {"times": REJECTION.c.times + times, "last_at": now}
            opened.execute(
                statement.on_conflict_do_update(index_elements=[*row], set_=counted)
            )

    def get(self, event_id: int) -> EventRow | None:
        """Return one event, or None."""
        with reading(self._engine) as connection, Session(connection) as session:
            return session.get(EventRow, event_id)

    def newest(self, limit: int, state: str | None = None) -> Sequence[EventRow]:
        """Return the newest events, newest first."""
        query = select_rows(EventRow).order_by(col(EventRow.id).desc()).limit(limit)
        if state:
            query = query.where(EventRow.state == state)
        with reading(self._engine) as connection, Session(connection) as session:
            return session.exec(query).all()

    def records(self, event_ids: Sequence[int]) -> Sequence[RecordRow]:
        """Return the records of these events, in order."""
        with reading(self._engine) as connection:
            return records_of_events(connection, event_ids)

    def count_by_state(self) -> dict[str, int]:
        """Return how many events there are in each state."""
        query = select(EVENT.c.state, func.count()).group_by(EVENT.c.state)
        with reading(self._engine) as connection:
            return {str(row[0]): int(row[1]) for row in connection.execute(query)}

    def schema_version(self) -> str | None:
        """Return the database's migration, or None where it was never migrated."""
        with reading(self._engine) as connection:
            if not connection.dialect.has_table(connection, "alembic_version"):
                return None
            query = text("SELECT version_num FROM alembic_version")
            return str(connection.scalar(query))


def _add(connection: Connection, new: NewEvent) -> Stored:
    query = select(
        EVENT.c.id, EVENT.c.content_hash, EVENT.c.revision, EVENT.c.revised_at
    ).where(EVENT.c.connection == new.connection, EVENT.c.dedupe_key == new.dedupe_key)
    stored = connection.execute(query).all()
    deleted = buried(connection, new.connection, new.dedupe_key)
    revisions: list[Any] = [*stored, *deleted]
    for known in revisions:
        if known.content_hash == new.content_hash:
            counted = {"duplicates": EVENT.c.duplicates + 1}
            connection.execute(
                update(EVENT).where(EVENT.c.id == known.id).values(counted)
            )
            return Stored(known.id, is_new=False)
    made = [known.revised_at for known in stored if known.revised_at]
    is_late = bool(made and new.revised_at and new.revised_at < max(made))
    if is_late and new.state is State.PENDING:
        new = replace(new, state=State.SKIPPED, reason=SUPERSEDED)
    newest = max((known.revision for known in revisions), default=0)
    values = _values(new, revision=newest + 1)
    row = connection.execute(insert(EVENT).values(values).returning(EVENT.c.id))
    return Stored(row.scalar_one(), is_new=True, is_superseded=new.reason == SUPERSEDED)


def _values(new: NewEvent, revision: int) -> dict[str, Any]:
    return {
        "connection": new.connection,
        "source": new.source,
        "type": new.type,
        "dedupe_key": new.dedupe_key,
        "content_hash": new.content_hash,
        "revision": revision,
        "call_id": new.call_id,
        "party_key": new.party_key,
        "lane": new.lane,
        "urgent": new.urgent,
        "occurred_at": new.occurred_at,
        "received_at": new.received_at,
        "revised_at": new.revised_at,
        "state": new.state.value,
        "reason": new.reason,
        "attempts": 0,
        "next_attempt_at": new.received_at,
        "settled_at": None if new.state is State.PENDING else new.received_at,
        "headers": dict(new.headers),
        "body": new.body,
    }
