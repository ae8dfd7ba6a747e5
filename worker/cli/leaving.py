"""Taking what was overwritten out of the database's file, and saying so. Floor 5."""

from __future__ import annotations

import typer
from sqlalchemy import Engine

from worker.store.remains import clear_remains


def say_what_is_left(engine: Engine) -> None:
    """Clear SQLite's file; say what may be left in it, and what to do."""
    why = clear_remains(engine)
    if why:
        typer.echo(
            f"parts of what was there may be left in the file: {why}; run"
            " `crm-sync purge` later, or stop everything and run VACUUM",
            err=True,
        )
