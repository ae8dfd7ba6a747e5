"""Lanes: leased by one drainer at a time, due events in order, settled whole. Floor 2.

A lease is a row with an expiry. Whoever takes it next raises its `epoch`, and settling
asks for the epoch that was leased: a drainer that slept through its lease settles
nothing that another already did.

Lanes are claimed with SKIP LOCKED, and not events one by one: a lane's order would be
gone, and a request to Salesforce would have to last no longer than a transaction. Who
claims a lane that somebody is settling just now waits for nothing: the holder looks
once more at its end, and who drains an urgent lane rings for the usual one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from worker.lane_numbers import usual_lane
from worker.model import State
from worker.store.engine import dialect_insert, reading, writing
from worker.store.events import EVENT, table_of
from worker.store.outcomes import EventOutcome, send_again, write_outcomes
from worker.store.record_search import records_sent_to
from worker.store.tables import EventRow, LaneRow, RecordRow

LANE = table_of(LaneRow)
LONGEST_LEASE_SECONDS = 3600
_DUE = (
    select(EVENT.c.id)
    .where(EVENT.c.lane == bindparam("lane"), EVENT.c.state == State.PENDING.value)
    .where(EVENT.c.next_attempt_at <= bindparam("now"))
)
_HAS_DUE = _DUE.limit(1)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to drain a lane, while its epoch stands."""

    lane: int
    epoch: int


class LeaseLost(Exception):
    """Another drainer holds the lane by now; what we did is not ours to settle."""


class Lanes:
    """The lanes of a database. Every method raises `StoreUnavailable`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def lease(self, lane: int, now: datetime, lease_seconds: float) -> Lease | None:
        """Take the lane, or return None while another has it."""
        expires_at = now + timedelta(seconds=lease_seconds)
        free = (
            select(LANE.c.lane)
            .where(LANE.c.lane == lane)
            .where(or_(LANE.c.expires_at.is_(None), ~_is_held(now, lease_seconds)))
            .with_for_update(skip_locked=True)
        )
        claim = (
            update(LANE)
            .where(LANE.c.lane == free.scalar_subquery())
            .values(epoch=LANE.c.epoch + 1, expires_at=expires_at)
            .returning(LANE.c.epoch)
        )
        with writing(self._engine) as connection:
            epoch = connection.scalar(claim)
            # Not before: to insert what is there would wait for who has locked it.
            if epoch is None and not _is_known(connection, lane):
                _ensure_lane(connection, lane)
                epoch = connection.scalar(claim)
        return None if epoch is None else Lease(lane, epoch)

    def renew(self, lease: Lease, now: datetime, lease_seconds: float) -> None:
        """Hold the lane for longer. Raises `LeaseLost`."""
        self._set_expiry(lease, now + timedelta(seconds=lease_seconds))

    def release(self, lease: Lease) -> None:
        """Give the lane back. Raises `LeaseLost`."""
        self._set_expiry(lease, None)

    def due(self, lane: int, now: datetime, limit: int) -> Sequence[EventRow]:
        """Return the lane's due events: urgent ones first, then the oldest."""
        query = (
            select_rows(EventRow)
            .where(EventRow.lane == lane, EventRow.state == State.PENDING.value)
            .where(EventRow.next_attempt_at <= now)
            .order_by(col(EventRow.urgent).desc(), col(EventRow.id))
            .limit(limit)
        )
        with reading(self._engine) as connection, Session(connection) as session:
            return session.exec(query).all()

    def has_due(self, lane: int, now: datetime) -> bool:
        """Return whether an event of the lane is due: it is asked at every ring."""
        with reading(self._engine) as connection:
            asked = {"lane": lane, "now": now}
            return connection.scalar(_HAS_DUE, asked) is not None

    def count_due(self, lane: int, now: datetime, limit: int) -> int:
        """Return how many events of the lane are due, counted no further than that."""
        query = select(func.count()).select_from(_DUE.limit(limit).subquery())
        with reading(self._engine) as connection:
            return connection.scalar(query, {"lane": lane, "now": now}) or 0

    def lanes_due(
        self, now: datetime, lease_seconds: float = LONGEST_LEASE_SECONDS
    ) -> list[int]:
        """Return the lanes that have due events and nobody who drains them."""
        held = exists().where(LANE.c.lane == EVENT.c.lane, _is_held(now, lease_seconds))
        query = (
            select(EVENT.c.lane)
            .where(EVENT.c.state == State.PENDING.value)
            .where(EVENT.c.next_attempt_at <= now, ~held)
            .distinct()
        )
        with reading(self._engine) as connection:
            return sorted(connection.scalars(query))

    def newer_records(
        self, object_name: str, ids: Sequence[str], keys: Sequence[str], since: datetime
    ) -> Sequence[RecordRow]:
        """Return what calls since then wrote to these records.

        Records are named by Salesforce id or by key (`Field=value`).
        """
        conditions = (
            or_(
                col(RecordRow.state) == State.SYNCED.value,
                col(RecordRow.salesforce_id).is_not(None),
            ),
            col(RecordRow.occurred_at) >= since,
        )
        with reading(self._engine) as connection:
            return records_sent_to(connection, object_name, ids, keys, *conditions)

    def settle(
        self, lease: Lease, outcomes: Sequence[EventOutcome], now: datetime
    ) -> None:
        """Write the outcomes of a batch in one transaction. Raises `LeaseLost`."""
        with writing(self._engine) as connection:
            _hold(connection, lease)
            write_outcomes(connection, outcomes, now)

    def quiet_epoch(self, lane: int, now: datetime) -> int | None:
        """Return the epoch of a lane that nobody drains, None while somebody does."""
        query = select(LANE.c.epoch, LANE.c.expires_at).where(LANE.c.lane == lane)
        with reading(self._engine) as connection:
            known = connection.execute(query).one_or_none()
        if known is None:
            return 0
        is_held = known.expires_at is not None and known.expires_at > now
        return None if is_held else int(known.epoch)

    def settle_urgent(
        self,
        lease: Lease,
        outcomes: Sequence[EventOutcome],
        now: datetime,
        quiet_epoch: int | None,
    ) -> None:
        """Write the outcomes of urgent events. Raises `LeaseLost`.

        Where the usual lane of the same parties was drained meanwhile, an older call
        may have been written over them: they are due again in that lane, which keeps
        the order. `quiet_epoch` is that lane's from before they were planned.
        """
        usual = usual_lane(lease.lane)
        with writing(self._engine) as connection:
            _hold(connection, lease)
            write_outcomes(connection, outcomes, now)
            _ensure_lane(connection, usual)
            # Also locks the row: who leases that lane now sees what is written here.
            locked = update(LANE).where(LANE.c.lane == usual)
            same = locked.values(epoch=LANE.c.epoch).returning(LANE.c.epoch)
            if connection.execute(same).scalar_one() != quiet_epoch:
                send_again(connection, outcomes, usual, now)

    def put_off(self, lease: Lease, until: datetime) -> None:
        """Let nothing of the lane be due before then. Raises `LeaseLost`."""
        query = (
            update(EVENT)
            .where(EVENT.c.lane == lease.lane, EVENT.c.state == State.PENDING.value)
            .where(EVENT.c.next_attempt_at < until)
            .values(next_attempt_at=until)
        )
        with writing(self._engine) as connection:
            _hold(connection, lease)
            connection.execute(query)

    def _set_expiry(self, lease: Lease, expires_at: datetime | None) -> None:
        with writing(self._engine) as connection:
            _hold(connection, lease, expires_at=expires_at)


def _is_held(now: datetime, lease_seconds: float) -> ColumnElement[bool]:
    """Whether a lease stands. One that reaches too far was taken before the clock was
    set back, by somebody who would have renewed it since.
    """
    farthest = now + timedelta(seconds=2 * lease_seconds)
    return and_(LANE.c.expires_at > now, LANE.c.expires_at <= farthest)


def _is_known(connection: Connection, lane: int) -> bool:
    query = select(LANE.c.lane).where(LANE.c.lane == lane)
    return connection.scalar(query) is not None


def _ensure_lane(connection: Connection, lane: int) -> None:
    values = {"lane": lane, "epoch": 0, "expires_at": None}
    statement = dialect_insert(connection)(LANE).values(values)
    connection.execute(statement.on_conflict_do_nothing())


def _hold(connection: Connection, lease: Lease, **values: Any) -> None:
    """Lock the lane's row for this transaction. Raises `LeaseLost`."""
    query = (
        update(LANE)
        .where(LANE.c.lane == lease.lane, LANE.c.epoch == lease.epoch)
        .values(epoch=lease.epoch, **values)
    )
    if connection.execute(query).rowcount != 1:
        raise LeaseLost(lease.lane)
