"""`crm-sync transforms`: the manual of what a mapping's `as` may name. Floor 5."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from worker.mapping.findings import did_you_mean
from worker.mapping.transforms import TRANSFORMS, Transform
from worker.mapping.transforms.manual import as_json, entry, in_order, manual

UNKNOWN_NAME = 2


def transforms(
    name: Annotated[
        str | None, typer.Argument(help="One of them. Default: all.")
    ] = None,
    in_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what can be done to a value on its way, each with its examples."""
    known = _named(name) if name else None
    if in_json:
        given = as_json(known) if known else [as_json(t) for t in _all()]
        typer.echo(json.dumps(given, indent=2, ensure_ascii=False))
        return
    typer.echo(entry(known) if known else manual(_all()), nl=False)


def _all() -> list[Transform]:
    return in_order(TRANSFORMS.values())


def _named(name: str) -> Transform:
    known = TRANSFORMS.get(name)
    if known is None:
        hint = did_you_mean(name, [*TRANSFORMS])
        typer.echo(f"no transform {name!r}{hint}", err=True)
        raise typer.Exit(UNKNOWN_NAME)
    return known
