"""Who did what by hand. Floor 2."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, update
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from worker.store.engine import reading, writing
from worker.store.events import table_of
from worker.store.tables import AuditRow

AUDIT = table_of(AuditRow)


class Audit:
    """The acts by hand that a database knows of. Raises `StoreUnavailable`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note(
        self,
        action: str,
        *,
        actor: str,
        subject: str,
        count: int,
        detail: str,
        at: datetime,
    ) -> int:
        """Write an act down; return the row's id, for `count_in`.

        `subject` is an event's id, a party's hash or a filter as JSON: it and `detail`
        hold no payload value. `count` is how many events it changed.
        """
        values = {
            "at": at,
            "actor": actor,
            "action": action,
            "subject": subject,
            "count": count,
            "detail": detail,
        }
        with writing(self._engine) as connection:
            query = insert(AUDIT).values(values).returning(AUDIT.c.id)
            return int(connection.execute(query).scalar_one())

    def newest(self, limit: int) -> Sequence[AuditRow]:
        """Return the newest acts, newest first."""
        query = select_rows(AuditRow).order_by(col(AuditRow.id).desc()).limit(limit)
        with reading(self._engine) as connection, Session(connection) as session:
            return session.exec(query).all()


def count_in(connection: Connection, act_id: int | None, events: int) -> None:
    """Count events for an act in the transaction that changes them.

    So the audit is right about an act that was ended in the middle.
    """
    if act_id is not None:
        row = update(AUDIT).where(AUDIT.c.id == act_id)
        connection.execute(row.values(count=AUDIT.c.count + events))
