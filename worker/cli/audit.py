"""`crm-sync audit`: who did what by hand. Floor 5."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from worker.cli import stores
from worker.cli.shortening import printable
from worker.cli.terminal import console


def audit(
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the newest acts by hand: replays, discards and the like."""
    rows = [
        {
            "at": row.at.isoformat(timespec="seconds"),
            "actor": row.actor,
            "action": row.action,
            "count": row.count,
            "subject": row.subject,
            "detail": row.detail,
        }
        for row in stores.audit().newest(limit)
    ]
    if as_json:
        typer.echo(json.dumps({"audit": rows}))
        return
    table = Table("at", "who", "act", "events", "on", "detail")
    for row in rows:
        table.add_row(*(printable(str(value)) for value in row.values()))
    console().print(table)
