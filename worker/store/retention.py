"""What has been kept for long enough: bodies are emptied, rows are deleted. Floor 2.

Every batch is a transaction of its own, and begins after the last one, so that what has
to stay is passed once only. Events that are pending are never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    and_,
    delete,
    func,
    or_,
    select,
    tuple_,
)

from worker.model import Retention, State
from worker.store.blanking import blank_events
from worker.store.engine import writing
from worker.store.events import EVENT
from worker.store.holds import held_parties
from worker.store.outcomes import RECORD
from worker.store.refusals import count_callers, forget_callers
from worker.store.tombstones import bury
from worker.store.vault import vault_of

EVENTS_A_BATCH = 200

Rows = Sequence[Row[Any]]
Step = Callable[[Connection, Rows], int]


@dataclass(frozen=True, slots=True)
class Purged:
    """How many bodies were emptied and events deleted; how many a hold has kept.

    `callers` are the rows of who was refused.
    """

    bodies: int
    deleted: int
    held: int
    callers: int = 0


class _Passed(NamedTuple):
    done: int
    held: int


def purge(
    engine: Engine, keep: Retention, now: datetime, *, dry_run: bool = False
) -> Purged:
    """Purge what is older than it is kept, or only count it.

    Raises `StoreUnavailable`.
    """

    def empty(connection: Connection, rows: Rows) -> int:
        if rows and not dry_run:
            blank_events(connection, [row.id for row in rows], now)
        return len(rows)

    ledger_end = now - timedelta(days=keep.ledger_days)

    def remove(connection: Connection, rows: Rows) -> int:
        done = [row for row in rows if not _is_active(connection, row, ledger_end)]
        if done and not dry_run:
            _delete(connection, done)
        return len(done)

    bodies = _pass(engine, _with_body(keep, now), empty)
    deleted = _pass(engine, _without_body(ledger_end, now), remove)
    act = count_callers if dry_run else forget_callers
    callers = act(engine, now - timedelta(days=keep.body_days))
    return Purged(bodies.done, deleted.done, bodies.held + deleted.held, callers)


def _with_body(keep: Retention, now: datetime) -> ColumnElement[bool]:
    """Ask for the events whose bodies have been kept for long enough."""
    body_end = now - timedelta(days=keep.body_days)
    parked_end = now - timedelta(days=keep.parked_days)
    is_parked = EVENT.c.state == State.PARKED.value
    return and_(
        EVENT.c.purged_at.is_(None),
        EVENT.c.settled_at < max(body_end, parked_end),
        or_(
            and_(~is_parked, EVENT.c.settled_at < body_end),
            and_(is_parked, EVENT.c.settled_at < parked_end),
        ),
    )


def _without_body(ledger_end: datetime, now: datetime) -> ColumnElement[bool]:
    """Ask for the events whose rows may have been kept for long enough.

    Their bodies went in an earlier run. The newest row stays: SQLite would give its id
    to the next event.
    """
    newest = select(func.max(EVENT.c.id)).scalar_subquery()
    return and_(
        EVENT.c.purged_at.is_not(None),
        EVENT.c.purged_at < now,
        EVENT.c.settled_at < ledger_end,
        EVENT.c.id < newest,
    )


def _pass(engine: Engine, is_old: ColumnElement[bool], step: Step) -> _Passed:
    done = held = 0
    after: tuple[datetime, int] | None = None
    while True:
        with writing(engine) as connection:
            rows = connection.execute(old_events(is_old, after)).all()
            if not rows:
                return _Passed(done, held)
            free = _free(rows, held_parties(connection))
            done += step(connection, free)
        held += len(rows) - len(free)
        after = rows[-1].settled_at, rows[-1].id


def old_events(
    is_old: ColumnElement[bool], after: tuple[datetime, int] | None
) -> Select[Any]:
    """Return the query of a batch, the longest settled first."""
    query = (
        select(
            EVENT.c.id,
            EVENT.c.settled_at,
            EVENT.c.connection,
            EVENT.c.dedupe_key,
            EVENT.c.content_hash,
            EVENT.c.revision,
            EVENT.c.party_key,
        )
        .where(is_old, EVENT.c.state != State.PENDING.value)
        .order_by(EVENT.c.settled_at, EVENT.c.id)
        .limit(EVENTS_A_BATCH)
        # Of a replay that makes one of them pending just now, or of another purge: they
        # are left to it. What is skipped so is looked at again the next night.
        .with_for_update(skip_locked=True)
    )
    if after is not None:
        query = query.where(tuple_(EVENT.c.settled_at, EVENT.c.id) > after)
    return query


def _free(rows: Rows, held: Collection[str]) -> Rows:
    return [row for row in rows if row.party_key.casefold() not in held]


def _is_active(connection: Connection, row: Row[Any], since: datetime) -> bool:
    """Say whether the party had a call since then: its rows are kept together.

    Regulation F counts the years from the last collection activity on the debt.
    """
    if not row.party_key:
        return False
    query = (
        select(EVENT.c.id)
        .where(
            EVENT.c.party_hash.in_(vault_of(connection.dialect).hashes(row.party_key))
        )
        .where(EVENT.c.received_at >= since)
        .limit(1)
    )
    return connection.scalar(query) is not None


def _delete(connection: Connection, rows: Rows) -> None:
    bury(connection, rows)
    ids = [row.id for row in rows]
    connection.execute(delete(RECORD).where(RECORD.c.event_id.in_(ids)))
    connection.execute(delete(EVENT).where(EVENT.c.id.in_(ids)))
