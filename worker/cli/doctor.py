"""`crm-sync doctor`: is everything there, and does it work? Floor 5."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

import typer

from worker import bootstrap, broker, redis_clients
from worker.cli.doctor_org import examine_org
from worker.errors import BrokerUnavailable, StoreUnavailable, SyncError
from worker.mapping_folder import mapping_files, read_mappings
from worker.redis_clients import open_redis
from worker.store.schema import newest_revision

# What is due for longer than this has nobody who drains it, or an org that is away.
OVERDUE = timedelta(minutes=2)
# So many sweeps may be missed, as by a worker that is busy.
SWEEPS_MISSED = 3
REDIS_TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Found:
    """What one examination has found; `facts` are for programs."""

    is_well: bool
    says: str
    facts: dict[str, Any] = field(default_factory=dict)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one object.")] = False,
) -> None:
    """Examine database, broker, Salesforce, mappings, lanes and beat; 1 if one is ill.

    It logs in to Salesforce, unless the workers leave the org alone just now.
    """
    try:
        found = {name: _found(examine) for name, examine in EXAMINATIONS.items()}
    finally:
        if bootstrap.board.cache_info().currsize:
            bootstrap.board().close()
    is_well = all(each.is_well for each in found.values())
    if as_json:
        checks = {
            name: {"ok": each.is_well, "says": each.says, **each.facts}
            for name, each in found.items()
        }
        typer.echo(json.dumps({"ok": is_well, "checks": checks}))
    else:
        for name, each in found.items():
            mark = "ok" if each.is_well else "ILL"
            typer.echo(f"{mark:<4} {name:<11} {each.says}")
    raise typer.Exit(0 if is_well else 1)


def _found(examine: Callable[[], Found]) -> Found:
    try:
        return examine()
    except SyncError as error:
        return Found(False, f"{error}".replace("\n", "; "))


def _database() -> Found:
    _require_database()
    version, newest = bootstrap.events().schema_version(), newest_revision()
    if version != newest:
        return Found(False, "not migrated: run crm-sync migrate")
    bootstrap.events().newest(1)  # It needs the key that the newest one has.
    return Found(True, f"at revision {version}", {"revision": version})


def _broker() -> Found:
    kind = bootstrap.settings().broker.kind
    return _answers(kind, partial(broker.ping, bootstrap.doorbell_app()))


def _redis() -> Found:
    server = bootstrap.settings().redis
    if server is None:
        return Found(True, "none: each process has its own notes and its own login")
    with closing(open_redis(server, REDIS_TIMEOUT_SECONDS)) as client:
        return _answers(server.kind, partial(redis_clients.ping, client))


def _answers(kind: str, ping: Callable[[], None]) -> Found:
    try:
        ping()
    except BrokerUnavailable as error:
        return Found(False, f"{kind}: {error}", {"kind": kind})
    return Found(True, f"{kind} answers", {"kind": kind})


def _salesforce() -> Found:
    org = bootstrap.org()
    with closing(org.session):
        facts = examine_org(org, bootstrap.utc_now().timestamp())
    return Found(facts.is_well, facts.says, facts.as_json())


def _mappings() -> Found:
    paths = mapping_files(bootstrap.settings().mappings_dir)
    _, findings = read_mappings(
        paths, bootstrap.checker(bootstrap.used_mappings_if_there)
    )
    facts = {"files": len(paths), "findings": len(findings)}
    if findings:
        return Found(False, f"{len(findings)} findings: run crm-sync check", facts)
    return Found(True, f"{len(paths)} files without findings", facts)


def _lanes() -> Found:
    _require_database()
    now, lanes = bootstrap.utc_now(), bootstrap.lanes()
    due, overdue = lanes.lanes_due(now), lanes.lanes_due(now - OVERDUE)
    pending = bootstrap.events().count_by_state().get("pending", 0)
    facts = {"pending": pending, "lanes_due": due, "lanes_overdue": overdue}
    says = f"{pending} events pending, {len(due)} lanes with due events"
    if not overdue:
        return Found(True, says, facts)
    return Found(
        False,
        f"{says}, {len(overdue)} of them overdue: is a worker up, and"
        " Salesforce there?",
        facts,
    )


def _beat() -> Found:
    if bootstrap.settings().redis is None:
        return Found(True, "not known without a Redis: see the log of beat")
    allowed_seconds = SWEEPS_MISSED * bootstrap.settings().sweep_seconds
    swept_at = bootstrap.board().read(broker.SWEPT).get("at")
    if not isinstance(swept_at, int | float):
        return Found(False, "no sweep is known: start beat and a worker")
    age_seconds = round(bootstrap.utc_now().timestamp() - swept_at)
    says = f"the last sweep was {age_seconds} s ago"
    facts = {"swept_seconds_ago": age_seconds}
    if age_seconds > allowed_seconds:
        return Found(False, f"{says}: are beat and a worker up?", facts)
    return Found(True, says, facts)


def _require_database() -> None:
    """Raise `StoreUnavailable` for a file that is not there."""
    if bootstrap.is_file_missing():
        raise StoreUnavailable("no such file: run crm-sync migrate")


EXAMINATIONS = {
    "database": _database,
    "broker": _broker,
    "redis": _redis,
    "salesforce": _salesforce,
    "mappings": _mappings,
    "lanes": _lanes,
    "beat": _beat,
}
