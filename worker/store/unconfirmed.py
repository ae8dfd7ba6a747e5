"""Urgent events that Salesforce has not confirmed. Floor 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, or_, select, update

from worker.model import AGAIN_IN_ORDER, CLOCKS_APART, State
from worker.store.engine import reading, writing
from worker.store.events import EVENT
from worker.store.tables import UNALARMED


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """An urgent event that waits, or is parked, with why.

    `since` is when it was received, or last replayed.
    """

    event_id: int
    connection: str
    since: datetime
    state: str
    reason: str | None


class UnconfirmedEvents:
    """Those of a database. Both methods raise `StoreUnavailable`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def late(self, now: datetime, seconds: int, limit: int) -> list[Unconfirmed]:
        """Return those of so long ago of which nobody was told, the oldest first.

        What seems to be from later is from before the clock was set back: nobody knows
        how long it has waited.
        """
        since = func.coalesce(EVENT.c.replayed_at, EVENT.c.received_at)
        query = (
            select(EVENT.c.id, EVENT.c.connection, since, EVENT.c.state, EVENT.c.reason)
            # In the words of its index: `urgent = 1` is to SQLite another condition.
            .where(UNALARMED)
            .where(EVENT.c.state.in_([State.PENDING.value, State.PARKED.value]))
            .where(
                or_(
                    since <= now - timedelta(seconds=seconds),
                    since > now + CLOCKS_APART,
                )
            )
            .where(func.coalesce(EVENT.c.reason, "") != AGAIN_IN_ORDER)
            .order_by(EVENT.c.received_at, EVENT.c.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [Unconfirmed(*row) for row in connection.execute(query)]

    def told(self, event_ids: Sequence[int], now: datetime) -> None:
        """Note that somebody was told of them."""
        query = update(EVENT).where(EVENT.c.id.in_(event_ids)).values(alarmed_at=now)
        with writing(self._engine) as connection:
            connection.execute(query)
