"""Deliveries of all vendors go the whole way, and the database shows nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.databases import DATABASES
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
from worker.store.tables import SQLModel

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


@dataclass(frozen=True, slots=True)
class Kept:
    """A new database, and where it is if it is a file."""

    url: str
    folder: Path

    def opened(self, *keys: str) -> Engine:
        return open_engine(self.url, keys)

    def content(self) -> bytes:
        """All that SQLite's files hold, or all rows that PostgreSQL gives."""
        if self.url.startswith("sqlite"):
            files = sorted(self.folder.glob("events.db*"))
            return b"\n".join(path.read_bytes() for path in files)
        engine = self.opened()
        with engine.connect() as connection:
            parts = [
                value if isinstance(value, bytes) else str(value).encode()
                for name in SQLModel.metadata.tables
                for row in connection.execute(text(f"SELECT * FROM {name}"))
                for value in row
            ]
        engine.dispose()
        return b"\n".join(parts)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    kept = Kept(DATABASES.new(tmp_path / "events.db"), tmp_path)
    engine = kept.opened()
    migrate(engine)
    engine.dispose()
    return kept


def test_nothing_of_a_payload_stands_in_the_database(kept: Kept, org: LocalOrg) -> None:
    engine = kept.opened(KEY)

    count = send_everything(engine, org)

    assert count > 20
    assert len(payload_texts()) > 50
    assert found_in(kept.content(), payload_texts()) == []
    assert all(row.body for row in Events(engine).newest(count))
    engine.dispose()


def test_without_a_key_the_same_search_finds_them(kept: Kept, org: LocalOrg) -> None:
    """Else the test above would mean nothing."""
    engine = kept.opened()

    send_everything(engine, org)

    assert len(found_in(kept.content(), payload_texts())) > 50
    engine.dispose()


def test_a_database_that_was_in_clear_shows_nothing_after_rekey(
    kept: Kept, org: LocalOrg
) -> None:
    clear = kept.opened()
    send_everything(clear, org)
    clear.dispose()
    engine = kept.opened(KEY)

    assert rekey(engine, lambda seen, changed: None) > 40
    assert clear_remains(engine) == ""

    assert found_in(kept.content(), payload_texts()) == []
    engine.dispose()


def test_what_was_erased_is_nowhere_in_it_even_without_a_key(
    kept: Kept,
) -> None:
    engine = kept.opened()
    ledger = Ledger(engine)
    said = b'{"summary": "Told us of a will"}' + b" " * 3000
    for number in range(30):
        ledger.add(str(number), party_key="ACC-429795", body=said)
        ledger.add(f"other {number}", party_key="ACC-2")
    assert b"Told us of a will" in kept.content()

    erased = Erasure(engine, "ACC-429795", None).erase(NOW, include_pending=False)
    assert clear_remains(engine) == ""

    assert erased == 30
    assert b"Told us of a will" not in kept.content()
    assert b"ACC-429795" not in kept.content()
    assert b"ACC-2" in kept.content()
    engine.dispose()
