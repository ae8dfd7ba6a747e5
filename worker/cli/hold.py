"""`crm-sync hold`: keep everything of a party, whatever is purged. Floor 5."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer
from rich.table import Table

from worker import bootstrap
from worker.cli.acting import actor, note_act
from worker.cli.terminal import console
from worker.store.erasing import Erasure
from worker.store.holds import Holds
from worker.store.vault import vault_of


def hold(
    party: Annotated[
        str, typer.Option(help="The number that calls name the debtor by.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why; encrypted as calls are.")] = "",
    release: Annotated[
        bool, typer.Option("--release", help="End the party's holds.")
    ] = False,
    show: Annotated[bool, typer.Option("--list", help="List who is held.")] = False,
) -> None:
    """Hold a party: `purge` and `erase` leave it alone until the hold is released.

    A debtor whom calls name by several numbers needs a hold of each.
    """
    holds = Holds(bootstrap.engine())
    party = party.strip()
    if show:
        _list(holds)
    elif not party:
        raise typer.BadParameter("say whom: --party VALUE, or --list")
    elif release:
        _release(holds, party)
    elif not reason.strip():
        raise typer.BadParameter("say why: --reason TEXT")
    else:
        now, who = bootstrap.utc_now(), actor(os.environ)
        holds.place(party, reason=reason.strip(), actor=who, at=now)
        _note("hold", party, 1)
        typer.echo("held: purge and erase leave the party alone")
        _say_others(party)


def _say_others(party: str) -> None:
    others = Erasure(bootstrap.engine(), party, None).count().others
    if others:
        names = ", ".join(others)
        typer.echo(f"not held: the same calls are stored under {names} too")


def _release(holds: Holds, party: str) -> None:
    now, who = bootstrap.utc_now(), actor(os.environ)
    released = holds.release(party, actor=who, at=now)
    if not released:
        typer.echo("no hold of this party; `crm-sync hold --list` shows all", err=True)
        raise typer.Exit(1)
    _note("release", party, released)
    typer.echo(f"{released} released")


def _list(holds: Holds) -> None:
    table = Table("party", "since", "by", "reason")
    for row in holds.standing():
        table.add_row(row.party, f"{row.at:%Y-%m-%d}", row.actor, row.reason)
    console().print(table)


def _note(action: str, party: str, count: int) -> None:
    """Write it down by the party's hash: the record of acts is not encrypted."""
    hashed = vault_of(bootstrap.engine().dialect).hash(party)
    note_act(action, json.dumps({"party": hashed}), count, at=bootstrap.utc_now())
