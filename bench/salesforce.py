"""Queued events of mixed vendors into a slow local org, by two real worker processes.

Redis, the endpoint and Celery are real, the database is SQLite, and the org is a thread
of this process. `python -m bench salesforce --events 2000 --seconds 10` is a short run.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from math import ceil
from pathlib import Path

from sqlalchemy import create_engine, text

from bench.cases import ROOT
from tests.delivery.mixed import mixed_deliveries, seed_debtors
from tests.e2e.stacks import Pieces, running_pieces
from worker.crm import MAX_RECORDS

LATENCY_SECONDS = 0.15
PER_RECORD_SECONDS = 0.005
PROCESSES = 2
PER_SECOND = 20
# Every call writes to its account; accounts and promises are looked up.
OBJECTS = ("Task", "Call_Detail__c", "Promise_To_Pay__c")
PATIENCE_SECONDS = 1800.0
Delivery = tuple[str, bytes]


def measure_salesforce(events: int, seconds: int, lanes: int) -> None:
    total = events + seconds * PER_SECOND
    deliveries = mixed_deliveries(total)
    variables = {
        "WORKER_CONCURRENCY": str(PROCESSES),
        "LANES": str(lanes),
        "PYTHONPATH": str(ROOT),  # These very files, whatever is installed.
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        running_pieces(Path(folder), **variables) as pieces,
    ):
        seed_debtors(pieces.org, total)
        pieces.org.faults.add(
            "latency", seconds=LATENCY_SECONDS, per_record_seconds=PER_RECORD_SECONDS
        )
        print(f"  SQLite, {PROCESSES} worker processes, {lanes} lanes;")
        print(f"  local org with {LATENCY_SECONDS * 1000:.0f} ms a request")
        print(f"  and {PER_RECORD_SECONDS * 1000:.0f} ms a record, in this process")
        pieces.start_redis()
        _measure_queue(pieces, islice(deliveries, events), events)
        _measure_stream(pieces, deliveries, events, seconds)


def _measure_queue(pieces: Pieces, queued: Iterable[Delivery], events: int) -> None:
    pieces.take_in(queued)
    pieces.org.reset_stats()
    pieces.start("worker")
    _wait_for(lambda: pieces.org.stats()["api_requests"] > 0)
    started = time.perf_counter()
    _wait_for(lambda: "pending" not in pieces.ledger.counts())
    seconds = time.perf_counter() - started
    counts = [len(pieces.org.records(name)) for name in OBJECTS]
    records = sum(counts) + events
    stats = pieces.org.stats()
    writes = sum(ceil(count / MAX_RECORDS) for count in (*counts, events))
    look_ups = ceil(events / MAX_RECORDS) + ceil(counts[-1] / MAX_RECORDS)
    asked, least = stats["api_requests"], writes + look_ups
    print(f"  {events} queued events: {pieces.ledger.counts()}, {records} records")
    print(
        f"  {records / seconds:.0f} records and {events / seconds:.0f} events a second"
    )
    print(f"  {asked * 1000 / events:.1f} API requests per 1,000 events: {asked},")
    print(f"  {asked / least:.2f} of the least possible {least}: {stats['by_path']}")


def _measure_stream(
    pieces: Pieces, deliveries: Iterable[Delivery], events: int, seconds: int
) -> None:
    """Post so many a second, and see how long each takes until it is settled."""
    pieces.start_web()
    pieces.org.reset_stats()
    started = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        for number, (name, body) in enumerate(deliveries):
            time.sleep(max(0.0, started + number / PER_SECOND - time.perf_counter()))
            pool.submit(pieces.vendor.accepted, name, body)
    _wait_for(lambda: "pending" not in pieces.ledger.counts())
    waits = _waits_seconds(pieces, events)
    cuts = statistics.quantiles(waits, n=100)
    asked = pieces.org.stats()["api_requests"]
    print(f"  {PER_SECOND} events a second for {seconds} s: {len(waits)} settled,")
    names = zip((50, 95, 99), (cuts[49], cuts[94], cuts[98]), strict=True)
    shown = ", ".join(f"p{name} {wait:.2f} s" for name, wait in names)
    print(f"  from received to settled {shown}")
    print(f"  with {asked} API requests")


def _waits_seconds(pieces: Pieces, after: int) -> list[float]:
    """Return how long each event took that came after so many."""
    query = text(
        "SELECT (julianday(settled_at) - julianday(received_at)) * 86400 FROM event"
        " WHERE settled_at IS NOT NULL ORDER BY id LIMIT -1 OFFSET :after"
    )
    engine = create_engine(pieces.environment["DATABASE_URL"])
    try:
        with engine.connect() as connection:
            return list(connection.scalars(query, {"after": after}))
    finally:
        engine.dispose()


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the events are not settled")
        time.sleep(0.05)
