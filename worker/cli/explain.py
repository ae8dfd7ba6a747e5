"""`crm-sync explain`: what a delivery would write, and which line says so. Floor 5."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from worker import bootstrap, sources
from worker.cli.http_file import HttpFile, read_http_file
from worker.mapping.compiled import CompiledMapping
from worker.mapping.context import context_of
from worker.mapping.explaining import ExplainedField, ExplainedWrite
from worker.mapping.explaining import explain as explain_mapping
from worker.mapping.paths import Context
from worker.mapping_folder import load_mappings
from worker.model import Delivery
from worker.settings.connections import named

SHOWN_CHARACTERS = 100


def explain(
    delivery: Annotated[Path, typer.Argument(help="A .http file.")],
    connection: Annotated[
        str | None, typer.Option(help="Default: the one in the request line.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the records that a delivery would write; nothing is sent or stored."""
    file = read_http_file(delivery)
    mapping, context, what = _prepare(file, connection or file.connection)
    if mapping is None:
        typer.echo(f"{what}: no mapping, the event would be skipped(unmapped_event)")
        return
    plan = mapping.plan(context)
    writes = explain_mapping(mapping, context)
    if as_json:
        typer.echo(json.dumps([asdict(write) for write in writes], indent=2))
        return
    typer.echo(f"{what}, by {mapping.spec.path} version {mapping.spec.version}")
    typer.echo(
        f"party: {mapping.party(context)}   urgent: {mapping.is_urgent(context)}"
    )
    if plan.skip_reason:
        typer.echo(f"the event would be skipped({plan.skip_reason})")
        return
    for write in writes:
        _print_write(write)


def _prepare(file: HttpFile, name: str) -> tuple[CompiledMapping | None, Context, str]:
    settings = bootstrap.settings()
    connection = named(settings.connections, name)
    delivery = Delivery(file.headers, file.body, bootstrap.utc_now())
    event = sources.read(connection.source, delivery)
    mapping = load_mappings(settings.mappings_dir).find(event.source, event.type)
    context = context_of(event, connection, delivery.received_at)
    return mapping, context, f"{event.source} {event.type}"


def _print_write(write: ExplainedWrite) -> None:
    typer.echo(f"\n{write.object}  {write.mode} by {write.key}  ({write.place})")
    if write.note:
        typer.echo(f"  {write.note}")
        return
    for field in (*write.fields, *write.links):
        _print_field(field)


def _print_field(field: ExplainedField) -> None:
    policy = "" if field.policy == "always" else f"  [{field.policy}]"
    inputs = ", ".join(f"{path} = {_short(value)}" for path, value in field.inputs)
    came_from = f"  <- {inputs}" if inputs else ""
    value = f"({field.note})" if field.note else _short(field.value)
    line = field.place.rsplit(":", 1)[-1]
    typer.echo(f"  {field.name} = {value}{policy}  (line {line}){came_from}")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= SHOWN_CHARACTERS:
        return text
    return text[: SHOWN_CHARACTERS - 3] + "..."
