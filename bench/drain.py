"""1,000 queued Cora calls of 1,000 debtors into the local org: seconds and requests."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from tests.delivery.harness import LANES, Harness, cora_call, default_mappings
from tests.orgs import client_of, running_org
from worker.store.engine import open_engine
from worker.store.schema import migrate

EVENTS = 1000
PER_RECORD_SECONDS = 0.0005
LATENCY_SECONDS = 0.05


def measure_drain() -> None:
    with tempfile.TemporaryDirectory() as folder, running_org() as org:
        engine = open_engine(f"sqlite:///{Path(folder) / 'bench.db'}")
        migrate(engine)
        org.insert(
            "Debt_Account__c",
            [{"Account_Number__c": f"ACC-{number}"} for number in range(EVENTS)],
        )
        org.faults.add(
            "latency", seconds=LATENCY_SECONDS, per_record_seconds=PER_RECORD_SECONDS
        )
        with client_of(org.url) as crm:
            harness = Harness(engine, crm, default_mappings())
            accepted_seconds = _accept(harness)
            started = time.perf_counter()
            harness.drain()
            seconds = time.perf_counter() - started
        engine.dispose()
        states = harness.events.count_by_state()
        requests = org.stats()["api_requests"]
    latency_ms, record_ms = LATENCY_SECONDS * 1000, PER_RECORD_SECONDS * 1000
    print(f"  SQLite, {LANES} lanes one after the other, one process; local org with")
    print(f"  {latency_ms:.0f} ms a request and {record_ms} ms a record: {states}")
    print(f"  {EVENTS / accepted_seconds:.0f} accepted a second")
    print(f"  {EVENTS / seconds:.0f} drained a second, {requests} API requests")


def _accept(harness: Harness) -> float:
    bodies = [
        json.dumps(cora_call(f"call-{number}", fileNumber=f"ACC-{number}")).encode()
        for number in range(EVENTS)
    ]
    started = time.perf_counter()
    for body in bodies:
        harness.send(body)
    return time.perf_counter() - started
