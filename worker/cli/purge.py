"""`crm-sync purge`: take out what has been kept for long enough. Floor 5."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from worker import bootstrap
from worker.cli.acting import note_act
from worker.cli.leaving import say_what_is_left
from worker.store.retention import purge as purge_store


def purge(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
) -> None:
    """Empty old bodies and delete old rows, as RETAIN_*_DAYS say; a task does it daily.

    Pending events stay, and so does all of a party under `crm-sync hold`.
    """
    engine, now = bootstrap.engine(), bootstrap.utc_now()
    keep = bootstrap.settings().retention
    purged = purge_store(engine, keep, now, dry_run=dry_run)
    would = "would be " if dry_run else ""
    typer.echo(f"{purged.bodies} bodies {would}emptied")
    typer.echo(f"{purged.deleted} events {would}deleted")
    typer.echo(f"{purged.held} kept by a legal hold")
    typer.echo(f"{purged.callers} addresses of who was refused {would}forgotten")
    if dry_run:
        return
    subject, detail = json.dumps(asdict(keep)), json.dumps(asdict(purged))
    note_act("purge", subject, purged.bodies + purged.deleted, at=now, detail=detail)
    say_what_is_left(engine)
