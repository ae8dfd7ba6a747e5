"""Events from before the clock was set back, which seem to be from later. Floor 2."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine, select, update

from worker.model import State
from worker.store.engine import reading, writing
from worker.store.events import EVENT

# The clocks of several machines are never this far apart.
AHEAD = timedelta(minutes=1)


def bring_forward(engine: Engine, now: datetime, *, everything: bool = False) -> int:
    """Let pending events that came in after now be due now; return how many.

    With `everything` those too that came in before and wait: a moment that was reckoned
    by a clock that was ahead may be long off. Raises `StoreUnavailable`.
    """
    ahead = EVENT.c.id.is_not(None) if everything else EVENT.c.received_at > now + AHEAD
    with reading(engine) as connection:
        # Without the state: by its index all that is pending would be read.
        if connection.scalar(select(EVENT.c.id).where(ahead).limit(1)) is None:
            return 0
    query = (
        update(EVENT)
        .where(ahead, EVENT.c.state == State.PENDING.value)
        .where(EVENT.c.next_attempt_at > now)
        .values(next_attempt_at=now)
    )
    with writing(engine) as connection:
        return connection.execute(query).rowcount
