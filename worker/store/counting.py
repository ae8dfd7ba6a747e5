"""How many events a person means, and how many of them may be replayed. Floor 2."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, and_, case, func, select, true

from worker.store.engine import reading
from worker.store.events import EVENT
from worker.store.selection import Selection, is_purged, pieces, replayable


@dataclass(frozen=True, slots=True)
class Counted:
    """How many events a selection has, and how many of them may be replayed.

    Of those that may not, `purged` have no body any more. `urgent` of all are of
    compliance calls, `urgent_replayable` of those that may.
    """

    matching: int
    replayable: int
    purged: int
    urgent: int
    urgent_replayable: int


def count_chosen(engine: Engine, selection: Selection, *, original: bool) -> Counted:
    """Count by one query, so that nobody's replay comes between.

    Raises `StoreUnavailable`.
    """
    may_be, urgent = replayable(original), EVENT.c.urgent.is_(True)
    parts = (true(), may_be, is_purged(), urgent, and_(urgent, may_be))
    sums = [func.count(case((part, 1))) for part in parts]
    wanted = and_(*selection.conditions())
    totals = [0] * len(parts)
    with reading(engine) as connection:
        for named in pieces(selection):
            query = select(*sums).select_from(EVENT).where(wanted, named)
            found = connection.execute(query).one()
            totals = [a + b for a, b in zip(totals, found, strict=True)]
    return Counted(*totals)
