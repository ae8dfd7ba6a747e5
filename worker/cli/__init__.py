"""`crm-sync`: one command a module. Floor 5."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from worker.cli import (
    audit,
    check,
    demo,
    diff,
    discard,
    doctor,
    erase,
    errors,
    events,
    explain,
    hold,
    migrate,
    org,
    parked,
    purge,
    reference,
    rekey,
    replay,
    schema,
    send,
    test,
    transforms,
    up,
)
from worker.errors import SyncError

app = typer.Typer(
    name="crm-sync",
    help="Puts every voice-AI call into Salesforce, by rules in YAML.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command(name="demo")(demo.demo)
app.command(name="up")(up.up)
app.command(name="send")(send.send)
app.command(name="check")(check.check)
app.command(name="test")(test.test)
app.command(name="explain")(explain.explain)
app.command(name="diff")(diff.diff)
app.command(name="transforms")(transforms.transforms)
app.command(name="reference")(reference.reference)
app.command(name="schema")(schema.schema)
app.add_typer(org.app, name="org")
app.command(name="errors")(errors.errors)
app.command(name="doctor")(doctor.doctor)
app.command(name="events")(events.events)
app.command(name="parked")(parked.parked)
app.command(name="replay")(replay.replay)
app.command(name="discard")(discard.discard)
app.command(name="audit")(audit.audit)
app.command(name="migrate")(migrate.migrate)
app.command(name="rekey")(rekey.rekey)
app.command(name="purge")(purge.purge)
app.command(name="hold")(hold.hold)
app.command(name="erase")(erase.erase)


@app.callback()
def _root(
    config_dir: Annotated[
        Path, typer.Option(envvar="CONFIG_DIR", help="Folder of connections.yaml.")
    ] = Path("config"),
) -> None:
    """Check that the command runs where the project is."""
    if not (config_dir / "connections.yaml").is_file():
        typer.echo(
            f"{config_dir}/connections.yaml is not there: run crm-sync in the"
            " project's folder, or set CONFIG_DIR and MAPPINGS_DIR",
            err=True,
        )
        raise typer.Exit(2)


def main() -> None:
    """Run a command; an error of ours is a message, not a traceback."""
    try:
        app()
    except SyncError as error:
        sys.stderr.write(f"crm-sync: {error}\n")
        sys.exit(1)
