"""Taking out of events what they say, and leaving that they were. Floor 2."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from worker.store.events import EVENT
from worker.store.outcomes import RECORD

_BLANK_RECORD = (
    update(RECORD)
    .where(RECORD.c.id == bindparam("of_record"))
    .values(fields=bindparam("names", type_=RECORD.c.fields.type))
)


def blank_events(
    connection: Connection, event_ids: Sequence[int], now: datetime, **more: Any
) -> None:
    """Empty bodies, headers and sent values of these events; `more` is set too.

    Of the sent fields the names stay: an older call must not go over them.
    """
    values = {"body": b"", "headers": {}, "purged_at": now, **more}
    connection.execute(update(EVENT).where(EVENT.c.id.in_(event_ids)).values(values))
    query = select(RECORD.c.id, RECORD.c.fields).where(RECORD.c.event_id.in_(event_ids))
    blanked = [
        {"of_record": row.id, "names": dict.fromkeys(row.fields)}
        for row in connection.execute(query)
    ]
    if blanked:
        connection.execute(_BLANK_RECORD, blanked)
