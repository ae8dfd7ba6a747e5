"""`crm-sync`: one command a module, read when it is called for. Floor 5."""

from __future__ import annotations

import sys
from collections.abc import Collection
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from worker.errors import StoreUnavailable, SyncError

# In the order of the help. Each is a module here with a function or, if it has commands
# of its own, an `app`.
COMMANDS = (
    "demo",
    "up",
    "send",
    "check",
    "test",
    "explain",
    "diff",
    "transforms",
    "reference",
    "schema",
    "org",
    "errors",
    "doctor",
    "events",
    "parked",
    "replay",
    "discard",
    "audit",
    "migrate",
    "rekey",
    "purge",
    "hold",
    "erase",
)


def make_app(names: Collection[str] = COMMANDS) -> typer.Typer:
    """Return the program with these commands: to read all modules takes seconds."""
    app = typer.Typer(
        name="crm-sync",
        help="Puts every voice-AI call into Salesforce, by rules in YAML.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_root)
    for name in names:
        module = import_module(f"worker.cli.{name}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name=name)(getattr(module, name))
    return app


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
    named = [name for name in COMMANDS if name in sys.argv]
    try:
        make_app(named or COMMANDS)()
    except SyncError as error:
        sys.stderr.write(f"crm-sync: {_words(error)}\n")
        sys.exit(1)


def _words(error: SyncError) -> str:
    """Return what to print; a database that is away says its error's kind alone."""
    if type(error) is StoreUnavailable:
        return f"the database: {error}: see DATABASE_URL, and crm-sync doctor"
    return str(error)
