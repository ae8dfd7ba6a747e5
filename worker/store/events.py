"""Events: accepted once, listed, found. Floor 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col
from sqlmodel import select as select_rows

from worker.errors import StoreUnavailable
from worker.model import State
from worker.store.engine import dialect_insert, reading, writing
from worker.store.record_search import records_of_events
from worker.store.tables import EventRow, RecordRow, RejectionRow
from worker.store.tombstones import Key, buried, by_connection


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

    @property
    def key(self) -> Key:
        """What the same call is known by."""
        return self.connection, self.dedupe_key


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
                    return add_all(connection, [new])[new.key]
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


def add_all(connection: Connection, news: Sequence[NewEvent]) -> dict[Key, Stored]:
    """Store events in the caller's transaction, no two of one key; say where they are.

    In a few statements and one way through the table: counted ones by id, new ones by
    key. So two processes that store the same at once do not lock each other up.
    """
    keys = [new.key for new in news]
    stored, deleted = _revisions(connection, keys), buried(connection, keys)
    where: dict[Key, Stored] = {}
    rows: list[dict[str, Any]] = []
    for new in news:
        known: list[Any] = [*stored.get(new.key, ()), *deleted.get(new.key, ())]
        same = next((k.id for k in known if k.content_hash == new.content_hash), None)
        if same is not None:
            where[new.key] = Stored(same, is_new=False)
            continue
        newest = max((revision.revision for revision in known), default=0)
        rows.append(values_of(_unless_late(new, known), revision=newest + 1))
    if where:
        again = sorted(stored.event_id for stored in where.values())
        connection.execute(_COUNT_DUPLICATE, [{"of_event": id_} for id_ in again])
    if rows:
        rows.sort(key=lambda row: (row["connection"], row["dedupe_key"]))
        for name, key, id_, reason in connection.execute(_INSERT, rows):
            where[name, key] = Stored(id_, True, is_superseded=reason == SUPERSEDED)
    return where


_KEY = (EVENT.c.connection, EVENT.c.dedupe_key)
_REVISIONS = select(
    *_KEY, EVENT.c.id, EVENT.c.content_hash, EVENT.c.revision, EVENT.c.revised_at
).where(
    EVENT.c.connection == bindparam("name"),
    EVENT.c.dedupe_key.in_(bindparam("keys", expanding=True)),
)
_COUNT_DUPLICATE = (
    update(EVENT)
    .where(EVENT.c.id == bindparam("of_event"))
    .values(duplicates=EVENT.c.duplicates + 1)
)
_INSERT = insert(EVENT).returning(*_KEY, EVENT.c.id, EVENT.c.reason)


def _revisions(connection: Connection, keys: Sequence[Key]) -> dict[Key, list[Any]]:
    found: dict[Key, list[Any]] = {}
    for name, dedupe_keys in by_connection(keys).items():
        asked = {"name": name, "keys": dedupe_keys}
        for row in connection.execute(_REVISIONS, asked):
            found.setdefault((row.connection, row.dedupe_key), []).append(row)
    return found


def _unless_late(new: NewEvent, known: Sequence[Any]) -> NewEvent:
    """Return it as one to skip where the vendor had made it before one of those."""
    made = [k.revised_at for k in known if k.revised_at]
    is_late = bool(made and new.revised_at and new.revised_at < max(made))
    if is_late and new.state is State.PENDING:
        return replace(new, state=State.SKIPPED, reason=SUPERSEDED)
    return new


def values_of(new: NewEvent, revision: int) -> dict[str, Any]:
    """Return the row of an event."""
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
