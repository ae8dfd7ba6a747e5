"""`crm-sync replay`: settled events delivered once more. Floor 5."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from worker import bootstrap, broker
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
    left_as_is,
    number,
    settled,
    told_if_ended_early,
)
from worker.errors import BrokerUnavailable
from worker.model import State
from worker.store.counting import Counted
from worker.store.selection import Selection

USUAL_RATE = 50.0
SLOWEST = 0.01


class MappingVersion(StrEnum):
    """By which mapping a replay goes."""

    CURRENT = "current"
    ORIGINAL = "original"


_Reason = Annotated[str | None, typer.Option(help="Settled for this reason.")]
_State = Annotated[
    str | None,
    typer.Option(
        help="synced, skipped or parked. Default parked; of named events, any."
    ),
]
_Version = Annotated[
    MappingVersion,
    typer.Option(help="The mapping of today, or the one that wrote the event."),
]
_Rate = Annotated[
    float, typer.Option(min=0, max=100_000, help="Events a second; 0 is all at once.")
]


def replay(
    event_ids: EventIds = None,
    reason: _Reason = None,
    connection: ConnectionName = None,
    event_type: EventType = None,
    since: Since = None,
    until: Until = None,
    object_name: ObjectName = None,
    error_code: ErrorCode = None,
    state: _State = None,
    everything: Everything = False,
    mapping_version: _Version = MappingVersion.CURRENT,
    rate: _Rate = USUAL_RATE,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Deliver settled events once more. What is synced by the same mapping stays.

    It is written down who did so. Urgent events go first, whatever the rate.
    """
    chosen = choose(
        event_ids,
        state=settled(state) or (None if event_ids else State.PARKED),
        reason=reason,
        connection=connection,
        event_type=event_type,
        received=(since, until),
        object_name=object_name,
        error_code=error_code,
        everything=everything,
    )
    if 0 < rate < SLOWEST:
        raise typer.BadParameter(f"--rate: at least {SLOWEST} a second, or 0")
    original = mapping_version is MappingVersion.ORIGINAL
    counted = stores.replays().count(chosen, original=original)
    _say_how_many(counted, original, rate)
    if dry_run or not counted.replayable:
        return
    ask(f"Replay {number(counted.replayable)}?", yes=yes)
    _replay(chosen, counted.replayable, original, rate)


def _say_how_many(counted: Counted, original: bool, rate: float) -> None:
    typer.echo(f"{number(counted.matching)} found")
    left_as_is(counted.purged, "the body was purged or erased")
    why = "a newer revision took its place"
    why += ", or not written by a mapping that is kept" if original else ""
    left_as_is(counted.matching - counted.replayable - counted.purged, why)
    waiting = counted.replayable - counted.urgent_replayable
    if waiting and rate:
        minutes = waiting / rate / 60
        typer.echo(f"at {rate:g} a second they are due within {minutes:.1f} minutes")


def _replay(chosen: Selection, most: int, original: bool, rate: float) -> None:
    now = bootstrap.utc_now()
    version = MappingVersion.ORIGINAL if original else MappingVersion.CURRENT
    detail = f"mapping {version}, {rate:g} a second"
    act_id = note_act("replay", str(chosen), 0, at=now, detail=detail)
    with told_if_ended_early():
        done = stores.replays().replay(
            chosen, now, most=most, per_second=rate, original=original, act_id=act_id
        )
    typer.echo(f"{number(done.events)} due again; crm-sync events shows what becomes")
    try:
        for lane in sorted(done.lanes):
            broker.ring(bootstrap.doorbell_app(), lane)
    except BrokerUnavailable:
        typer.echo("Redis is away: the sweep rings for them once it is back", err=True)
