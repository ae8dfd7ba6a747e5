"""`crm-sync up`: everything on this machine, in the foreground. Floor 5."""

from __future__ import annotations

import json
import signal
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from worker.cli.sample import add_sample_debtors
from worker.cli.stack import Stack, StackStopped

WATCH_SECONDS = 0.2


def up(
    port: Annotated[int, typer.Option(help="Port of the endpoint; 0 picks one.")] = 0,
    state_dir: Annotated[
        Path, typer.Option(help="Where databases and logs are kept.")
    ] = Path(".crm-sync"),
    flower: Annotated[bool, typer.Option(help="Start Flower too.")] = True,
    own_database: Annotated[
        bool,
        typer.Option(
            "--own-database/--database-url",
            help="Keep events in the state folder, or where DATABASE_URL says.",
        ),
    ] = True,
    sample_debtors: Annotated[
        bool, typer.Option(help="Put the sample deliveries' debtors into the org.")
    ] = False,
) -> None:
    """Run Redis, a local org, web, worker and beat until SIGTERM or Ctrl-C.

    Prints one line of JSON with the URLs once everything is ready.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    stack = Stack(
        state_dir,
        port,
        with_flower=flower,
        own_database=own_database,
        is_stopping=stopping.is_set,
    )
    try:
        stack.start(lambda step: typer.echo(step, err=True))
        if sample_debtors:
            add_sample_debtors(stack.urls.org)
        typer.echo(json.dumps({"ready": True, **asdict(stack.urls)}))
        while not stopping.wait(WATCH_SECONDS):
            for name in stack.revive():
                typer.echo(f"{name} had died and was started again", err=True)
    except StackStopped:
        typer.echo("stopped while starting", err=True)
    finally:
        typer.echo("stopping", err=True)
        stack.stop()
