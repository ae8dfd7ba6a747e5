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
from worker.errors import MappingFault, StoreUnavailable
from worker.mapping.findings import Finding
from worker.mapping.mapping_set import read_set
from worker.mapping_folder import TESTS, mapping_files, read_mappings, strays


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Mapping files or folders. Default: all mappings."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find every fault of the mappings before they are used: file:line:column."""
    folder = bootstrap.settings().mappings_dir
    paths = _chosen(files) if files else mapping_files(folder)
    _, findings = read_mappings(paths, bootstrap.checker(_used))
    findings = [*findings, *([] if files else strays(folder))]
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        _print(findings, len(paths))
    raise typer.Exit(1 if findings else 0)


def _chosen(files: list[Path]) -> list[Path]:
    """Return the mappings among these files and below these folders."""
    found = [f for path in files for f in (_below(path) if path.is_dir() else [path])]
    paths = [path for path in found if not path.match(TESTS)]
    if not paths:
        raise MappingFault("these are no mappings: tests are tried by `crm-sync test`")
    return paths


def _below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.yaml") if path.is_file())


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
