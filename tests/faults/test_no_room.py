"""A database that is locked or has no room: refused for now, and nothing lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from tests.databases import sqlite_engine
from tests.delivery.harness import (
    CONNECTIONS,
    START,
    Harness,
    Spy,
    add_account,
    cora_call,
    default_mappings,
)
from tests.http.test_wsgi import Client, Reply, call
from worker.errors import StoreUnavailable
from worker.intake import Intake
from worker.localorg import LocalOrg
from worker.store import engine as engine_module
from worker.store.events import Events
from worker.wsgi import RETRY_AFTER_SECONDS, Endpoint

SYNCED = ("synced", None)
pytestmark = pytest.mark.sqlite("PostgreSQL's own is in tests/faults/chaos.py")


@pytest.fixture
def hasty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A database that waits for no lock."""
    monkeypatch.setattr(engine_module, "BUSY_TIMEOUT_SECONDS", 0)
    with sqlite_engine(tmp_path) as opened:
        yield opened


@contextmanager
def locked(engine: Engine) -> Iterator[None]:
    """Another process writes, for as long as the block takes."""
    assert engine.url.database
    with closing(sqlite3.connect(engine.url.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def full(engine: Engine) -> Iterator[None]:
    """The file may not grow: SQLite's own word for it is that of a full disk."""

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count={cursor.fetchone()[0]}")
        cursor.close()

    engine.dispose()
    event.listen(engine, "connect", limit)
    yield
    event.remove(engine, "connect", limit)
    engine.dispose()


def door(engine: Engine) -> Client:
    intake = Intake(Events(engine), default_mappings(), CONNECTIONS, 2, lambda _: None)
    return Client(Endpoint(intake, 65_536, dict, lambda: START))


def check_put_off(reply: Reply) -> None:
    assert (reply.status, reply.json()) == (503, {"error": "store_unavailable"})
    assert reply.headers["Retry-After"] == str(RETRY_AFTER_SECONDS)


def test_a_locked_database_puts_the_vendor_off_until_it_is_free(hasty: Engine) -> None:
    client = door(hasty)
    with locked(hasty):
        check_put_off(client.deliver(call()))
        counted = client.request("POST", "/webhooks/cora", b"{}")

    assert client.deliver(call()).json() == {"status": "accepted", "event": 1}
    assert counted.status == 401


def test_a_database_without_room_puts_the_vendor_off_until_there_is(
    sqlite: Engine,
) -> None:
    """A call in the room that is left is taken; none is taken and then not there."""
    client, taken = door(sqlite), []
    with full(sqlite):
        for number in range(60):
            reply = client.deliver(call(call_id=f"call-{number}", summary="x" * 900))
            if reply.status != 200:
                break
            taken.append(reply.json()["event"])
        check_put_off(reply)

    again = client.deliver(call(call_id="afterwards"))

    assert again.json()["status"] == "accepted"
    assert Events(sqlite).count_by_state() == {"pending": len(taken) + 1}


@pytest.mark.parametrize("trouble", [locked, full])
def test_what_cannot_be_settled_is_written_again_and_not_twice(
    hasty: Engine, crm: object, org: LocalOrg, trouble: object
) -> None:
    """Salesforce has the call, and the database cannot say so."""
    add_account(org)
    spy = Spy(crm)
    harness = Harness(hasty, spy, default_mappings())
    harness.drainer = replace(harness.drainer, crm=spy)
    said = {"summary": "x" * 30_000, "outcomes": {"promiseToPayDays": 7}}
    answer = harness.send(cora_call(**said))
    lane = harness.event(answer.event_id).lane
    other = trouble(hasty)
    spy.before_write = other.__enter__

    with pytest.raises(StoreUnavailable):
        harness.drainer.drain(lane)
    other.__exit__(None, None, None)
    before = harness.ended(answer)
    harness.clock.move(minutes=5)
    harness.drain()

    assert before == ("pending", None)
    assert harness.ended(answer) == SYNCED
    assert len(org.records("Task")) == len(org.records("Promise_To_Pay__c")) == 1
