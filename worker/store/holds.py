"""Legal holds: of whom nothing is purged or erased. Floor 2."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from worker.store.engine import reading, writing
from worker.store.events import table_of
from worker.store.known_keys import require_keys
from worker.store.tables import HoldRow

HOLD = table_of(HoldRow)


class Holds:
    """The legal holds of a database. Every method raises `StoreUnavailable`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def place(self, party: str, *, reason: str, actor: str, at: datetime) -> None:
        """Hold a party, named as calls name it (its case does not matter).

        Raises `StoreSealed` where a key of the events is missing.
        """
        values = {"party": party, "reason": reason, "actor": actor, "at": at}
        with writing(self._engine) as connection:
            # Else it would stop every purge, or stand there in clear.
            require_keys(connection)
            connection.execute(insert(HOLD).values(values))

    def release(self, party: str, *, actor: str, at: datetime) -> int:
        """Release all holds of a party; return how many there were."""
        with writing(self._engine) as connection:
            ids = [
                hold_id
                for hold_id, held in _standing(connection)
                if held == party.casefold()
            ]
            query = update(HOLD).where(HOLD.c.id.in_(ids))
            connection.execute(query.values(released_by=actor, released_at=at))
        return len(ids)

    def standing(self) -> Sequence[HoldRow]:
        """Return the holds that stand, the oldest first."""
        query = (
            select_rows(HoldRow)
            .where(col(HoldRow.released_at).is_(None))
            .order_by(col(HoldRow.id))
        )
        with reading(self._engine) as connection, Session(connection) as session:
            return session.exec(query).all()


def held_parties(connection: Connection) -> frozenset[str]:
    """Return the parties under a hold, with their case folded. Raises `StoreSealed`."""
    return frozenset(party for _, party in _standing(connection))


def _standing(connection: Connection) -> list[tuple[int, str]]:
    query = select(HOLD.c.id, HOLD.c.party).where(HOLD.c.released_at.is_(None))
    return [(row.id, row.party.casefold()) for row in connection.execute(query)]
