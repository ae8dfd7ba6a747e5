"""Deliveries of all vendors go the whole way, and the database file shows nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import Harness, default_mappings
from tests.e2e.deliveries import SECRETS
from tests.e2e.test_privacy import found_in, secret_texts
from tests.orgs import client_of
from tests.privacy.ledger import KEY, Ledger
from tests.sources.fixture_files import PATHS, read_http
from tests.store.test_events import NOW
from worker.localorg import LocalOrg
from worker.store.engine import open_engine
from worker.store.erasing import Erasure
from worker.store.events import Events
from worker.store.rekeying import rekey
from worker.store.remains import clear_remains
from worker.store.schema import migrate

# Ids, types and days: what an event is known by stays readable.
IMPERSONAL = {
    "accountId",
    "callId",
    "call_id",
    "callStatus",
    "createdAt",
    "endedAt",
    "event",
    "eventCategory",
    "event_type",
    "id",
    "idempotencyKey",
    "parentCallId",
    "paymentDate",
    "recordingId",
    "requestType",
    "session_id",
    "timestamp",
    "type",
}


def texts_of(node: Any) -> Iterator[str]:
    """Every text of a payload that is long enough not to be there by chance."""
    if isinstance(node, list):
        for part in node:
            yield from texts_of(part)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name not in IMPERSONAL:
                yield from texts_of(value)
    elif isinstance(node, str) and len(node) >= 7 and not node.isalpha():
        yield node


def payload_texts() -> set[str]:
    bodies = [json.loads(read_http(path)[3]) for path in PATHS]
    named = secret_texts() - set(SECRETS.values())
    return named | {text for body in bodies for text in texts_of(body)}


def send_everything(engine: Engine, org: LocalOrg) -> int:
    """Send all fixtures and drain; return how many events there are."""
    with client_of(org.url) as crm:
        harness = Harness(engine, crm, default_mappings())
        for path in PATHS:
            harness.send(read_http(path)[3], path.parent.name)
        harness.drain()
        states = harness.events.count_by_state()
    assert states["synced"]
    assert "pending" not in states
    return sum(states.values())


def file_bytes(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.glob("events.db*")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    engine = open_engine(f"sqlite:///{tmp_path / 'events.db'}")
    migrate(engine)
    engine.dispose()
    return tmp_path


def opened(folder: Path, *keys: str) -> Engine:
    return open_engine(f"sqlite:///{folder / 'events.db'}", keys)


def test_nothing_of_a_payload_stands_in_the_file(folder: Path, org: LocalOrg) -> None:
    engine = opened(folder, KEY)

    count = send_everything(engine, org)

    assert count > 20
    assert len(payload_texts()) > 50
    assert found_in(file_bytes(folder), payload_texts()) == []
    assert all(row.body for row in Events(engine).newest(count))
    engine.dispose()


def test_without_a_key_the_same_search_finds_them(folder: Path, org: LocalOrg) -> None:
    """Else the test above would mean nothing."""
    engine = opened(folder)

    send_everything(engine, org)

    assert len(found_in(file_bytes(folder), payload_texts())) > 50
    engine.dispose()


def test_a_file_that_was_in_clear_shows_nothing_after_rekey(
    folder: Path, org: LocalOrg
) -> None:
    clear = opened(folder)
    send_everything(clear, org)
    clear.dispose()
    engine = opened(folder, KEY)

    assert rekey(engine, lambda seen, changed: None) > 40
    assert clear_remains(engine) == ""

    assert found_in(file_bytes(folder), payload_texts()) == []
    engine.dispose()


def test_what_was_erased_is_nowhere_in_the_file_even_without_a_key(
    folder: Path,
) -> None:
    engine = opened(folder)
    ledger = Ledger(engine)
    said = b'{"summary": "Told us of a will"}' + b" " * 3000
    for number in range(30):
        ledger.add(str(number), party_key="ACC-429795", body=said)
        ledger.add(f"other {number}", party_key="ACC-2")
    assert b"Told us of a will" in file_bytes(folder)

    erased = Erasure(engine, "ACC-429795", None).erase(NOW, include_pending=False)
    assert clear_remains(engine) == ""

    assert erased == 30
    assert b"Told us of a will" not in file_bytes(folder)
    assert b"ACC-429795" not in file_bytes(folder)
    assert b"ACC-2" in file_bytes(folder)
    engine.dispose()
