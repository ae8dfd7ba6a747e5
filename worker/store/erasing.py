"""What is stored of one party, and taking it out. Floor 2."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    case,
    func,
    literal,
    select,
    true,
    update,
)

from worker.model import State
from worker.store.blanking import blank_events
from worker.store.engine import reading, writing
from worker.store.events import EVENT
from worker.store.holds import held_parties
from worker.store.known_keys import require_keys
from worker.store.lanes import LANE
from worker.store.outcomes import RECORD
from worker.store.vault import vault_of

EVENTS_A_BATCH = 200
MOST_OTHERS = 20
ERASED = "body_erased"


class PartyHeld(Exception):
    """The party is under a legal hold."""


@dataclass(frozen=True, slots=True)
class Stored:
    """How many events of a party there are, by state, and how many records of them.

    `others` are the parties that other events of the same calls name.
    """

    events: dict[str, int]
    records: int
    is_held: bool
    others: tuple[str, ...] = ()


class Erasure:
    """All that is stored of one party, of one connection or of all.

    Every method raises `StoreUnavailable`.
    """

    def __init__(self, engine: Engine, party: str, connection: str | None) -> None:
        self._engine = engine
        self._party = party
        vault = vault_of(engine.dialect)
        # What it is called where its name must not stand.
        self.subject = vault.hash(party)
        self._hashes = vault.hashes(party)
        self._of_party = and_(
            EVENT.c.party_hash.in_(self._hashes),
            true() if connection is None else EVENT.c.connection == connection,
        )

    def count(self) -> Stored:
        """Return what there is."""
        by_state = (
            select(EVENT.c.state, func.count())
            .where(self._of_party)
            .group_by(EVENT.c.state)
        )
        records = (
            select(func.count())
            .select_from(RECORD.join(EVENT, EVENT.c.id == RECORD.c.event_id))
            .where(self._of_party)
        )
        with reading(self._engine) as connection:
            require_keys(connection)
            events = {row[0]: row[1] for row in connection.execute(by_state)}
            found = connection.scalar(records) or 0
            others = tuple(connection.scalars(self._others()))
            return Stored(events, found, self._is_held(connection), others)

    def erase(self, now: datetime, *, include_pending: bool) -> int:
        """Erase it, a batch a transaction; return the events. Raises `PartyHeld`.

        A pending event is skipped for good, and who drains its lane just now settles
        nothing: what it has sent may be in Salesforce.
        """
        is_settled = EVENT.c.state != State.PENDING.value
        which = and_(self._of_party, true() if include_pending else is_settled)
        erased = 0
        while True:
            with writing(self._engine) as connection:
                if self._is_held(connection):
                    raise PartyHeld
                batch = _erase_batch(connection, which, now)
            if not batch:
                return erased
            erased += batch

    def _others(self) -> Select[Any]:
        """Return the query of whom other events of the same calls are stored under."""
        call = EVENT.alias()
        of_call = and_(
            call.c.call_id == EVENT.c.call_id, call.c.connection == EVENT.c.connection
        )
        newest = (
            select(func.max(call.c.id))
            .select_from(EVENT.join(call, of_call))
            .where(self._of_party, call.c.party_hash.not_in(self._hashes))
            .group_by(call.c.party_hash)
        )
        named = select(EVENT.c.party_key).where(EVENT.c.id.in_(newest))
        return named.order_by(EVENT.c.id).limit(MOST_OTHERS)

    def _is_held(self, connection: Connection) -> bool:
        return self._party.casefold() in held_parties(connection)


def _erase_batch(
    connection: Connection, which: ColumnElement[bool], now: datetime
) -> int:
    query = select(EVENT.c.id, EVENT.c.lane, EVENT.c.state).where(which)
    rows = connection.execute(query.order_by(EVENT.c.id).limit(EVENTS_A_BATCH)).all()
    lanes = {row.lane for row in rows if row.state == State.PENDING.value}
    if lanes:
        taken = update(LANE).where(LANE.c.lane.in_(lanes))
        connection.execute(taken.values(epoch=LANE.c.epoch + 1, expires_at=None))
    ids = [row.id for row in rows]
    if ids:
        blank_events(connection, ids, now, **_ended(now))
        nameless = update(RECORD).where(RECORD.c.event_id.in_(ids))
        connection.execute(nameless.values(key=None, key_hash=None))
    return len(ids)


def _ended(now: datetime) -> dict[str, Any]:
    """Return what ends the pending ones, and takes the party out of all."""
    is_pending = EVENT.c.state == State.PENDING.value
    moment = literal(now, EVENT.c.settled_at.type)
    return {
        "party_key": "",
        "party_hash": None,
        "state": case((is_pending, State.SKIPPED.value), else_=EVENT.c.state),
        "reason": case((is_pending, ERASED), else_=EVENT.c.reason),
        "settled_at": case((is_pending, moment), else_=EVENT.c.settled_at),
    }
