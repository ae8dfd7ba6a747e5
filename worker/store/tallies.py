"""How many events stand where, since when, and what was refused. Floor 2.

Four statements, whatever the tables hold; those about events go by `ix_event_state`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, func, select

from worker.model import AGAIN_IN_ORDER, State
from worker.store.engine import reading
from worker.store.events import EVENT, REJECTION


@dataclass(frozen=True, slots=True)
class Waiting:
    """Pending events, and those of them that are due; moments are of receipt.

    That of the unconfirmed is of their replay, if they were.
    """

    events: int = 0
    due: int = 0
    oldest_at: datetime | None = None
    oldest_due_at: datetime | None = None
    # Without those that Salesforce has, and that are written once more in their order.
    oldest_unconfirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Parked:
    """Events that wait for a person, by why."""

    reason: str | None
    urgent: bool
    events: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class RefusedDeliveries:
    """What a connection's sender was refused, by why."""

    connection: str
    reason: str
    times: int


@dataclass(frozen=True, slots=True)
class Tally:
    """All of it at one moment. `waiting` is by urgency, the others most first."""

    by_state: Mapping[str, int]
    waiting: Mapping[bool, Waiting]
    parked: Sequence[Parked]
    refused: Sequence[RefusedDeliveries]


class Tallies:
    """The tallies of a database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, now: datetime) -> Tally:
        """Count everything. Raises `StoreUnavailable`."""
        with reading(self._engine) as connection:
            return Tally(
                _by_state(connection),
                _waiting(connection, now),
                _parked(connection),
                _refused(connection),
            )


def _by_state(connection: Connection) -> dict[str, int]:
    query = select(EVENT.c.state, func.count()).group_by(EVENT.c.state)
    return {str(row[0]): int(row[1]) for row in connection.execute(query)}


def _waiting(connection: Connection, now: datetime) -> dict[bool, Waiting]:
    is_due = EVENT.c.next_attempt_at <= now
    is_new = func.coalesce(EVENT.c.reason, "") != AGAIN_IN_ORDER
    since = func.coalesce(EVENT.c.replayed_at, EVENT.c.received_at)
    query = (
        select(
            EVENT.c.urgent,
            func.count(),
            func.count().filter(is_due),
            func.min(EVENT.c.received_at),
            func.min(EVENT.c.received_at).filter(is_due),
            func.min(since).filter(is_new),
        )
        .where(EVENT.c.state == State.PENDING.value)
        .group_by(EVENT.c.urgent)
    )
    rows = connection.execute(query)
    return {bool(urgent): Waiting(*counted) for urgent, *counted in rows}


def _parked(connection: Connection) -> list[Parked]:
    count = func.count()
    query = (
        select(EVENT.c.reason, EVENT.c.urgent, count, func.min(EVENT.c.received_at))
        .where(EVENT.c.state == State.PARKED.value)
        .group_by(EVENT.c.reason, EVENT.c.urgent)
        .order_by(count.desc(), EVENT.c.reason, EVENT.c.urgent)
    )
    return [Parked(*row) for row in connection.execute(query)]


def _refused(connection: Connection) -> list[RefusedDeliveries]:
    pair = (REJECTION.c.connection, REJECTION.c.reason)
    times = func.sum(REJECTION.c.times)
    query = select(*pair, times).group_by(*pair).order_by(times.desc(), *pair)
    rows = connection.execute(query)
    return [RefusedDeliveries(name, reason, int(count)) for name, reason, count in rows]
