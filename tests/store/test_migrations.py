"""Databases of earlier versions, brought up with all that is in them. Both engines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, Table, column, func, insert, select, table, text
from sqlalchemy.sql.expression import TableClause

from tests.store.test_events import NOW, new_event
from tests.store.test_lanes import outcome, record, take
from worker.model import State
from worker.store import schema
from worker.store.audit import Audit
from worker.store.engine import open_engine
from worker.store.events import EVENT, Events, Stored
from worker.store.lanes import Lanes
from worker.store.mapping_texts import MappingTexts
from worker.store.outcomes import RECORD
from worker.store.record_search import records_sent_to
from worker.store.schema import migrate, newest_revision
from worker.store.vault import Vault

MIGRATIONS = Path(schema.__file__).with_name("migrations") / "versions"
REVISIONS = sorted(path.name[:4] for path in MIGRATIONS.glob("0*.py"))
OLD_EVENT = {
    "connection": "cora",
    "source": "cora",
    "type": "call.completed",
    "dedupe_key": "call.completed:1",
    "content_hash": "a" * 64,
    "revision": 1,
    "party_key": "ACC-1",
    "lane": 3,
    "urgent": False,
    "occurred_at": NOW,
    "received_at": NOW,
    "state": "pending",
    "attempts": 1,
    "next_attempt_at": NOW,
    "mapping_version": "1",
    "headers": {"x-webhook-event": "call.completed"},
    "body": '{"name":"Núñez"}'.encode(),
}
OLD_RECORD = {
    "ordinal": 0,
    "object": "Task",
    "key": "External_Call_Id__c=call-1",
    "fields": {"Subject": "Call"},
    "place": "cora/call.completed.yaml:5",
    "mapping_version": "1",
    "occurred_at": NOW,
    "state": "pending",
    "attempts": 1,
}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database of its own, at the first revision."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'old.db'}"
    else:
        server = request.getfixturevalue("postgres_engine")
        url = server.url.set(database="old").render_as_string(hide_password=False)
        _recreate(server)
    engine = open_engine(url)
    migrate(engine, "0001")
    yield engine
    engine.dispose()


def _recreate(server: Engine) -> None:
    with server.connect() as connection:
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        alone.execute(text("DROP DATABASE IF EXISTS old"))
        alone.execute(text("CREATE DATABASE old"))


def as_it_was(now: Table, columns: Iterable[str]) -> TableClause:
    """An earlier version's table: these columns, which do nothing of themselves."""
    return table(now.name, *(column(name, now.c[name].type) for name in columns))


def fill(engine: Engine, **more: object) -> int:
    event = {**OLD_EVENT, **more}
    with engine.begin() as connection:
        old = as_it_was(EVENT, ["id", *event])
        added = insert(old).values(event).returning(old.c.id)
        event_id = int(connection.scalar(added) or 0)
        record = {**OLD_RECORD, "event_id": event_id}
        connection.execute(insert(as_it_was(RECORD, record)).values(record))
    return event_id


def test_a_database_of_the_first_version_keeps_its_rows(old: Engine) -> None:
    event_id = fill(old)

    migrate(old)

    events = Events(old)
    assert events.schema_version() == newest_revision()
    row = events.get(event_id)
    assert row is not None
    assert {name: getattr(row, name) for name in OLD_EVENT} == OLD_EVENT
    (kept,) = events.records([event_id])
    assert {name: getattr(kept, name) for name in OLD_RECORD} == OLD_RECORD


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_database_of_any_version_keeps_its_rows_and_takes_more(
    old: Engine, revision: str
) -> None:
    migrate(old, revision)
    event_id = fill(old)

    migrate(old)

    row = Events(old).get(event_id)
    assert row is not None
    assert {name: getattr(row, name) for name in OLD_EVENT} == OLD_EVENT
    again = new_event(connection="cora", content_hash=OLD_EVENT["content_hash"])
    assert Events(old).add(again) == Stored(event_id, is_new=False)
    assert Events(old).add(new_event(dedupe_key="new")).is_new


def test_what_the_first_version_wrote_names_no_content(old: Engine) -> None:
    event_id = fill(old)

    migrate(old)

    row = Events(old).get(event_id)
    assert row is not None
    assert row.mapping_hash is None
    assert [r.mapping_hash for r in Events(old).records([event_id])] == [None]
    assert MappingTexts(old).known() == {}


def test_an_event_of_the_first_version_can_be_settled(old: Engine) -> None:
    event_id = fill(old)
    migrate(old)
    lanes = Lanes(old)
    done = record(mapping_hash="00112233aabbccdd")

    lanes.settle(take(lanes), [outcome(event_id, attempts=2, records=(done,))], NOW)

    (settled,) = Events(old).records([event_id])
    assert settled.state == State.SYNCED.value
    assert settled.mapping_hash == "00112233aabbccdd"


def test_acts_that_an_earlier_version_noted_stay(old: Engine) -> None:
    with old.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO audit (at, actor, action, detail) VALUES"
                " ('2026-05-04 10:15:30+00:00', 'ops', 'replay', '{\"ids\": [1]}')"
            )
        )

    migrate(old)

    (row,) = Audit(old).newest(9)
    assert (row.actor, row.action, row.detail) == ("ops", "replay", '{"ids": [1]}')
    assert (row.subject, row.count) == ("", 0)


def test_what_earlier_versions_wrote_is_found_by_its_hashes(old: Engine) -> None:
    event_ids = [fill(old, dedupe_key=str(number)) for number in range(3)]
    migrate(old, "0002")
    event_ids.append(fill(old, dedupe_key="of the second", mapping_hash="00ff"))

    migrate(old)

    with old.connect() as connection:
        hash_ = Vault().hash("acc-1")
        found = connection.scalars(
            select(EVENT.c.id).where(EVENT.c.party_hash == hash_)
        )
        assert sorted(found) == event_ids
        key = ["external_call_id__c=CALL-1"]
        sent = records_sent_to(connection, "Task", [], key)
    assert [record.event_id for record in sent] == event_ids


def test_more_rows_than_one_step_are_hashed(old: Engine) -> None:
    rows = [{**OLD_EVENT, "dedupe_key": str(number)} for number in range(2001)]
    with old.begin() as connection:
        connection.execute(insert(as_it_was(EVENT, OLD_EVENT)), rows)

    migrate(old)

    with old.connect() as connection:
        without = select(func.count()).where(EVENT.c.party_hash.is_(None))
        assert connection.scalar(without) == 0
