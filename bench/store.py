"""What the store is asked most, with 10,000 and with 1,000,000 events in it."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, text

from bench.bare import new_event
from tests.postgres import running_postgres
from worker.store.engine import open_engine
from worker.store.events import EVENT, Events, values_of
from worker.store.history import History
from worker.store.lanes import Lanes
from worker.store.parked import Parked
from worker.store.schema import migrate

SIZES = (10_000, 1_000_000)
BATCH = 5_000
LANES = 2
TIMES = 50
# Of the newest, so many wait; so many of all are parked, for three reasons. Each is as
# many with any size: a list is as long as what is on it.
PENDING, PARKED = 400, 300
BODY = b'{"event": "call.completed"}' + b" " * 200


def measure_store() -> None:
    """Measure both databases, each one small and then large."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _measure(open_engine(f"sqlite:///{folder / 'events.db'}"))
        runtime = folder / "runtime"
        runtime.mkdir()
        with running_postgres(runtime) as url:
            _measure(open_engine(url))


def _measure(engine: Engine) -> None:
    migrate(engine)
    found: list[Mapping[str, float]] = []
    stored = 0
    for size in SIZES:
        started = time.perf_counter()
        _fill(engine, stored, size)
        seconds = time.perf_counter() - started
        print(f"  {engine.dialect.name}: {size} events, {seconds:.0f} s to fill in")
        stored = size
        found.append(_ask(engine))
    print(f"    median ms of {TIMES} with {' and with '.join(map(str, SIZES))} events:")
    for name in found[0]:
        print("    " + "".join(f"{times[name]:9.2f}" for times in found) + f"  {name}")
    engine.dispose()


def _ask(engine: Engine) -> Mapping[str, float]:
    """Return how long each question takes: the median, in ms."""
    new, lanes, numbers = new_event(), Lanes(engine), count()
    now = datetime.now(new.received_at.tzinfo) + timedelta(days=400)
    run = f"{now.isoformat()} "
    questions: dict[str, Callable[[], object]] = {
        "a new event added": lambda: Events(engine).add(
            replace(new, dedupe_key=run + str(next(numbers)))
        ),
        "a duplicate found": lambda: Events(engine).add(
            replace(new, dedupe_key=str(7 * next(numbers)), content_hash=_HASH)
        ),
        "a lane leased and given back": lambda: _lease(lanes, now),
        "a lane's 200 due events": lambda: lanes.due(0, now, 200),
        "lanes with due events": lambda: lanes.lanes_due(now),
        "the newest 50": lambda: Events(engine).newest(50),
        "the newest 50 that are synced": lambda: Events(engine).newest(50, "synced"),
        "a page of 50": lambda: History(engine).matching(limit=50, before_id=5000),
        "what is parked, by reason": Parked(engine).groups,
        "50 parked for one reason": lambda: Parked(engine).of_reason("reason 1", 50),
    }
    return {name: _median_ms(ask) for name, ask in questions.items()}


def _lease(lanes: Lanes, now: datetime) -> None:
    lease = lanes.lease(1, now, 20)
    assert lease is not None
    lanes.release(lease)


def _median_ms(ask: Callable[[], object]) -> float:
    times = []
    for _ in range(TIMES):
        started = time.perf_counter()
        ask()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


_HASH = "a" * 64


def _fill(engine: Engine, start: int, end: int) -> None:
    """Fill events in, without waiting for the disk."""
    with _hurried(engine) as connection:
        for first in range(start, end, BATCH):
            last = min(first + BATCH, end)
            rows = [_row(number) for number in range(first, last)]
            connection.execute(insert(EVENT), rows)
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))


@contextmanager
def _hurried(engine: Engine) -> Iterator[Any]:
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.connection.execute("PRAGMA synchronous=OFF")
            connection.connection.execute("PRAGMA cache_size=-400000")
        with connection.begin():
            yield connection
        connection.invalidate()


def _row(number: int) -> dict[str, Any]:
    state, reason = "synced", None
    if number < PARKED:
        state, reason = "parked", f"reason {number % 3}"
    elif number < PARKED + PENDING:
        state = "pending"
    received_at = _NEW["received_at"] + timedelta(seconds=number)
    return _NEW | {
        "dedupe_key": str(number),
        "content_hash": _HASH,
        "call_id": f"call-{number}",
        "party_key": f"ACC-{number // 5}",
        "lane": number % LANES,
        "occurred_at": received_at,
        "received_at": received_at,
        "next_attempt_at": received_at,
        "settled_at": None if state == "pending" else received_at,
        "state": state,
        "reason": reason,
        "body": BODY,
    }


_NEW = values_of(new_event(), revision=1)
