"""`crm-sync parked`: what waits for a person, and for whom. Floor 5."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.table import Table

from worker.cli import stores
from worker.cli.terminal import cells, console
from worker.store.tables import RecordRow

# What to do where it is the event that is parked, and none of its records.
_OF_NO_RECORD = {
    "bad_payload": "this version cannot read what an older one took: see its log",
    "body_purged": "nothing can be read out of it any more: discard it",
    "gave_up": "crm-sync events NUMBER shows what was in the way: mend it, then replay",
    "internal_error": "a fault of crm-sync: the worker's log has its place",
    "mapping_lost": "its own mapping cannot be read any more: replay by today's",
}


def parked(
    reason: Annotated[
        str | None, typer.Option(help="List the events parked for this.")
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=10_000, help="Of a reason's events.")
    ] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the parked events by reason, what waits longest first, and what to do."""
    listed = _groups() if reason is None else _events(reason, limit)
    if as_json:
        typer.echo(json.dumps({"parked": listed}))
        return
    if not listed:
        typer.echo("nothing is parked" + (f" for {reason}" if reason else ""))
        return
    table = Table(*(name.replace("_", " ") for name in listed[0] if name != "hint"))
    for row in listed:
        shown = (value for name, value in row.items() if name != "hint")
        table.add_row(*cells(shown))
    console().print(table)
    for row in listed:
        if row["hint"]:
            typer.echo(f"{row.get('reason') or row.get('event')}: {row['hint']}")
    if reason is None:
        typer.echo("then: crm-sync replay --reason REASON")


def _groups() -> list[dict[str, Any]]:
    store = stores.parked()
    groups = store.groups()
    records = store.records([group.oldest for group in groups])
    return [
        {
            "reason": group.reason,
            "events": group.events,
            "oldest": group.oldest,
            "received_at": group.oldest_at.isoformat(timespec="seconds"),
            **_at_fault(group.reason, records.get(group.oldest, ())),
        }
        for group in groups
    ]


def _events(reason: str, limit: int) -> list[dict[str, Any]]:
    store = stores.parked()
    rows = store.of_reason(reason, limit)
    records = store.records([row.id for row in rows if row.id])
    return [
        {
            "event": row.id,
            "connection": row.connection,
            "type": row.type,
            "received_at": row.received_at.isoformat(timespec="seconds"),
            "attempts": row.attempts,
            **_at_fault(reason, records.get(row.id or 0, ())),
        }
        for row in rows
    ]


def _at_fault(reason: str, records: Sequence[RecordRow]) -> dict[str, Any]:
    """Return what the first parked record says: object, code and hint."""
    first = next(iter(records), None)
    return {
        "object": first and first.object,
        "error_code": first and first.error_code,
        "hint": (first and first.hint) or _OF_NO_RECORD.get(reason),
    }
