"""`crm-sync migrate`: bring the database to this version's schema. Floor 5."""

from __future__ import annotations

import typer

from worker import bootstrap
from worker.store.schema import migrate as migrate_schema
from worker.store.schema import newest_revision


def migrate() -> None:
    """Bring the database to this version's schema; safe to repeat."""
    migrate_schema(bootstrap.engine())
    typer.echo(f"the database is at revision {newest_revision()}")
