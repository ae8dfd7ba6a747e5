"""What `crm-sync explain` is about: an event, the mapping that fits it, words. Floor 5.

An event comes from a `.http` file, a stored event's number, or JSON that was pasted.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from worker import bootstrap, payloads, sources
from worker.cli.http_file import BadHttpFile, read_http_file
from worker.delivery.past_mappings import past_mapping
from worker.errors import StoreUnavailable, SyncError
from worker.mapping.compiled import CompiledMapping
from worker.mapping.context import context_of
from worker.mapping.paths import Context
from worker.mapping_folder import load_mappings, mapping_files, no_check, read_mappings
from worker.model import Connection, Delivery
from worker.payloads import body_with
from worker.settings.connections import named
from worker.store.tables import EventRow

GREATEST_ID = 2**63 - 1


class NothingToExplain(SyncError):
    """What was named is no delivery and no stored event."""

    reason = "nothing_to_explain"


@dataclass(frozen=True, slots=True)
class Explained:
    """An event as a mapping sees it. `mapping` is None where there is none.

    `remark` says which mapping it is, where that is not plain.
    """

    name: str
    context: Context
    mapping: CompiledMapping | None
    remark: str = ""


def find_subject(
    subject: str, connection_name: str | None, event_type: str | None, *, current: bool
) -> Explained:
    """Return what a person named. Raises `NothingToExplain`, `Refused`, `MappingFault`.

    A stored event comes with the mapping that wrote it, unless `current` is asked for.
    """
    if subject.isdecimal():
        return _stored(int(subject), current)
    if subject == "-" or subject.endswith(".json"):
        return _pasted(subject, connection_name, event_type)
    file = read_http_file(Path(subject))
    connection = _connection(connection_name or file.connection)
    delivery = Delivery(file.headers, file.body, bootstrap.utc_now())
    return _explained(connection, delivery)


def _connection(name: str) -> Connection:
    return named(bootstrap.settings().connections, name)


def _pasted(
    subject: str, connection_name: str | None, event_type: str | None
) -> Explained:
    if connection_name is None:
        raise NothingToExplain("say whose payload it is: --connection NAME")
    connection = _connection(connection_name)
    try:
        body = sys.stdin.buffer.read() if subject == "-" else Path(subject).read_bytes()
    except OSError as error:
        message = f"{subject} cannot be read: {error.strerror}"
        raise BadHttpFile(message) from None
    if event_type is not None:
        body = _whole(connection.source, event_type, body)
    return _explained(connection, Delivery({}, body, bootstrap.utc_now()))


def _whole(source: str, event_type: str, payload: bytes) -> bytes:
    """Return the body that a vendor would send around a payload."""
    try:
        parsed = json.loads(payload)
        body = body_with(source, event_type, parsed)
    except KeyError:
        known = [event for name, event in payloads.events() if name == source]
        message = f"{source} sends no {event_type!r}; it sends: {', '.join(known)}"
        raise NothingToExplain(message) from None
    except (ValueError, TypeError):
        raise NothingToExplain("what was pasted is no JSON object") from None
    return json.dumps(body).encode()


def _explained(connection: Connection, delivery: Delivery) -> Explained:
    event = sources.read(connection.source, delivery)
    mappings = load_mappings(bootstrap.settings().mappings_dir)
    return Explained(
        f"{event.source} {event.type}",
        context_of(event, connection, delivery.received_at),
        mappings.find(event.source, event.type),
    )


def _stored(event_id: int, current: bool) -> Explained:
    row = _row(event_id)
    if row is None:
        message = f"no event {event_id}: `crm-sync events` lists them"
        raise NothingToExplain(message)
    if row.purged_at is not None:
        message = f"event {event_id} was purged on {row.purged_at:%Y-%m-%d}"
        raise NothingToExplain(f"{message}: its body is no more (body_purged)")
    connection = _connection(row.connection)
    delivery = Delivery(row.headers, row.body, row.received_at)
    name = f"event {row.id}, {row.source} {row.type}"
    mapping = None if current else past_mapping(bootstrap.mapping_texts(), row)
    if mapping is None:
        now = _explained(connection, delivery)
        return Explained(name, now.context, now.mapping, _why_todays(row, current))
    event = sources.read(connection.source, delivery)
    context = context_of(event, connection, delivery.received_at)
    remark = "as it was when it wrote the event; it has changed"
    return Explained(name, context, mapping, "" if _is_todays(row) else remark)


def _is_todays(row: EventRow) -> bool:
    """Return whether the mapping is still the one that wrote an event.

    That today's has findings is no reason to keep the old one from anybody.
    """
    folder = bootstrap.settings().mappings_dir
    readable, _findings = read_mappings(mapping_files(folder), no_check)
    mapping = readable.find(row.source, row.type)
    return mapping is not None and mapping.spec.content_hash == row.mapping_hash


def _row(event_id: int) -> EventRow | None:
    if event_id > GREATEST_ID:
        return None
    try:
        return bootstrap.events().get(event_id)
    except StoreUnavailable as error:
        message = f"the database with the events cannot be read: {error}"
        raise NothingToExplain(f"{message}; DATABASE_URL says which it is") from None


def _why_todays(row: EventRow, current: bool) -> str:
    if row.mapping_hash is None:
        return "" if row.mapping_version else "the event is not written yet"
    if current:
        return "the one of today, which need not be the one that wrote the event"
    return "the mapping that wrote it was not kept: this is the one of today"
