"""Settled events made due again, or given up, by a person's act. Floor 2.

In batches, each a transaction of at most six statements, by id, so that any number of
events holds no lock for long. Only settled events are touched: what is pending is a
drainer's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    and_,
    bindparam,
    exists,
    select,
    true,
    update,
)

from worker.model import State
from worker.store.attempts import ATTEMPT, Attempt, add_attempts
from worker.store.audit import count_in
from worker.store.counting import Counted, count_chosen
from worker.store.engine import writing
from worker.store.events import EVENT
from worker.store.outcomes import RECORD
from worker.store.selection import (
    BATCH,
    DISCARDED,
    Selection,
    pieces,
    replayable,
)

REPLAYED = "replayed"
_IS_SETTLED = EVENT.c.state != State.PENDING.value


@dataclass(slots=True)
class Replayed:
    """What was made due again: how many events, and in which lanes."""

    events: int
    lanes: set[int]
    last_due_at: datetime


class Replays:
    """The settled events of a database. Every method raises `StoreUnavailable`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def count(self, selection: Selection, *, original: bool = False) -> Counted:
        """Return how many there are. An old revision is never replayed over a newer.

        Nor is what was purged, and by its `original` mapping only what was written by
        one that is kept.
        """
        return count_chosen(self._engine, selection, original=original)

    def replay(
        self,
        selection: Selection,
        now: datetime,
        *,
        most: int,
        per_second: float = 0.0,
        original: bool = False,
        act_id: int | None = None,
    ) -> Replayed:
        """Make the oldest `most` due again, so many `per_second`; 0 is all at once.

        Urgent ones are due at once. What was not synced of an event is sent again, and
        all of it where its mapping has changed or is to be the `original`. Each batch
        is counted in the audit's row `act_id`.
        """
        done = Replayed(0, set(), now)
        step = timedelta(seconds=1 / per_second) if per_second else timedelta()
        waiting = 0

        def act(connection: Connection, rows: Sequence[Row[Any]]) -> None:
            nonlocal waiting
            due: dict[int, datetime] = {}
            for row in rows:
                due[row.id] = now if row.urgent else now + waiting * step
                waiting += not row.urgent
            note = State.PENDING, REPLAYED
            _note(connection, rows, now, *note, due=due)
            _make_due(connection, due, original=original)
            done.events += len(rows)
            done.lanes |= {row.lane for row in rows}
            done.last_due_at = max(done.last_due_at, *due.values())

        self._in_batches(selection, replayable(original), most, act, act_id)
        return done

    def discard(
        self,
        selection: Selection,
        now: datetime,
        *,
        most: int,
        act_id: int | None = None,
    ) -> int:
        """Give the oldest `most` up: they are skipped; return how many.

        Each batch is counted in the audit's row `act_id`.
        """
        done = 0

        def act(connection: Connection, rows: Sequence[Row[Any]]) -> None:
            nonlocal done
            _note(connection, rows, now, State.SKIPPED, DISCARDED)
            connection.execute(
                update(EVENT)
                .where(EVENT.c.id.in_([row.id for row in rows]))
                .where(_IS_SETTLED)
                .values(state=State.SKIPPED, reason=DISCARDED, settled_at=now)
            )
            done += len(rows)

        self._in_batches(selection, true(), most, act, act_id)
        return done

    def _in_batches(
        self,
        selection: Selection,
        condition: ColumnElement[bool],
        most: int,
        act: Callable[[Connection, Sequence[Row[Any]]], None],
        act_id: int | None,
    ) -> None:
        wanted = and_(*selection.conditions(), condition)
        for named in pieces(selection):
            after = 0
            while most > 0:
                size = min(BATCH, most)
                with writing(self._engine) as connection:
                    rows = _take(connection, and_(wanted, named), after, size)
                    if rows:
                        act(connection, rows)
                        count_in(connection, act_id, len(rows))
                most -= len(rows)
                if len(rows) < size:
                    break
                after = rows[-1].id


def _take(
    connection: Connection, wanted: ColumnElement[bool], after: int, limit: int
) -> Sequence[Row[Any]]:
    """Lock and return the next events: two people may replay at once.

    Locked ones are waited for: a delivery that comes again locks its event to be
    counted, and nobody's replay should miss it for that.
    """
    has_history = exists().where(ATTEMPT.c.event_id == EVENT.c.id)
    query = (
        select(
            EVENT.c.id,
            EVENT.c.lane,
            EVENT.c.urgent,
            EVENT.c.state,
            EVENT.c.reason,
            EVENT.c.attempts,
            EVENT.c.settled_at,
            has_history.label("has_history"),
        )
        .where(wanted, EVENT.c.id > after)
        .order_by(EVENT.c.id)
        .limit(limit)
        .with_for_update(of=EVENT)
    )
    return connection.execute(query).all()


def _note(
    connection: Connection,
    rows: Sequence[Row[Any]],
    now: datetime,
    state: State,
    reason: str,
    due: dict[int, datetime] | None = None,
) -> None:
    """Write the act into the events' histories, after what had become of them."""
    before = [
        Attempt(row.id, row.attempts, row.settled_at or now, row.state, row.reason)
        for row in rows
        if not row.has_history
    ]
    due = due or {}
    acts = [
        Attempt(row.id, 0, now, state.value, reason, None, due.get(row.id))
        for row in rows
    ]
    long = [row.id for row in rows if row.has_history]
    add_attempts(connection, [*before, *acts], long)


def _make_due(
    connection: Connection, due: dict[int, datetime], *, original: bool
) -> None:
    connection.execute(
        update(RECORD)
        .where(RECORD.c.event_id.in_(due), RECORD.c.state != State.SYNCED.value)
        .values(state=State.PENDING, settled_at=None)
    )
    connection.execute(
        update(EVENT)
        .where(EVENT.c.id == bindparam("event"), _IS_SETTLED)
        .values(
            state=State.PENDING.value,
            reason=None,
            attempts=0,
            next_attempt_at=bindparam("due"),
            replayed_at=bindparam("due"),
            settled_at=None,
            alarmed_at=None,
            replay_mapping_hash=EVENT.c.mapping_hash if original else None,
        ),
        [{"event": event_id, "due": at} for event_id, at in due.items()],
    )
