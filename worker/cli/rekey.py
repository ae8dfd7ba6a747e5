"""`crm-sync rekey`: encrypt everything with the newest key. Floor 5."""

from __future__ import annotations

import typer

from worker import bootstrap
from worker.cli.acting import note_act
from worker.cli.leaving import say_what_is_left
from worker.store.rekeying import rekey as encrypt_anew

ROWS_A_LINE = 10_000


def rekey() -> None:
    """Encrypt every stored row with the first key of DATA_KEY; safe to repeat.

    What is in clear, or encrypted with another of the keys, is encrypted anew. A run
    that was cut off is taken up by the next one.
    """
    if not bootstrap.settings().data_keys:
        typer.echo("DATA_KEY is not set: there is no key to encrypt with", err=True)
        raise typer.Exit(1)
    said = 0

    def say(seen: int, changed: int) -> None:
        nonlocal said
        if seen >= said + ROWS_A_LINE:
            said = seen
            typer.echo(f"{seen} rows looked at, {changed} encrypted", err=True)

    engine = bootstrap.engine()
    changed = encrypt_anew(engine, say)
    note_act("rekey", "{}", changed, at=bootstrap.utc_now())
    typer.echo(f"{changed} rows encrypted with the first key; all others were already")
    say_what_is_left(engine)
