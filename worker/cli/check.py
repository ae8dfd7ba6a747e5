"""`crm-sync check`: everything that is wrong with the mappings, at once. Floor 5."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from worker import bootstrap
from worker.checking import Used
from worker.cli.git_revision import NoRevision, read_revision
from worker.errors import StoreUnavailable
from worker.mapping.findings import Finding
from worker.mapping.mapping_set import read_set
from worker.mapping_folder import TESTS, mapping_files, read_mappings


def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Mapping files. Default: all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find every fault of the mappings before they are used: file:line:column."""
    paths = files or mapping_files(bootstrap.settings().mappings_dir)
    paths = [path for path in paths if not path.match(TESTS)]
    _, findings = read_mappings(paths, bootstrap.checker(_used))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        _print(findings, len(paths))
    raise typer.Exit(1 if findings else 0)


def _used() -> Used:
    """Return the contents that were used or, of others, those last committed to git.

    An admin's own machine has no database, but mostly a repository.
    """
    committed = _committed(bootstrap.settings().mappings_dir)
    try:
        return {**committed, **bootstrap.used_mappings()}
    except StoreUnavailable:
        compared = "the last commit" if committed else "nothing"
        typer.echo(
            f"note: the database is not there: versions are compared with {compared}",
            err=True,
        )
        return committed


def _committed(folder: Path) -> Used:
    try:
        texts = read_revision(folder, "HEAD").texts
    except NoRevision:
        return {}
    mappings, _ = read_set(texts)
    specs = [mapping.spec for mapping in mappings.mappings.values()]
    return {(s.source, s.event, s.version): {s.content_hash} for s in specs}


def _print(findings: list[Finding], files: int) -> None:
    for finding in findings:
        typer.echo(str(finding))
    checked = f"{files} mapping{'' if files == 1 else 's'}"
    if findings:
        plural = "" if len(findings) == 1 else "s"
        typer.echo(f"{len(findings)} finding{plural} in {checked}")
    else:
        typer.echo(f"{checked} checked: no findings")
