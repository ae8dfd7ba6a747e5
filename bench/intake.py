"""Deliveries accepted and committed a second, beside what server and database allow.

All are measured in turns, a slice at a time, so that what else the machine does in
between falls on each of them alike.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.bare import insert_rows
from bench.posting import BODY_BYTES
from tests.e2e.deliveries import ROOT, SECRETS
from tests.e2e.polling import eventually
from tests.e2e.stacks import APP, Pieces, is_up, running_pieces
from tests.postgres import running_postgres
from worker.cli.processes import free_port
from worker.store.engine import open_engine

CONNECTIONS = 16
ROUNDS = 5
WARM_UP_SECONDS = 0.5
CONSTANT = "bench.constant:gate"
ANSWER = "200 accepted"


@dataclass
class Measured:
    """What one of the competitors did in all its slices."""

    done: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        return self.done / self.seconds

    def percentiles(self) -> str:
        """Return the latencies that so many answers kept within, in ms."""
        times = sorted(self.latencies)
        ends = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "longest": 1.0}
        at = {
            n: times[min(len(times) - 1, int(len(times) * e))] for n, e in ends.items()
        }
        return "  ".join(f"{name} {value * 1000:.1f}" for name, value in at.items())


Slice = Callable[[Measured, float], None]


def measure_intake(seconds: float) -> None:
    """Measure both databases, with one web process and with two."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"  {BODY_BYTES} bytes a Cora call, {CONNECTIONS} kept connections, {ROUNDS}")
    print(
        f"  turns of {seconds / ROUNDS:.1f} s each; no worker drains. The client, the"
    )
    print(
        f"  server and the database share {os.cpu_count()} cores; load before: {load}"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _measure(folder / "sqlite", seconds)
        runtime = folder / "runtime"
        runtime.mkdir()
        with running_postgres(runtime) as url:
            _measure(folder / "postgres", seconds, DATABASE_URL=url)


def _measure(folder: Path, seconds: float, **variables: str) -> None:
    folder.mkdir()
    variables |= {"PYTHONPATH": str(ROOT), "RATE_LIMIT_PER_MINUTE": "10000000"}
    with running_pieces(folder, **variables) as pieces:
        pieces.start_redis()
        engine = open_engine(pieces.environment["DATABASE_URL"])
        slices: dict[str, Slice] = {
            "inserted bare, each row a commit": partial(insert_rows, engine, 1),
            f"inserted bare, {CONNECTIONS} rows a commit": partial(
                insert_rows, engine, CONNECTIONS
            ),
            "answered with a constant, 1 process": _served(pieces, CONSTANT, 1),
            "accepted and committed, 1 process": _served(pieces, APP, 1),
            "accepted and committed, 2 processes": _served(pieces, APP, 2),
        }
        measured = {name: Measured() for name in slices}
        for _ in range(ROUNDS):
            for name, run in slices.items():
                run(measured[name], seconds / ROUNDS)
        print(f"  {engine.dialect.name}")
        engine.dispose()
        for name, found in measured.items():
            print(f"    {found.rate:6.0f} a second {name}")
            if found.latencies:
                print(f"           ms: {found.percentiles()}")
                assert set(found.answers) == {ANSWER}, found.answers


def _served(pieces: Pieces, app: str, workers: int) -> Slice:
    """Serve an app as the Procfile serves ours; return what posts to it."""
    port = free_port()
    pieces.environment |= {"PORT": str(port), "WEB_WORKERS": str(workers)}
    process = pieces.start("web", app)
    url = f"http://127.0.0.1:{port}/healthz"
    eventually(lambda: process.answers(is_up(url)), "web")
    _post(port, Measured(), WARM_UP_SECONDS)
    return partial(_post, port)


def _post(port: int, into: Measured, seconds: float) -> None:
    arguments = (port, SECRETS["CORA_WEBHOOK_SECRET"], seconds, CONNECTIONS)
    done = subprocess.run(
        [sys.executable, "-m", "bench.posting", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    told = json.loads(done.stdout)
    into.done += len(told["latencies"])
    into.seconds += told["seconds"]
    into.latencies += told["latencies"]
    into.answers.update(told["answers"])
