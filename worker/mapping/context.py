"""What a mapping can see of an event. Floor 1, pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from worker.mapping.paths import Context
from worker.model import Connection, Event


def context_of(event: Event, connection: Connection, received_at: datetime) -> Context:
    """Return the roots `payload`, `event` and `body` that paths begin with.

    A party candidate or call id that the payload lacks is absent. `occurred_on` is the
    day in the connection's own time zone.
    """
    day = event.occurred_at.astimezone(ZoneInfo(connection.timezone)).date()
    facts: dict[str, Any] = {
        "call_id": event.call_id,
        "connection": connection.name,
        "dedupe_key": event.dedupe_key,
        "file_number": event.file_number,
        "foreign_id": event.foreign_id,
        "occurred_at": moment(event.occurred_at),
        "occurred_on": day.isoformat(),
        "phone": event.phone,
        "received_at": moment(received_at),
        "source": event.source,
        "type": event.type,
    }
    return {
        "payload": event.payload,
        "event": {name: fact for name, fact in facts.items() if fact is not None},
        "body": event.body,
    }


def moment(at: datetime) -> str:
    """Return a moment as Salesforce takes it: UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
