"""A case's delivery, and the event in it. Floor 4."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from worker import sources
from worker.errors import BadPayload, SyncError
from worker.mapping.cases.case import KIND, Case
from worker.mapping.context import context_of
from worker.mapping.findings import BadMapping, did_you_mean
from worker.mapping.paths import Context
from worker.mapping.spec import MappingSpec
from worker.mapping.strict_yaml import Place
from worker.model import Connection, Delivery, Event
from worker.payloads import minimal_body


class Request(Protocol):
    """A delivery in a file, and the connection that its request line names."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, with lower-case names."""

    @property
    def body(self) -> bytes:
        """The body."""

    @property
    def connection(self) -> str:
        """The name at the end of the request's path."""


ReadRequest = Callable[[Path], Request]


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event, and what a mapping sees of it."""

    event: Event
    context: Context


def arrival(
    case: Case,
    folder: Path,
    mapping: MappingSpec,
    connections: Mapping[str, Connection],
    read_request: ReadRequest,
) -> Arrival:
    """Return what arrives in a case of a test file in this folder.

    Raises `BadMapping` where the case is of no such delivery.
    """
    request = _request(case, folder, read_request)
    connection = _connection(case, mapping.source, connections, request)
    if request is None:
        body = json.dumps(minimal_body(mapping.source, mapping.event)).encode()
        delivery = Delivery({}, body, case.received_at)
    else:
        delivery = Delivery(request.headers, request.body, case.received_at)
    if case.is_changed:
        original = _read(case, connection.source, delivery)
        body = _changed(case, json.loads(delivery.body), _payload_key(original))
        delivery = Delivery(delivery.headers, body, case.received_at)
    event = _read(case, connection.source, delivery)
    if (event.source, event.type) != (mapping.source, mapping.event):
        what = f"{event.source} {event.type}"
        message = f"the delivery is a {what}, and the mapping is of {mapping.event}"
        raise _fault(_place(case, "fixture"), message)
    return Arrival(event, context_of(event, connection, case.received_at))


def _request(case: Case, folder: Path, read_request: ReadRequest) -> Request | None:
    if case.fixture is None:
        return None
    try:
        return read_request(folder / case.fixture)
    except SyncError as error:
        raise _fault(_place(case, "fixture"), str(error)) from None


def _connection(
    case: Case,
    source: str,
    connections: Mapping[str, Connection],
    request: Request | None,
) -> Connection:
    """Return the connection that is named, or the source's usual one.

    A source without any connection is not used here, and its mappings still work.
    """
    if case.connection is not None and case.connection not in connections:
        hint = did_you_mean(case.connection, connections)
        message = f"no connection {case.connection!r} in connections.yaml{hint}"
        raise _fault(_place(case, "connection"), message)
    names = [case.connection or "", request.connection if request else "", source]
    named = [connections[name] for name in names if name in connections]
    of_source = [entry for entry in connections.values() if entry.source == source]
    found = [*named, *of_source, Connection(source, source, ())][0]
    if found.source != source:
        message = f"{found.name!r} is a connection of {found.source}, not of {source}"
        raise _fault(_place(case, "connection"), message)
    return found


def _read(case: Case, source: str, delivery: Delivery) -> Event:
    try:
        return sources.read(source, delivery)
    except BadPayload as error:
        message = f"the delivery would be refused: {error}"
        raise _fault(case.place, message) from None


def _payload_key(event: Event) -> str | None:
    """Return the key of the body that mappings call payload; None if it is the body."""
    found = (key for key, value in event.body.items() if value is event.payload)
    return next(found, None)


def _changed(case: Case, body: dict[str, Any], payload_key: str | None) -> bytes:
    _merge(body, case.body)
    payload = body if payload_key is None else body[payload_key]
    if isinstance(payload, dict):
        _merge(payload, case.payload)
    for chain in case.without:
        root, *parents, last = chain
        owner = payload if root == "payload" else body
        for step in parents:
            owner = owner.get(step) if isinstance(owner, dict) else None
        if not isinstance(owner, dict) or last not in owner:
            name = ".".join(chain)
            place = _place(case, f"without.{name}")
            raise _fault(place, f"there is no {name} to take out")
        del owner[last]
    return json.dumps(body).encode()


def _merge(into: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Put changes over what is there, object by object; a list is replaced whole."""
    for key, value in changes.items():
        there = into.get(key)
        if isinstance(there, dict) and isinstance(value, dict):
            _merge(there, value)
        else:
            into[key] = value


def _place(case: Case, key: str) -> Place:
    return case.places.get(key, case.place)


def _fault(place: Place, message: str) -> BadMapping:
    return BadMapping([place.finding(message, KIND)])
