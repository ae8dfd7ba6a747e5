"""The default mappings, the org's description and the connections, as they ship."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from tests.sources.fixture_files import delivery, read_http
from worker import sources
from worker.mapping.context import context_of
from worker.mapping.mapping_set import MappingSet
from worker.mapping.paths import Context
from worker.mapping_folder import load_mappings
from worker.model import Connection, Event
from worker.settings import Needs, load_settings

ROOT = Path(__file__).parents[2]
RECEIVED_AT = datetime(2026, 5, 4, 10, 15, 30, tzinfo=UTC)


@cache
def mappings() -> MappingSet:
    return load_mappings(ROOT / "mappings")


@cache
def connections() -> dict[str, Connection]:
    """Return the connections with the time zones that they ship with."""
    variables = {"CONFIG_DIR": str(ROOT / "config")}
    return dict(load_settings(variables, Needs.NOTHING).connections)


@cache
def fields(object_name: str) -> dict[str, dict[str, Any]]:
    """Return the describe entry of each field; Salesforce's own default is true."""
    path = ROOT / "config" / "salesforce" / f"{object_name}.json"
    described = json.loads(path.read_text(encoding="utf-8"))["fields"]
    writable = {"createable": True, "updateable": True}
    return {field["name"]: writable | field for field in described}


@cache
def event_in(path: Path) -> tuple[Event, str]:
    """Return the event of a `.http` file, and the connection that it was sent to."""
    _, target, headers, body = read_http(path)
    name = target.rsplit("/", 1)[-1]
    source = sources.load(connections()[name].source)
    return source.read(delivery(headers, body)), name


def context_in(event: Event, connection: str) -> Context:
    return context_of(event, connections()[connection], RECEIVED_AT)
