"""`crm-sync explain`: what an event writes, and which line says so. Floor 5."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from worker.cli.explained import Explained, find_subject
from worker.mapping.case_grammar import NOBODY
from worker.mapping.explaining import ABSENT_WORD, ExplainedField, ExplainedWrite
from worker.mapping.explaining import explain as explain_mapping

SHOWN_CHARACTERS = 100


def explain(
    subject: Annotated[
        str,
        typer.Argument(
            help="A .http file, a stored event's number, a .json file, or - to paste."
        ),
    ],
    connection: Annotated[
        str | None,
        typer.Option(help="Whose delivery it is; a .http file and an event say so."),
    ] = None,
    event: Annotated[
        str | None,
        typer.Option(help="Of pasted JSON: it is the payload alone, of this event."),
    ] = None,
    current: Annotated[
        bool,
        typer.Option(
            "--current", help="Of a stored event: by the mapping of today instead."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show each field's value, its line and its inputs, and why others are not sent.

    Nothing is sent or stored. A stored event is explained by the mapping that wrote it.
    """
    found = find_subject(subject, connection, event, current=current)
    if found.mapping is None:
        typer.echo(f"{found.name}: no mapping, so the event is skipped(unmapped_event)")
    elif as_json:
        typer.echo(json.dumps(_as_data(found), indent=2, ensure_ascii=False))
    else:
        _print(found)


def _as_data(found: Explained) -> dict[str, Any]:
    mapping = found.mapping
    if mapping is None:
        raise AssertionError("nothing to explain it by")
    return {
        "event": found.name,
        "mapping": mapping.spec.path,
        "version": mapping.spec.version,
        "content_hash": mapping.spec.content_hash,
        "remark": found.remark,
        "party": mapping.party(found.context),
        "urgent": mapping.is_urgent(found.context),
        "wrong_party": mapping.is_wrong_party(found.context),
        "skip": mapping.skip_reason(found.context),
        "writes": [asdict(w) for w in explain_mapping(mapping, found.context)],
    }


def _print(found: Explained) -> None:
    data = _as_data(found)
    remark = f" ({data['remark']})" if data["remark"] else ""
    version = f"version {data['version']}, {data['content_hash']}"
    typer.echo(f"{data['event']}, by {data['mapping']} {version}{remark}")
    typer.echo(f"party: {data['party'] or NOBODY}   urgent: {data['urgent']}")
    if data["skip"]:
        typer.echo(f"the event is skipped({data['skip']})")
        return
    if data["wrong_party"]:
        typer.echo("the call reached another person than the debtor")
    if found.mapping is not None:
        for write in explain_mapping(found.mapping, found.context):
            _print_write(write)


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
    if value == ABSENT_WORD:
        return ABSENT_WORD
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= SHOWN_CHARACTERS:
        return text
    return text[: SHOWN_CHARACTERS - 3] + "..."
