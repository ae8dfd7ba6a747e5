"""Naming settled events on the command line, and asking before they change. Floor 5."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from worker.cli.moments import moment
from worker.model import State
from worker.store.selection import SETTLED, Selection

CANNOT_ASK = 2

EventIds = Annotated[
    list[int] | None, typer.Argument(help="Numbers of events.", min=1, max=2**63 - 1)
]
ConnectionName = Annotated[str | None, typer.Option("--connection")]
EventType = Annotated[
    str | None, typer.Option("--type", help="Of this type, such as call.completed.")
]
Since = Annotated[
    str | None, typer.Option(help="Received from then on: a day (UTC) or a time.")
]
Until = Annotated[
    str | None, typer.Option(help="Received before then; a day is included.")
]
ObjectName = Annotated[
    str | None, typer.Option("--object", help="With such a record of this object.")
]
ErrorCode = Annotated[
    str | None, typer.Option(help="With a record that Salesforce refused by this code.")
]
Everything = Annotated[bool, typer.Option("--all", help="All of the state.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show how many.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def choose(
    event_ids: list[int] | None,
    *,
    state: State | None,
    reason: str | None,
    connection: str | None,
    event_type: str | None,
    received: tuple[str | None, str | None],
    object_name: str | None,
    error_code: str | None,
    everything: bool,
) -> Selection:
    """Return what a person named; where that is nothing, a slip must not mean all."""
    since = moment(received[0], "--since")
    until = moment(received[1], "--until", is_end=True)
    if since and until and since >= until:
        raise typer.BadParameter("--since has to be before --until")
    filters = (reason, connection, event_type, since, until, object_name, error_code)
    if not (event_ids or everything or any(filters)):
        raise typer.BadParameter("name events, give a filter, or say --all")
    return Selection(
        event_ids=tuple(event_ids or ()),
        state=state,
        reason=reason,
        connection=connection,
        type=event_type,
        since=since,
        until=until,
        object=object_name,
        error_code=error_code,
    )


def settled(text: str | None) -> State | None:
    """Return the state that a person named."""
    if text is None:
        return None
    if text not in SETTLED:
        known = ", ".join(SETTLED)
        raise typer.BadParameter(f"--state: {text!r} is none of {known}")
    return State(text)


def is_terminal() -> bool:
    """Return whether somebody is there to ask."""
    return sys.stdin.isatty()


def ask(question: str, *, yes: bool) -> None:
    """Go on by a person's word, or end the command."""
    if yes:
        return
    if not is_terminal():
        typer.echo(f"{question} Nobody is there to ask: say --yes", err=True)
        raise typer.Exit(CANNOT_ASK)
    if not typer.confirm(question):
        typer.echo("nothing was changed")
        raise typer.Exit(1)


def number(count: int, noun: str = "event") -> str:
    """Return a count in words, such as `1 event`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def left_as_is(count: int, why: str) -> None:
    """Say how many are not touched, if any, and why."""
    if count:
        are = "is left as it is" if count == 1 else "are left as they are"
        typer.echo(f"{count:,} of them {are}: {why}")


@contextmanager
def told_if_ended_early() -> Iterator[None]:
    """Say what Ctrl-C leaves behind: each batch is whole, and counted in the audit."""
    try:
        yield
    except KeyboardInterrupt:
        message = "ended early: crm-sync audit says how many were done, the rest is"
        typer.echo(f"{message} as it was", err=True)
        raise
