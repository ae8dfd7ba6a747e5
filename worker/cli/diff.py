"""`crm-sync diff`: what a changed mapping would change; nothing is written. Floor 5."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer

from worker import bootstrap
from worker.cli.diff_report import Against, report
from worker.cli.diff_views import lines_of
from worker.cli.git_revision import read_revision
from worker.cli.moments import moment
from worker.comparing.choosing import Window
from worker.comparing.comparison import Comparer
from worker.comparing.snapshot import Finder
from worker.comparing.trial import Past
from worker.errors import CrmRefused, CrmUnavailable, StoreUnavailable, SyncError
from worker.mapping.findings import Finding
from worker.mapping.mapping_set import MappingSet, read_set
from worker.mapping_folder import mapping_files, read_mappings
from worker.settings.connections import named

DEFAULT_EVENTS = 1_000
MOST_EVENTS = 20_000


class NotCompared(SyncError):
    """The comparison could not be made; the message says what to do."""

    reason = "not_compared"


_Events = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MOST_EVENTS,
        help=f"Try the newest N. Default {DEFAULT_EVENTS}; of a time range, all.",
    ),
]
_Since = Annotated[
    str | None, typer.Option(help="Received from then on: a day (UTC) or a time.")
]
_Until = Annotated[
    str | None, typer.Option(help="Received before then; a day is included.")
]
_Connection = Annotated[
    str | None, typer.Option(help="Only events of this connection.")
]
_All = Annotated[
    bool,
    typer.Option("--all", help="Try events too that these mappings have written."),
]
_Revision = Annotated[
    str | None, typer.Option(help="Take the mappings of this git revision.")
]
_AgainstOrg = Annotated[
    bool, typer.Option("--against-org", help="Compare with the values in Salesforce.")
]
_Records = Annotated[
    int, typer.Option(min=0, help="Show so many records; 0 shows all.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def diff(
    events: _Events = None,
    since: _Since = None,
    until: _Until = None,
    connection: _Connection = None,
    everything: _All = False,
    revision: _Revision = None,
    against_org: _AgainstOrg = False,
    records: _Records = 20,
    as_json: _Json = False,
) -> None:
    """Show what a changed mapping would change of past events; nothing is written.

    It is compared with what was last sent or, with --against-org, with the values that
    are in Salesforce now. To apply it is another command.
    """
    window = Window(
        events=events or (MOST_EVENTS if since or until else DEFAULT_EVENTS),
        since=moment(since, "--since"),
        until=moment(until, "--until", is_end=True),
        connection=connection,
        everything=everything,
    )
    if window.since and window.until and window.since >= window.until:
        raise typer.BadParameter("--since has to be before --until")
    with _told_plainly():
        mappings, commit, findings = _changed_mappings(revision)
        if findings:
            _print_findings(findings, as_json)
            raise typer.Exit(1)
        with _org(against_org) as org:
            comparison = _comparer(connection, org).compare(mappings, window)
    found = report(comparison, mappings, Against(org=against_org, commit=commit))
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for line in lines_of(found, records):
        typer.echo(line)


def _changed_mappings(
    revision: str | None,
) -> tuple[MappingSet, str | None, list[Finding]]:
    """Return the mappings to try, of which commit they are, and what is wrong."""
    folder = bootstrap.settings().mappings_dir
    check = bootstrap.checker(bootstrap.used_mappings)
    if revision is None:
        mappings, findings = read_mappings(mapping_files(folder), check)
        return mappings, None, findings
    found = read_revision(folder, revision)
    mappings, findings = read_set(found.texts)
    return mappings, found.commit, sorted([*findings, *check(mappings)])


def _print_findings(findings: list[Finding], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            typer.echo(str(finding))
    plural = "" if len(findings) == 1 else "s"
    typer.echo(f"{len(findings)} finding{plural}: nothing was compared", err=True)


def _comparer(connection: str | None, org: Finder | None) -> Comparer:
    settings = bootstrap.settings()
    if connection is not None:
        named(settings.connections, connection)
    past = Past(
        events=bootstrap.events(),
        marks=bootstrap.event_marks(),
        history=bootstrap.history(),
        lanes=bootstrap.lanes(),
        calls=bootstrap.calls(),
        texts=bootstrap.mapping_texts(),
    )
    schema = bootstrap.org_schema().current()
    return Comparer(past, settings.connections, schema, org)


@contextmanager
def _org(is_asked: bool) -> Iterator[Finder | None]:
    if not is_asked:
        yield None
        return
    with bootstrap.salesforce() as crm:
        yield crm


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Say of what does not answer what it is and what to do."""
    try:
        yield
    except StoreUnavailable as error:
        raise NotCompared(
            f"the database cannot be read ({error}): set DATABASE_URL to the one that"
            " the workers use, and bring it up to date with crm-sync migrate"
        ) from None
    except CrmUnavailable as error:
        raise NotCompared(
            f"Salesforce does not answer ({error}): nothing was compared; without"
            " --against-org it is not asked"
        ) from None
    except CrmRefused as error:
        raise NotCompared(f"Salesforce refuses to be asked: {error}") from None
