"""Events of a store, on both engines."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import SAWarning

from worker.errors import StoreUnavailable
from worker.model import State
from worker.store.engine import open_engine
from worker.store.events import Events, NewEvent, Stored
from worker.store.schema import migrate, newest_revision
from worker.store.tables import SQLModel

NOW = datetime(2026, 5, 4, 10, 15, 30, 123456, tzinfo=UTC)


def new_event(**changes: object) -> NewEvent:
    event = NewEvent(
        connection="cora",
        source="cora",
        type="call.completed",
        dedupe_key="call.completed:1",
        content_hash="a" * 64,
        call_id="call-1",
        party_key="ACC-1",
        lane=3,
        urgent=False,
        occurred_at=NOW,
        received_at=NOW,
        state=State.PENDING,
        reason=None,
        headers={"x-webhook-event": "call.completed"},
        body='{"name":"Núñez"}'.encode(),
    )
    return replace(event, **changes)  # type: ignore[arg-type]


def test_an_event_is_given_back_as_it_came(engine: Engine) -> None:
    store = Events(engine)

    stored = store.add(new_event())
    row = store.get(stored.event_id)

    assert row is not None
    assert row.body == '{"name":"Núñez"}'.encode()
    assert row.headers == {"x-webhook-event": "call.completed"}
    assert (row.received_at, row.occurred_at) == (NOW, NOW)
    assert (row.state, row.attempts, row.revision) == ("pending", 0, 1)


def test_the_same_content_is_a_duplicate(engine: Engine) -> None:
    store = Events(engine)
    first = store.add(new_event())

    assert store.add(new_event()) == Stored(first.event_id, is_new=False)


def test_duplicates_are_counted(engine: Engine) -> None:
    store = Events(engine)
    first = store.add(new_event())
    store.add(new_event(content_hash="b" * 64))

    for _ in range(3):
        store.add(new_event())

    counts = [row.duplicates for row in store.newest(2)]
    row = store.get(first.event_id)
    assert row is not None
    assert (counts, row.duplicates) == ([0, 3], 3)


def test_content_that_comes_back_is_a_duplicate_of_the_revision_that_had_it(
    engine: Engine,
) -> None:
    # A retry of the first delivery, which comes late, looks the same.
    store = Events(engine)
    first = store.add(new_event(revised_at=NOW))
    store.add(new_event(content_hash="b" * 64, revised_at=NOW + timedelta(hours=1)))

    again = store.add(new_event(revised_at=NOW + timedelta(hours=2)))

    assert again == Stored(first.event_id, is_new=False)


@pytest.mark.parametrize(
    ("first", "second", "ended"),
    [
        (1, 0, ("skipped", "superseded")),
        (0, 1, ("pending", None)),
        (1, 1, ("pending", None)),
        (None, 0, ("pending", None)),
        (1, None, ("pending", None)),
    ],
)
def test_a_revision_made_before_one_that_is_here_is_kept_and_not_applied(
    engine: Engine,
    first: int | None,
    second: int | None,
    ended: tuple[str, str | None],
) -> None:
    store = Events(engine)
    made = [None if h is None else NOW + timedelta(hours=h) for h in (first, second)]
    store.add(new_event(revised_at=made[0]))

    stored = store.add(new_event(content_hash="b" * 64, revised_at=made[1]))

    row = store.get(stored.event_id)
    assert row is not None
    assert (row.state, row.reason) == ended
    assert (row.revision, row.body) == (2, new_event().body)
    assert (row.settled_at is None) == (not stored.is_superseded) == (ended[1] is None)
    assert stored.is_new


def test_other_content_under_the_same_key_is_the_next_revision(engine: Engine) -> None:
    store = Events(engine)
    first = store.add(new_event())

    second = store.add(new_event(content_hash="b" * 64))
    third = store.add(new_event(content_hash="c" * 64))
    again = store.add(new_event(content_hash="b" * 64))

    rows = [store.get(stored.event_id) for stored in (first, second, third)]
    assert [row and row.revision for row in rows] == [1, 2, 3]
    assert again == Stored(second.event_id, is_new=False)


def test_the_same_key_of_another_connection_is_another_event(engine: Engine) -> None:
    store = Events(engine)
    store.add(new_event())

    assert store.add(new_event(connection="cora-texas")).is_new


def test_one_event_is_stored_once_by_many_threads(engine: Engine) -> None:
    store = Events(engine)

    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(lambda _: store.add(new_event()), range(24)))

    assert sum(s.is_new for s in stored) == 1
    assert store.count_by_state() == {"pending": 1}


def test_revisions_stored_at_once_by_many_threads_all_stand(engine: Engine) -> None:
    store = Events(engine)
    hashes = [f"{number:064d}" for number in range(3)]

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda h: store.add(new_event(content_hash=h)), hashes))

    assert sorted(row.revision for row in store.newest(10)) == [1, 2, 3]


def test_the_newest_events_come_first_and_by_state(engine: Engine) -> None:
    store = Events(engine)
    for number in range(3):
        store.add(new_event(dedupe_key=str(number)))
    store.add(new_event(dedupe_key="s", state=State.SKIPPED, reason="unmapped_event"))

    assert [row.dedupe_key for row in store.newest(2)] == ["s", "2"]
    assert [row.dedupe_key for row in store.newest(9, "skipped")] == ["s"]
    assert store.count_by_state() == {"pending": 3, "skipped": 1}


def test_a_thousand_knocks_in_an_hour_are_one_row(engine: Engine) -> None:
    store = Events(engine)
    table = SQLModel.metadata.tables["rejection"]

    for minute in range(3):
        at = NOW + timedelta(minutes=minute)
        store.reject("cora", "bad_signature", "127.0.0.1", at)
    store.reject("cora", "bad_signature", "127.0.0.1", NOW + timedelta(hours=1))

    with engine.connect() as connection:
        rows = connection.execute(table.select().order_by(table.c.id)).all()
    assert [row.times for row in rows] == [3, 1]


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    migrate(engine)

    assert Events(engine).schema_version() == newest_revision()


def test_a_database_that_was_never_migrated_says_so(tmp_path: object) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/new.db")

    assert Events(engine).schema_version() is None
    engine.dispose()


def test_a_database_that_is_not_there_is_unavailable() -> None:
    engine = open_engine("sqlite:////nowhere/at/all.db")

    with pytest.raises(StoreUnavailable, match="OperationalError"):
        Events(engine).add(new_event())


def test_the_tables_are_those_that_the_migrations_make(engine: Engine) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    # SQLite cannot tell what an index on an expression is on.
    with engine.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        warnings.filterwarnings("ignore", "autogenerate skipping")
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
