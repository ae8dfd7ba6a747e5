"""The faults that happen to a site, at moments that a seeded chance picks."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import psycopg
import redis

from tests.e2e.processes import Pid, Process, descendants_of

from .site import LEASE_SECONDS, Site

ENTRIES = ("web", "worker", "compliance")
ORG_FAULTS = (
    {"kind": "unavailable"},
    {"kind": "drop_before", "times": 2},
    {"kind": "drop_after_commit", "times": 2},
    {"kind": "answer_cut", "times": 2},
    {"kind": "session_expired"},
    {"kind": "row_lock", "every": 3, "times": 4},
    {"kind": "latency", "seconds": 0.8},
    {"kind": "concurrent_requests", "times": 1},
)
STOP_SECONDS = 25.0


class Chaos:
    """Does one fault after the other, each kind before any comes again.

    `done` counts them. `pause_seconds` are the least and the most between two. `old` is
    a checkout whose worker runs beside the new one at times.
    """

    def __init__(
        self,
        site: Site,
        random: Random,
        pause_seconds: tuple[float, float],
        old: Path | None = None,
    ) -> None:
        self._old = old
        self.done: Counter[str] = Counter()
        self._site = site
        self._random = random
        self._pause_seconds = pause_seconds
        self._stop = threading.Event()

    def run(self, stop: threading.Event, kinds: tuple[str, ...] = ()) -> None:
        """Go on until the stop; what was broken is whole again at the end."""
        self._stop = stop
        known = self._kinds()
        deck: list[str] = []
        while not stop.wait(self._random.uniform(*self._pause_seconds)):
            if not deck:
                deck = list(kinds or known)
                self._random.shuffle(deck)
            name = deck.pop()
            self.done[name] += 1
            with contextlib.suppress(ProcessLookupError):  # It died of another fault.
                known[name]()

    def _kinds(self) -> dict[str, Callable[[], None]]:
        site = self._site
        every: dict[str, Callable[[], None]] = {
            f"kill {name}": lambda name=name: site.kill(name)
            for name in ("web", "worker", "compliance", "beat", "redis", "org")
        }
        every |= {
            "kill a child of web": lambda: self._kill_child("web"),
            "kill a child of worker": lambda: self._kill_child("worker"),
            "kill worker's parent alone": self._kill_parent,
            "SIGTERM worker": self._stop_worker,
            "pause worker past its lease": self._pause_worker,
            "FLUSHALL": self._flush,
            "second beat": self._second_beat,
            "lock the database": self._lock_database,
            "half-open connection": self._hold_line,
            "slow connection": self._slow_line,
            "org fault": self._org_fault,
            "cut connections": site.line.cut,
        }
        if self._old is not None:
            every["worker with old code"] = self._old_worker
        if site.has_rabbitmq:
            every["kill rabbitmq"] = lambda: site.kill("rabbitmq")
        if site.is_sqlite:
            every["full disk"] = self._fill_disk
        else:
            every["kill postgres"] = lambda: site.kill("postgres")
            every["kill a child of postgres"] = lambda: self._kill_child("postgres")
        return every

    def _wait(self, least: float, most: float) -> None:
        self._stop.wait(self._random.uniform(least, most))

    def _kill_child(self, name: str) -> None:
        children = sorted(self._children(name), key=lambda pid: pid.number)
        if children:
            self._random.choice(children).kill()

    def _children(self, name: str) -> set[Pid]:
        """The processes below one, without the shell that may stand above them."""
        below = descendants_of(self._site.processes[name].pid)
        return {p for p in below if not p.command.startswith(("sh ", "/bin/sh "))}

    def _kill_parent(self) -> None:
        os.kill(self._site.processes["worker"].pid, signal.SIGKILL)

    def _stop_worker(self) -> None:
        process = self._site.processes["worker"]
        process.send(signal.SIGTERM)
        with contextlib.suppress(AssertionError):
            process.exit_code(STOP_SECONDS)
        process.kill_group()

    def _pause_worker(self) -> None:
        with _stopped(self._site.processes[self._random.choice(ENTRIES[1:])]):
            self._wait(LEASE_SECONDS, 2 * LEASE_SECONDS)

    def _flush(self) -> None:
        with (
            contextlib.suppress(redis.RedisError),
            redis.Redis.from_url(self._site.pieces.redis_url) as client,
        ):
            client.flushall()

    def _second_beat(self) -> None:
        beat = self._site.start_beside("beat", BEAT_SCHEDULE=".second-beat")
        self._wait(3, 6)
        beat.kill_group()

    def _old_worker(self) -> None:
        """In the place of the usual worker, beside that of the urgent calls."""
        assert self._old is not None
        site = self._site
        folders = {
            "PYTHONPATH": str(self._old),
            "CONFIG_DIR": str(self._old / "config"),
            "MAPPINGS_DIR": str(self._old / "mappings"),
        }
        site.is_held.add("worker")
        site.kill("worker")
        worker = site.start_beside("worker", self._old / "Procfile", **folders)
        self._wait(10, 20)
        worker.kill_group()
        site.is_held.discard("worker")

    def _lock_database(self) -> None:
        locked = _sqlite_locked if self._site.is_sqlite else _postgres_locked
        with locked(self._site):
            # Longer than the vendor waits, and sometimes than we do.
            self._wait(0.5, 12)

    def _hold_line(self) -> None:
        with self._site.line.held():
            self._wait(1, 2 * LEASE_SECONDS)

    def _slow_line(self) -> None:
        self._site.line.delay_seconds = self._random.uniform(0.05, 0.4)
        self._wait(1, 4)
        self._site.line.delay_seconds = 0.0

    def _org_fault(self) -> None:
        self._site.set_org_faults(self._random.choice(ORG_FAULTS))
        self._wait(1, 4)
        self._site.set_org_faults()

    def _fill_disk(self) -> None:
        """No file may grow past its beginning, as where no block is free."""
        processes = [self._site.processes[name] for name in ENTRIES]
        with _no_room(processes):
            self._wait(1, 5)


@contextmanager
def _stopped(process: Process) -> Iterator[None]:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGCONT)


@contextmanager
def _sqlite_locked(site: Site) -> Iterator[None]:
    connection = sqlite3.connect(site.database_path, isolation_level=None, timeout=20)
    with contextlib.closing(connection):
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def _postgres_locked(site: Site) -> Iterator[None]:
    """Lock the tables, unless the server is away."""
    try:
        connection = psycopg.connect(site.pieces.environment["DATABASE_URL"])
        connection.execute("LOCK TABLE event, lane IN ACCESS EXCLUSIVE MODE")
    except psycopg.Error:
        yield
        return
    with contextlib.closing(connection):
        yield


@contextmanager
def _no_room(processes: list[Process]) -> Iterator[None]:
    _limit_files(processes, 0)
    try:
        yield
    finally:
        _limit_files(processes, None)


def _limit_files(processes: list[Process], soft: int | None) -> None:
    for process in processes:
        for number in (process.pid, *(p.number for p in process.descendants())):
            with contextlib.suppress(ProcessLookupError):
                _, hard = resource.prlimit(number, resource.RLIMIT_FSIZE)
                limit = hard if soft is None else soft
                resource.prlimit(number, resource.RLIMIT_FSIZE, (limit, hard))
