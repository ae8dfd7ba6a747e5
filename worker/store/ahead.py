"""Events that wait for a time of a clock that was set back since. Floor 2.

Either they came in before that, and seem to be from later, or they were tried then, and
are due when that clock would have come round.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, and_, or_, select, update

from worker.model import CLOCKS_APART, State
from worker.store.engine import reading, writing
from worker.store.events import EVENT
from worker.store.lanes import LANE

# Nothing waits longer for its next attempt but what a replay spreads out.
LONGEST_WAIT = timedelta(hours=2)


def bring_forward(engine: Engine, now: datetime, *, everything: bool = False) -> int:
    """Let pending events be due now that wait for a clock set back; return how many.

    With `everything` all that wait: it is known that the clock was set back. Raises
    `StoreUnavailable`.
    """
    is_pending = EVENT.c.state == State.PENDING.value
    came = and_(EVENT.c.received_at > now + CLOCKS_APART, EVENT.c.next_attempt_at > now)
    is_late = EVENT.c.next_attempt_at > now if everything else _waits_too_long(now)
    # Without the state: by its index all that is pending would be read.
    with reading(engine) as connection:
        found = connection.scalar(select(EVENT.c.id).where(came).limit(1))
        conditions = [came] if found is not None else []
        lanes = connection.scalars(select(LANE.c.lane)).all()
        tried = and_(EVENT.c.lane.in_(lanes), is_late)
        query = select(EVENT.c.id).where(is_pending, tried).limit(1)
        if connection.scalar(query) is not None:
            conditions.append(tried)
    if not conditions:
        return 0
    with writing(engine) as connection:
        due = update(EVENT).where(is_pending, or_(*conditions))
        return connection.execute(due.values(next_attempt_at=now)).rowcount


def _waits_too_long(now: datetime) -> ColumnElement[bool]:
    replayed_at = EVENT.c.replayed_at
    is_spread = and_(replayed_at.is_not(None), replayed_at >= EVENT.c.next_attempt_at)
    return and_(EVENT.c.next_attempt_at > now + LONGEST_WAIT, ~is_spread)
