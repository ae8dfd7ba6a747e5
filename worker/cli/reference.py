"""`crm-sync reference`: all that a mapping may say, as a page of Markdown. Floor 5."""

from __future__ import annotations

import typer

from worker.mapping import reference as page
from worker.payloads import events, load_payload_schema


def reference() -> None:
    """Print all keys, policies, paths, findings and transforms, as Markdown."""
    schemas = {known: load_payload_schema(*known) for known in events()}
    typer.echo(page.reference(schemas), nl=False)
