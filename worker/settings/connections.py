"""`config/connections.yaml` into connections, with their secrets. Floor 2."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from worker import sources
from worker.errors import UnknownConnection
from worker.mapping.findings import BadMapping, Finding, did_you_mean
from worker.mapping.nodes import NodeReader
from worker.mapping.strict_yaml import Node, Place, Table, read
from worker.model import Connection
from worker.settings.environment import Environment

CONNECTION_KEYS = {
    "source": "the vendor that calls",
    "secrets": "the variable that holds the secret, or several with commas",
    "options": "the source's own options",
    "timezone": "where this account's days begin and end; an IANA name",
}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")


def named(connections: Mapping[str, Connection], name: str) -> Connection:
    """Return the connection of this name. Raises `UnknownConnection`, for a person."""
    if name not in connections:
        known = ", ".join(connections)
        raise UnknownConnection(f"no connection {name!r}; there are: {known}")
    return connections[name]


def load_connections(
    path: Path, environment: Environment, *, with_secrets: bool
) -> dict[str, Connection]:
    """Return the connections by name; faults are noted in the environment.

    Without secrets the connections are for reading only: `explain` needs none.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        environment.faults.append(
            f"{path} cannot be read: start in the project's folder, or set CONFIG_DIR"
        )
        return {}
    findings: list[Finding] = []
    reader = NodeReader(findings)
    connections: dict[str, Connection] = {}
    try:
        root = read(text, str(path))
        for name, node in reader.entries(root):
            found = _connection(reader, root, name, node)
            if found is not None:
                connections[name] = (
                    _with_secrets(environment, found) if with_secrets else found
                )
    except BadMapping as bad:
        findings.extend(bad.findings)
    environment.faults.extend(str(finding) for finding in findings)
    return connections


def _connection(
    reader: NodeReader, root: Node, name: str, node: Node
) -> Connection | None:
    place = root.key_places[name] if isinstance(root, Table) else node.place
    if not _NAME.match(name):
        reader.find(place, f"{name!r} has to be lower case letters, digits and dashes")
    entries = reader.table(node, CONNECTION_KEYS, ("source", "secrets"))
    source_name = reader.text(entries.get("source"))
    if source_name not in sources.names():
        if "source" in entries:
            hint = did_you_mean(source_name, sources.names())
            reader.find(entries["source"].place, f"no source {source_name!r}{hint}")
        return None
    allowed = sources.load(source_name).OPTIONS
    options: dict[str, str] = {}
    for option, value in reader.entries(entries.get("options")):
        if option not in allowed:
            reader.find(value.place, f"{source_name} has no option {option!r}")
        else:
            options[option] = reader.choice(value, tuple(allowed[option]))
    timezone = _timezone(reader, entries.get("timezone"))
    variable = reader.text(entries.get("secrets"))
    return Connection(name, source_name, (), options, timezone, variable)


def _timezone(reader: NodeReader, node: Node | None) -> str:
    name = reader.text(node) if node else "UTC"
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        place = node.place if node else Place("", 1, 1)
        reader.find(place, f"no time zone {name!r}: use a name such as America/Chicago")
        return "UTC"
    return name


def _with_secrets(environment: Environment, found: Connection) -> Connection:
    variable = found.secrets_variable
    fix = f"put the secret that {found.source} shows for the webhook there, or take"
    fix += f" {found.name!r} out of connections.yaml"
    secrets = environment.several(variable, fix) if variable else ()
    source = sources.load(found.source)
    for secret in secrets:
        problem = source.secret_problem(secret, found.options)
        if problem:
            environment.faults.append(f"{variable} {problem}")
    return replace(found, secrets=secrets)
