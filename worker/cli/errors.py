"""`crm-sync errors`: what the worker makes of Salesforce's errors. Floor 5."""

from __future__ import annotations

from typing import Annotated

import typer

from worker.crm import error_page


def errors(
    code: Annotated[str | None, typer.Argument(help="Only this error code.")] = None,
) -> None:
    """Print what is done about each Salesforce error, and who must act, as Markdown."""
    if code is None:
        typer.echo(error_page.page(), nl=False)
        return
    lines = error_page.lines_of(code)
    if not lines:
        text = f"{code} is not in the table: it is parked under its own name"
        typer.echo(text, err=True)
        raise typer.Exit(1)
    typer.echo("\n".join(lines))
