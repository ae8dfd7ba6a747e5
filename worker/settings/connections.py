"""`config/connections.yaml` into connections, with their secrets. Floor 2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from worker import sources
from worker.addresses import Network, network
from worker.errors import UnknownConnection
from worker.mapping import nodes
from worker.mapping.findings import BadMapping, Finding, did_you_mean
from worker.mapping.shapes import (
    Choice,
    Either,
    Fields,
    Items,
    Key,
    Names,
    Text,
    find_faults,
)
from worker.mapping.strict_yaml import Node, Place, read
from worker.model import Connection
from worker.settings.environment import Environment

_CONNECTION = Fields(
    {
        "source": Key("the vendor that calls", Text(), required=True),
        "secrets": Key(
            "the variable that holds the secret, or several with commas",
            Text(),
            required=True,
        ),
        "options": Key("the source's own options", Names(Text())),
        "timezone": Key(
            "where this account's days begin and end; an IANA name", Text()
        ),
        "allow_from": Key(
            "the only addresses and networks that may call",
            Either(scalar=Text(), items=Items(Text(), at_least=1)),
        ),
    }
)
_NAME = Text(r"[a-z0-9][a-z0-9-]{0,62}", "a name of lower case letters, digits and -")
CONNECTIONS_FILE = Names(_CONNECTION, _NAME)


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
    connections: dict[str, Connection] = {}
    try:
        root = read(text, str(path))
        findings.extend(find_faults(root, CONNECTIONS_FILE))
        for name, node in nodes.entries(root).items():
            found = _connection(findings, name, node)
            if found is not None:
                connections[name] = (
                    _with_secrets(environment, found) if with_secrets else found
                )
    except BadMapping as bad:
        findings.extend(bad.findings)
    environment.faults.extend(str(finding) for finding in sorted(findings))
    return connections


def _connection(findings: list[Finding], name: str, node: Node) -> Connection | None:
    entries = nodes.entries(node)
    source_name = nodes.text(entries.get("source"))
    if source_name not in sources.names():
        if source_name:
            hint = did_you_mean(source_name, sources.names())
            message = f"no source {source_name!r}{hint}"
            findings.append(entries["source"].place.finding(message, "choice"))
        return None
    options = _options(findings, source_name, entries.get("options"))
    timezone = _timezone(findings, entries.get("timezone"))
    variable = nodes.text(entries.get("secrets"))
    allowed = _allow_from(findings, entries.get("allow_from"))
    return Connection(name, source_name, (), options, timezone, variable, allowed)


def _options(
    findings: list[Finding], source_name: str, node: Node | None
) -> dict[str, str]:
    allowed = sources.load(source_name).OPTIONS
    options: dict[str, str] = {}
    for option, value in nodes.entries(node).items():
        if option not in allowed:
            message = f"{source_name} has no option {option!r}"
            findings.append(value.place.finding(message, "unknown_key"))
        else:
            findings.extend(find_faults(value, Choice(tuple(allowed[option]))))
            options[option] = nodes.text(value)
    return options


def _allow_from(findings: list[Finding], node: Node | None) -> tuple[Network, ...]:
    allowed: list[Network] = []
    for item in nodes.one_or_more(node):
        try:
            allowed.append(network(nodes.text(item)))
        except ValueError:
            message = "no address or network: write it as 203.0.113.0/24"
            findings.append(item.place.finding(message, "name"))
    return tuple(allowed)


def _timezone(findings: list[Finding], node: Node | None) -> str:
    name = nodes.text(node, "UTC")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        place = node.place if node else Place("", 1, 1)
        message = f"no time zone {name!r}: use a name such as America/Chicago"
        findings.append(place.finding(message, "name"))
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
