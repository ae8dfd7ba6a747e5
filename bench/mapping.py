"""Microseconds from a read event to its planned writes."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from statistics import median
from timeit import repeat

from worker import sources
from worker.cli.http_file import read_http_file
from worker.mapping.context import context_of
from worker.mapping_folder import load_mappings
from worker.model import Delivery
from worker.settings import Needs, load_settings

ROOT = Path(__file__).parents[1]
FIXTURES = (
    "cora/call.completed__every_outcome",
    "altur/on_call_end__newest",
    "vocobase/session.completed__full",
    "freeclimb/callStatus__completed_with_recording",
)
RUNS, REPEATS = 2000, 5


def measure_mapping() -> None:
    mappings = load_mappings(ROOT / "mappings")
    settings = load_settings({"CONFIG_DIR": str(ROOT / "config")}, Needs.NOTHING)
    received_at = datetime.fromisoformat("2026-05-04T10:15:30+00:00")
    for name in FIXTURES:
        file = read_http_file(ROOT / "tests" / "fixtures" / f"{name}.http")
        connection = settings.connections[file.connection]
        delivery = Delivery(file.headers, file.body, received_at)
        event = sources.load(connection.source).read(delivery)
        mapping = mappings.find(event.source, event.type)
        assert mapping is not None
        context = context_of(event, connection, received_at)
        timings = repeat(lambda: mapping.plan(context), number=RUNS, repeat=REPEATS)  # noqa: B023
        fields = sum(len(write.fields) for write in mapping.spec.writes)
        microseconds = median(timings) / RUNS * 1e6
        size = len(json.dumps(event.body))
        print(f"  {name}: {microseconds:.0f} us, {fields} fields, {size} bytes")
