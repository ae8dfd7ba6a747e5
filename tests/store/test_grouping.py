"""Events that come at once share a commit, and nothing else. Both engines."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from tests.store.test_events import new_event
from worker.errors import StoreUnavailable
from worker.store.events import Events, NewEvent, Stored
from worker.store.grouping import GroupedEvents

WITHIN_SECONDS = 20
NO_LIMIT = 2**30


@pytest.fixture
def grouped(engine: Engine) -> Iterator[GroupedEvents]:
    events = GroupedEvents(engine)
    yield events
    events.close()


class Gate:
    """Holds the first commit of an engine until it is opened, and counts all."""

    def __init__(self) -> None:
        self.commits = 0
        self.is_reached = threading.Event()
        self.is_open = threading.Event()

    def __call__(self, _connection: object) -> None:
        self.commits += 1
        self.is_reached.set()
        assert self.is_open.wait(WITHIN_SECONDS)


@contextmanager
def gate(engine: Engine) -> Iterator[Gate]:
    made = Gate()
    event.listen(engine, "commit", made)
    try:
        yield made
    finally:
        made.is_open.set()
        event.remove(engine, "commit", made)


def together(
    engine: Engine,
    events: GroupedEvents,
    news: list[NewEvent],
    meanwhile: Callable[[], None] = lambda: None,
) -> tuple[list[Future[Stored]], int]:
    """Add events that all come while another one is being committed.

    Returns what became of them, and in how many commits.
    """
    with gate(engine) as held, ThreadPoolExecutor(len(news) + 1) as pool:
        first = pool.submit(events.add, new_event(dedupe_key="the first"))
        assert held.is_reached.wait(WITHIN_SECONDS)
        others = [pool.submit(events.add, new) for new in news]
        while len(events._waiting) < len(news):
            assert not first.done()
        meanwhile()
        held.is_open.set()
        first.result(WITHIN_SECONDS)
    return others, held.commits - 1


def test_events_that_come_during_a_commit_share_the_next(
    engine: Engine, grouped: GroupedEvents
) -> None:
    news = [new_event(dedupe_key=str(number)) for number in range(9)]

    told, commits = together(engine, grouped, news)

    assert commits == 1
    assert all(future.result().is_new for future in told)
    rows = [grouped.get(future.result().event_id) for future in told]
    assert [row and row.dedupe_key for row in rows] == [new.dedupe_key for new in news]


def test_nobody_is_told_before_the_commit(
    engine: Engine, grouped: GroupedEvents
) -> None:
    with gate(engine) as held, ThreadPoolExecutor(1) as pool:
        told = pool.submit(grouped.add, new_event())
        assert held.is_reached.wait(WITHIN_SECONDS)

        assert Events(engine).count_by_state() == {}
        assert not told.done()

        held.is_open.set()
        assert told.result(WITHIN_SECONDS).is_new


def test_the_same_that_comes_at_once_is_one_event_and_its_duplicates(
    engine: Engine, grouped: GroupedEvents
) -> None:
    told, _ = together(engine, grouped, [new_event() for _ in range(6)])

    stored = [future.result() for future in told]
    assert sorted(s.is_new for s in stored) == [False] * 5 + [True]
    (event_id,) = {s.event_id for s in stored}
    row = grouped.get(event_id)
    assert row is not None
    assert row.duplicates == 5


def test_known_new_and_changed_ones_stand_in_one_commit(
    engine: Engine, grouped: GroupedEvents
) -> None:
    known = grouped.add(new_event(dedupe_key="known"))
    changed = grouped.add(new_event(dedupe_key="changed"))
    texas = new_event(dedupe_key="known", connection="cora-texas")
    news = [
        new_event(dedupe_key="known"),
        new_event(dedupe_key="changed", content_hash="b" * 64),
        new_event(dedupe_key="new"),
        texas,
    ]

    told, commits = together(engine, grouped, news)

    again, revision, new, other = [future.result() for future in told]
    assert commits == 1
    assert again == Stored(known.event_id, is_new=False)
    assert revision.is_new
    assert new.is_new
    assert other.is_new
    row = grouped.get(revision.event_id)
    assert row is not None
    assert row.revision == 2
    assert row.id != changed.event_id


def test_one_that_cannot_be_stored_fails_alone(
    engine: Engine, grouped: GroupedEvents
) -> None:
    news = [new_event(dedupe_key=str(number)) for number in range(4)]
    news[2] = new_event(dedupe_key="2", source=None)

    told, _ = together(engine, grouped, news)

    assert isinstance(told[2].exception(), StoreUnavailable)
    assert all(told[number].result().is_new for number in (0, 1, 3))
    assert grouped.count_by_state() == {"pending": 4}


def test_all_that_a_full_disk_meets_are_refused_and_later_ones_stored(
    sqlite: Engine,
) -> None:
    grouped = GroupedEvents(sqlite)
    large = [new_event(dedupe_key=str(n), body=b"x" * 50_000) for n in range(4)]

    with limited_pages(sqlite) as limit:
        told, commits = together(sqlite, grouped, large, lambda: limit(0))
        limit(NO_LIMIT)
        later = grouped.add(large[0])

    assert [type(future.exception()) for future in told] == [StoreUnavailable] * 4
    assert commits == 0
    assert later.is_new
    assert grouped.count_by_state() == {"pending": 2}
    grouped.close()


@contextmanager
def limited_pages(engine: Engine) -> Iterator[Callable[[int], None]]:
    """Give what lets the database of each new transaction have so many more pages."""
    most = [NO_LIMIT]

    def limit(connection: Any) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        wanted = max(pages, most[0])
        connection.exec_driver_sql(f"PRAGMA max_page_count={wanted}").close()

    event.listen(engine, "begin", limit)
    try:
        yield lambda pages: most.__setitem__(0, pages)
    finally:
        event.remove(engine, "begin", limit)


def test_processes_that_store_the_same_at_once_store_it_once(engine: Engine) -> None:
    pair = GroupedEvents(engine), GroupedEvents(engine)
    keys = [str(number) for number in range(30)]
    tasks = [(pair[0], key) for key in keys] + [(pair[1], key) for key in keys[::-1]]

    with ThreadPoolExecutor(16) as pool:
        stored = list(pool.map(lambda t: t[0].add(new_event(dedupe_key=t[1])), tasks))

    assert sum(s.is_new for s in stored) == 30
    with engine.connect() as connection:
        counts = connection.execute(text("SELECT count(*), sum(duplicates) FROM event"))
        assert tuple(counts.one()) == (30, 30)
    for events in pair:
        events.close()


def test_what_waits_when_it_is_closed_is_stored_and_nothing_after(
    engine: Engine,
) -> None:
    grouped = GroupedEvents(engine)
    grouped.add(new_event())
    grouped.close()

    with pytest.raises(StoreUnavailable, match="it is closed"):
        grouped.add(new_event(dedupe_key="late"))

    assert grouped.count_by_state() == {"pending": 1}
