"""`crm-sync org`: what the live org has, against what the mappings need. Floor 5."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from worker import bootstrap
from worker.checking import inferring
from worker.crm.describing import describe, is_api_name
from worker.crm.salesforce import SalesforceCrm
from worker.crm.session import Session
from worker.errors import SettingsFault
from worker.mapping.findings import did_you_mean
from worker.mapping_folder import load_mappings
from worker.org_package.comparing import Gap, compare
from worker.org_package.components import PACKAGE_ROOT, PERMISSION_SET
from worker.org_package.folder import write_package
from worker.org_package.needed import needed_fields
from worker.org_package.planning import Package, plan_package
from worker.org_schema import OrgSchema, changes, load_schema, write_snapshot
from worker.settings import Needs

app = typer.Typer(
    help="The live org: pull its objects, check it, make a package for it.",
    no_args_is_help=True,
)

HIDDEN = (
    "A field that the integration user may not see is absent from what Salesforce"
    f" says: what is gone may be hidden. Give access, as by the {PERMISSION_SET}"
    " permission set of `crm-sync org package`, and pull again."
)
DEPLOY = f"""
To deploy it, logged in to the org with the Salesforce CLI as an administrator:

  cd {{folder}}
  sf project deploy start --source-dir {PACKAGE_ROOT} --target-org ORG --dry-run
  sf project deploy start --source-dir {PACKAGE_ROOT} --target-org ORG
  sf org assign permset --name {PERMISSION_SET} --target-org ORG --on-behalf-of USER

USER is the integration user's name. Then `crm-sync org check`, and `crm-sync org pull`.
- A field that is there but hidden would be overwritten: if the org has one of these
  already, give access to it instead and make the package again.
- A changed field keeps its values. Its description, history tracking and the like are
  not in a describe: see what the dry run says. One with a global value set is refused;
  add its values to the set.
- New fields are on no page layout: put those there that people shall see.
- New objects are open to all users with rights to them. Where you close them in Sharing
  Settings, share the records with USER, who finds no others."""


@app.command()
def pull(
    objects: Annotated[
        list[str] | None, typer.Argument(help="Default: all that have a snapshot.")
    ] = None,
) -> None:
    """Write what the org says of objects to config/salesforce/<Object>.json."""
    folder = _snapshots()
    known = sorted(path.stem for path in folder.glob("*.json"))
    absent = []
    with _org() as crm:
        for name in objects or known:
            described = describe(crm, name) if is_api_name(name) else None
            if described is None:
                absent.append(name)
            else:
                _keep(folder, described)
    typer.echo(HIDDEN)
    for name in absent:
        _complain(
            f"{name}: the org has no such object, or hides it"
            f"{did_you_mean(name, set(known) - {name})}: check the API name, or give"
            " the integration user access to the object"
        )
    if absent:
        raise typer.Exit(1)


def _keep(folder: Path, described: dict[str, Any]) -> None:
    """Write a snapshot and say what is other than before."""
    lines = _changes(folder / f"{described['name']}.json", described)
    path = write_snapshot(folder, described)
    typer.echo(f"{path}: {len(described['fields'])} fields")
    for line in lines:
        typer.echo(f"  {line}")


def _changes(path: Path, described: dict[str, Any]) -> list[str]:
    """Return what changes; nothing where there is no earlier snapshot, or a broken one.

    A pull is how a broken one is mended.
    """
    try:
        return list(changes(json.loads(path.read_bytes()), described))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


@app.command()
def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Name everything that the mappings need and the org lacks, each with its fix."""
    needed = _needed(load_schema(_snapshots()))
    gaps = compare(needed, _live(needed))
    if as_json:
        found = {"needed": _counts(needed), "gaps": [asdict(gap) for gap in gaps]}
        typer.echo(json.dumps(found, indent=2))
    else:
        _print_check(needed, gaps)
    if gaps:
        raise typer.Exit(1)


def _print_check(needed: dict[str, list[dict[str, Any]]], gaps: list[Gap]) -> None:
    for gap in gaps:
        typer.echo(str(gap))
    what = "{objects} objects with {fields} fields".format(**_counts(needed))
    packaged = sum(gap.is_packaged for gap in gaps)
    if not gaps:
        typer.echo(f"the org has all that the mappings need: {what}")
    elif packaged:
        typer.echo(
            f"the mappings need {what}; the org lacks {len(gaps)}, of which"
            f" {packaged} are mended by: crm-sync org package"
        )
    else:
        typer.echo(
            f"the mappings need {what}; the org lacks {len(gaps)}, and none of it"
            " is mended by crm-sync org package: see above"
        )


def _counts(needed: dict[str, list[dict[str, Any]]]) -> dict[str, int]:
    return {"objects": len(needed), "fields": sum(map(len, needed.values()))}


@app.command()
def package(
    output: Annotated[
        Path, typer.Option(help="The folder to write; it may hold an earlier package.")
    ] = Path("build/org-package"),
    everything: Annotated[
        bool, typer.Option("--all", help="Do not ask the org: all that is custom.")
    ] = False,
) -> None:
    """Write a Salesforce DX project with all that the org lacks."""
    schema = load_schema(_snapshots())
    needed = _needed(schema)
    definitions = {name: schema.describe(name) for name in schema.fields}
    live = None if everything else _live(needed)
    planned = plan_package(needed, definitions, live, _api_version(everything))
    try:
        write_package(output, planned.files)
    except OSError as error:
        _complain(str(error))
        raise typer.Exit(1) from None
    _print_package(planned, output)


def _print_package(planned: Package, output: Path) -> None:
    for line in planned.contents:
        typer.echo(line)
    typer.echo(f"permission set {PERMISSION_SET}")
    typer.echo(f"{output}: {len(planned.files)} files")
    if planned.by_hand:
        typer.echo("\nNot in the package, to be done by hand:")
        for gap in planned.by_hand:
            typer.echo(f"  {gap}")
    typer.echo(DEPLOY.format(folder=output))


def _needed(schema: OrgSchema) -> dict[str, list[dict[str, Any]]]:
    mappings = load_mappings(bootstrap.settings().mappings_dir)
    return needed_fields(mappings, schema.fields, inferring(mappings))


def _live(needed: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any] | None]:
    with _org() as crm:
        return {name: describe(crm, name) for name in needed}


def _snapshots() -> Path:
    return bootstrap.settings().config_dir / "salesforce"


def _api_version(is_unasked: bool) -> str:
    needs = Needs.NOTHING if is_unasked else Needs.SALESFORCE
    login = bootstrap.settings(needs).salesforce
    return login.api_version if login else "67.0"


@contextmanager
def _org() -> Iterator[SalesforceCrm]:
    """Give a client of the org that the settings name. Raises `SettingsFault`."""
    login = bootstrap.settings(Needs.SALESFORCE).salesforce
    if login is None:
        raise SettingsFault(("SALESFORCE_DOMAIN is not set",))
    session = Session(login)
    try:
        yield SalesforceCrm(session)
    finally:
        session.close()


def _complain(text: str) -> None:
    typer.echo(f"crm-sync: {text}", err=True)
