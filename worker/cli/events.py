"""`crm-sync events`: where every call is. Floor 5."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.table import Table

from worker import bootstrap
from worker.cli import stores
from worker.cli.event_history import event_tables, history
from worker.cli.terminal import console
from worker.errors import SyncError
from worker.store.attempts import Attempts
from worker.store.events import Events
from worker.store.tables import EventRow, RecordRow


class NoSuchEvent(SyncError):
    """No event has this number."""

    reason = "no_such_event"


def events(
    event_id: Annotated[
        int | None, typer.Argument(help="Show one, with its history.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 20,
    state: Annotated[
        str | None, typer.Option(help="pending, synced, skipped or parked.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the newest events with their state and records, or show one."""
    if event_id is not None:
        _show(event_id, as_json=as_json)
        return
    listed = list_events(bootstrap.events(), limit, state)
    if as_json:
        typer.echo(json.dumps({"events": listed}))
        return
    console().print(events_table(listed))
    hints = (r["hint"] for event in listed for r in event["records"] if r["hint"])
    for hint in dict.fromkeys(hints):
        typer.echo(hint)


def _show(event_id: int, *, as_json: bool) -> None:
    found = find_event(bootstrap.events(), stores.attempts(), event_id)
    if as_json:
        typer.echo(json.dumps({"event": found}))
        return
    console().print(events_table([found]))
    for table in event_tables(found):
        console().print(table)
    for record in found["records"]:
        if record["hint"]:
            typer.echo(record["hint"])


def find_event(store: Events, attempts: Attempts, event_id: int) -> dict[str, Any]:
    """Return one event with its records and history. Raises `NoSuchEvent`."""
    row = store.get(event_id) if event_id < 2**63 else None
    if row is None:
        raise NoSuchEvent(f"no event {event_id}: `crm-sync events` lists them")
    listed = _event(row, list(store.records([event_id])))
    return {**listed, "history": history(row, attempts.of(event_id))}


def list_events(
    store: Events, limit: int, state: str | None = None
) -> list[dict[str, Any]]:
    """Return the newest events, newest first, each with its records."""
    rows = store.newest(limit, state)
    records: dict[int, list[RecordRow]] = {}
    for record in store.records([row.id for row in rows if row.id]):
        records.setdefault(record.event_id, []).append(record)
    return [_event(row, records.get(row.id or 0, [])) for row in rows]


def events_table(listed: list[dict[str, Any]]) -> Table:
    """Return the events as a table."""
    table = Table("event", "connection", "type", "state", "records", "ms to settled")
    for event in listed:
        reason = f" ({event['reason']})" if event["reason"] else ""
        written = [r["object"] for r in event["records"] if r["state"] == "synced"]
        table.add_row(
            str(event["event"]),
            event["connection"],
            event["type"],
            event["state"] + reason,
            ", ".join(dict.fromkeys(written)),
            "" if event["settled_ms"] is None else str(event["settled_ms"]),
        )
    return table


def _event(row: EventRow, records: list[RecordRow]) -> dict[str, Any]:
    settled_ms = None
    if row.settled_at:
        settled_ms = round((row.settled_at - row.received_at).total_seconds() * 1000)
    return {
        "event": row.id,
        "connection": row.connection,
        "type": row.type,
        "call_id": row.call_id,
        "state": row.state,
        "reason": row.reason,
        "attempts": row.attempts,
        "revision": row.revision,
        "duplicates": row.duplicates,
        "received_at": row.received_at.isoformat(),
        "settled_ms": settled_ms,
        "records": [_record(record) for record in records],
    }


def _record(record: RecordRow) -> dict[str, Any]:
    return {
        "object": record.object,
        "key": record.key,
        "salesforce_id": record.salesforce_id,
        "fields": record.fields,
        "state": record.state,
        "reason": record.reason,
        "hint": record.hint,
        "mapping": f"{record.place} version {record.mapping_version}",
    }
