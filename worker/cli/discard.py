"""`crm-sync discard`: parked events given up, and why. Floor 5."""

from __future__ import annotations

from typing import Annotated

import typer

from worker import bootstrap
from worker.cli import stores
from worker.cli.acting import note_act
from worker.cli.selecting import (
    ConnectionName,
    DryRun,
    ErrorCode,
    EventIds,
    EventType,
    Everything,
    ObjectName,
    Since,
    Until,
    Yes,
    ask,
    choose,
    number,
    told_if_ended_early,
)
from worker.model import State
from worker.store.selection import Selection

LONGEST_REASON = 500


_Why = Annotated[
    str, typer.Option("--reason", help="Why, for the audit: no names and numbers.")
]
_ParkedReason = Annotated[
    str | None, typer.Option(help="Only what is parked for this.")
]


def discard(
    why: _Why,
    event_ids: EventIds = None,
    parked_reason: _ParkedReason = None,
    connection: ConnectionName = None,
    event_type: EventType = None,
    since: Since = None,
    until: Until = None,
    object_name: ObjectName = None,
    error_code: ErrorCode = None,
    everything: Everything = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Give parked events up: they end as skipped(discarded).

    They stay stored and can be replayed. It is written down who did so, and why.
    """
    if not why.strip():
        raise typer.BadParameter("--reason: say why")
    chosen = choose(
        event_ids,
        state=State.PARKED,
        reason=parked_reason,
        connection=connection,
        event_type=event_type,
        received=(since, until),
        object_name=object_name,
        error_code=error_code,
        everything=everything,
    )
    counted = stores.replays().count(chosen)
    found = counted.matching
    typer.echo(f"{number(found)} found")
    if counted.urgent:
        typer.echo(f"compliance calls among them: {counted.urgent:,}")
    if found and not dry_run:
        ask(f"Discard {number(found)}?", yes=yes)
        _discard(chosen, found, why.strip()[:LONGEST_REASON])


def _discard(chosen: Selection, most: int, why: str) -> None:
    now = bootstrap.utc_now()
    act_id = note_act("discard", str(chosen), 0, at=now, detail=why)
    with told_if_ended_early():
        done = stores.replays().discard(chosen, now, most=most, act_id=act_id)
    typer.echo(f"{number(done)} discarded")
