"""What an event came to, attempt by attempt. Floor 5."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from worker.cli.terminal import cells
from worker.store.attempts import Attempt
from worker.store.tables import EventRow


def history(row: EventRow, attempts: Sequence[Attempt]) -> list[dict[str, Any]]:
    """Return the attempts, the oldest first; 0 is the door's or a person's act.

    Of an event that passed at once its own row says all.
    """
    if not attempts and row.settled_at is not None and row.id is not None:
        at, reason = row.settled_at, row.reason
        attempts = [Attempt(row.id, row.attempts, at, row.state, reason)]
    return [
        {
            "attempt": attempt.number,
            "at": attempt.at.isoformat(timespec="seconds"),
            "state": attempt.state,
            "reason": attempt.reason,
            "error_code": attempt.error_code,
            "due_again": attempt.next_attempt_at
            and attempt.next_attempt_at.isoformat(timespec="seconds"),
        }
        for attempt in attempts
    ]


def event_tables(event: Mapping[str, Any]) -> Iterator[Table]:
    """Yield an event's records and history as tables."""
    title = f"revision {event['revision']}, duplicates: {event['duplicates']}"
    records = Table("object", "key", "state", "Salesforce id", "mapping", title=title)
    for record in event["records"]:
        reason = f" ({record['reason']})" if record["reason"] else ""
        records.add_row(
            record["object"],
            record["key"],
            record["state"] + reason,
            record["salesforce_id"],
            record["mapping"],
        )
    yield records
    names = ("attempt", "at", "state", "reason", "error_code", "due_again")
    past = Table(*(name.replace("_", " ") for name in names), title="history")
    for attempt in event["history"]:
        past.add_row(*cells(attempt[name] for name in names))
    yield past
