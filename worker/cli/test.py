"""`crm-sync test`: mappings tried out by the test files beside them. Floor 5."""

# ruff: noqa: PT028  (a command is no test of pytest's)
from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from worker import bootstrap
from worker.cli.http_file import read_http_file
from worker.cli.test_views import as_data, coverage_lines, failure_lines, summary
from worker.errors import MappingFault
from worker.mapping.coverage import percent
from worker.mapping.findings import BadMapping
from worker.rehearsal.folders import choose
from worker.rehearsal.rehearsing import Rehearsal, rehearse
from worker.rehearsal.trying import Stage

CANNOT_RUN = 2


def test(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Test files, mappings or folders. Default: all mappings."),
    ] = None,
    named: Annotated[
        str, typer.Option("-k", help="Only cases with this text in their name.")
    ] = "",
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Show what no test touches.")
    ] = False,
    min_coverage: Annotated[
        float | None,
        typer.Option(help="Fail below this coverage, in percent.", min=0, max=100),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Try mappings out by their *.test.yaml files; nothing is sent or stored."""
    try:
        found = _rehearse(files, named)
        if named and not found.results:
            raise MappingFault(f"no case has {named!r} in its name")
    except MappingFault as fault:
        if as_json and isinstance(fault, BadMapping):
            findings = [asdict(finding) for finding in fault.findings]
            typer.echo(json.dumps({"findings": findings}, indent=2))
        else:
            typer.echo(str(fault), err=True)
        raise typer.Exit(CANNOT_RUN) from None
    is_too_low = min_coverage is not None and percent(found.coverages) < min_coverage
    if as_json:
        typer.echo(json.dumps(as_data(found), indent=2, ensure_ascii=False))
    else:
        _print(found, coverage or is_too_low)
        if is_too_low:
            typer.echo(f"coverage is below {min_coverage:g} %")
    raise typer.Exit(1 if found.failed or is_too_low else 0)


def _rehearse(files: list[Path] | None, named: str) -> Rehearsal:
    settings = bootstrap.settings()
    stage = Stage(
        settings.connections,
        bootstrap.org_schema().current(),
        read_http_file,
    )
    return rehearse(choose(files or [settings.mappings_dir]), stage, named)


def _print(found: Rehearsal, with_coverage: bool) -> None:
    for result in found.failed:
        for line in failure_lines(result):
            typer.echo(line)
        typer.echo("")
    if with_coverage:
        for line in coverage_lines(found):
            typer.echo(line)
    typer.echo(summary(found))
