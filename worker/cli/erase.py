"""`crm-sync erase`: take out everything that is stored of a party. Floor 5."""

from __future__ import annotations

import json
from typing import Annotated, NoReturn

import typer

from worker import bootstrap
from worker.cli.acting import note_act
from worker.cli.leaving import say_what_is_left
from worker.model import State
from worker.settings.connections import named
from worker.store.erasing import Erasure, PartyHeld, Stored

_HELD = "the party is under a legal hold: nothing is erased"
_ELSEWHERE = "Salesforce, backups and the vendor keep what they have of it."


def erase(
    party: Annotated[str, typer.Option(help="The number that calls name it by.")],
    connection: Annotated[
        str | None, typer.Option(help="Of this connection alone.")
    ] = None,
    include_pending: Annotated[
        bool, typer.Option("--include-pending", help="Also what is not delivered yet.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase bodies, headers, sent values and the party's name from all its events.

    That an event was there, its states and ids stay, so that it is still a duplicate.
    A debtor whom calls name by several numbers is erased by each of them.
    """
    if connection is not None:
        named(bootstrap.settings().connections, connection)
    erasure = Erasure(bootstrap.engine(), party.strip(), connection)
    stored = erasure.count()
    _show(stored)
    if stored.is_held:
        _refuse(_HELD)
    if not stored.events:
        return
    pending = stored.events.get(State.PENDING.value, 0)
    if pending and not include_pending:
        _refuse(
            f"{pending} wait to be delivered: wait for them, or give --include-pending"
            " and they never will be"
        )
    if dry_run:
        typer.echo("a dry run: nothing is erased")
        return
    if not yes:
        typer.confirm("Erase it? This cannot be taken back", abort=True)
    _erase(erasure, connection, include_pending=include_pending)


def _erase(erasure: Erasure, connection: str | None, *, include_pending: bool) -> None:
    engine, now = bootstrap.engine(), bootstrap.utc_now()
    try:
        erased = erasure.erase(now, include_pending=include_pending)
    except PartyHeld:
        _refuse(_HELD)
    subject = json.dumps({"party": erasure.subject, "connection": connection})
    detail = "with pending ones" if include_pending else ""
    note_act("erase", subject, erased, at=now, detail=detail)
    typer.echo(f"{erased} events erased")
    say_what_is_left(engine)


def _show(stored: Stored) -> None:
    events = sum(stored.events.values())
    states = ", ".join(f"{count} {state}" for state, count in stored.events.items())
    typer.echo(f"{events} events{f' ({states})' if states else ''}")
    typer.echo(f"{stored.records} records that were sent or should have been")
    if stored.others:
        others = ", ".join(stored.others)
        typer.echo(f"events of the same calls are stored under other names: {others}")
    typer.echo(_ELSEWHERE)


def _refuse(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(1)
