"""What came in and what was sent, for comparing with a changed mapping. Floor 2."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Subquery,
    and_,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlmodel import Session
from sqlmodel import select as select_rows

from worker.model import State
from worker.store.engine import reading
from worker.store.events import EVENT
from worker.store.outcomes import EXISTS_ALREADY, RECORD
from worker.store.record_search import records_sent_to
from worker.store.tables import EventRow, RecordRow

# A record that is not synced has an id where Salesforce took all fields but those of a
# transform that refused its value, or where an earlier replay wrote it.
_WAS_SENT = and_(
    or_(RECORD.c.state == State.SYNCED.value, RECORD.c.salesforce_id.is_not(None)),
    or_(RECORD.c.reason.is_(None), RECORD.c.reason != EXISTS_ALREADY),
)


class History:
    """The past of a database. Every method raises `StoreUnavailable`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def matching(
        self,
        *,
        limit: int,
        since: datetime | None = None,
        until: datetime | None = None,
        sources_and_types: Sequence[tuple[str, str]] | None = None,
        connection: str | None = None,
        before_id: int | None = None,
    ) -> Sequence[EventRow]:
        """Return the newest events received from `since` on and before `until`.

        Without those whose bodies were purged. The newest comes first.
        `sources_and_types` (fewer than 500) and `connection` leave out all others. The
        next page begins after the event `before_id`, the last one of this page.
        """
        with reading(self._engine) as opened, Session(opened) as session:
            conditions: list[ColumnElement[bool]] = [EVENT.c.purged_at.is_(None)]
            if since is not None:
                conditions.append(EVENT.c.received_at >= since)
            if until is not None:
                conditions.append(EVENT.c.received_at < until)
            if connection is not None:
                conditions.append(EVENT.c.connection == connection)
            if before_id is not None:
                conditions.append(_is_before(opened, before_id))
            newest = _newest(sources_and_types, conditions, limit)
            if newest is None:
                return []
            query = select_rows(EventRow).join(newest, newest.c.id == EventRow.id)
            # Sorted here, since SQLite would sort the bodies along.
            return sorted(session.exec(query), key=_age, reverse=True)

    def last_sent(
        self, object_name: str, keys: Sequence[str], salesforce_ids: Sequence[str]
    ) -> Sequence[RecordRow]:
        """Return what was sent to these records of Salesforce, the oldest call first.

        They are named by key (`Field=value`) or by Salesforce id, both lists of any
        length. What a later row has of a field was sent last.
        """
        with reading(self._engine) as opened:
            return records_sent_to(opened, object_name, salesforce_ids, keys, _WAS_SENT)


def _newest(
    sources_and_types: Sequence[tuple[str, str]] | None,
    conditions: Sequence[ColumnElement[bool]],
    limit: int,
) -> Subquery | None:
    """Return a query of the newest ids, or None where no event is asked for.

    Each type is asked by itself, so that its index gives its newest without a sort.
    """
    if sources_and_types is None:
        return _newest_where(conditions, limit)
    each = [
        _newest_where(
            [EVENT.c.source == source, EVENT.c.type == event_type, *conditions], limit
        )
        for source, event_type in dict.fromkeys(sources_and_types)
    ]
    if len(each) <= 1:
        return each[0] if each else None
    both = union_all(*(select(one) for one in each)).subquery()
    return (
        select(both)
        .order_by(both.c.received_at.desc(), both.c.id.desc())
        .limit(limit)
        .subquery()
    )


def _newest_where(conditions: Sequence[ColumnElement[bool]], limit: int) -> Subquery:
    return (
        select(EVENT.c.received_at, EVENT.c.id)
        .where(*conditions)
        .order_by(EVENT.c.received_at.desc(), EVENT.c.id.desc())
        .limit(limit)
        .subquery()
    )


def _is_before(connection: Connection, event_id: int) -> ColumnElement[bool]:
    query = select(EVENT.c.received_at).where(EVENT.c.id == event_id)
    received_at = connection.scalar(query)
    if received_at is None:
        return EVENT.c.id < event_id
    return tuple_(EVENT.c.received_at, EVENT.c.id) < (received_at, event_id)


def _age(event: EventRow) -> tuple[datetime, int]:
    return event.received_at, event.id or 0
