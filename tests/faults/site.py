"""A whole installation of processes that may die, each started again at once."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import requests
from cryptography.fernet import Fernet

from tests.brokers.asking import ring_both
from tests.brokers.rabbitmq import RabbitMq, running_rabbitmq
from tests.e2e.deliveries import ROOT
from tests.e2e.org_client import OrgClient
from tests.e2e.polling import eventually
from tests.e2e.processes import Process
from tests.e2e.stacks import SCHEMA, Pieces, answers_ping, is_up
from worker.cli.processes import free_port
from worker.cli.redis_server import redis_command

from .line import Line
from .postgres import Server, prepare

LEASE_SECONDS = 3
LOOK_SECONDS = 0.1
RESTART_SECONDS = 0.3
# The order in which they start.
NAMES = ("postgres", "redis", "rabbitmq", "org", "web", "worker", "compliance", "beat")
VARIABLES = {
    "LEASE_SECONDS": str(LEASE_SECONDS),
    "SWEEP_SECONDS": "1",
    "LANES": "2",
}


@dataclass(slots=True)
class _Address:
    """What of the org a process needs to know."""

    url: str


class Site:
    """The Procfile's processes and the servers they need, under a supervisor.

    Where there is a RabbitMQ, rings go by it, and Redis keeps the notes.
    """

    def __init__(
        self,
        folder: Path,
        postgres: Server | None = None,
        rabbitmq: RabbitMq | None = None,
    ) -> None:
        self._folder = folder
        self._postgres = postgres
        self._rabbitmq = rabbitmq
        self._org_port = free_port()
        self.line = Line(self._org_port)
        self.org_url = f"http://127.0.0.1:{self._org_port}"
        self.processes: dict[str, Process] = {}
        self.is_held: set[str] = set()
        self.deaths = 0
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise)
        self._early: list[Process] = []
        variables = {**VARIABLES, "TOKEN_KEY": Fernet.generate_key().decode()}
        if postgres is not None:
            variables["DATABASE_URL"] = postgres.url
            self._start_postgres()
        if rabbitmq is not None:
            variables["BROKER_URL"] = rabbitmq.url
        self.pieces = Pieces(folder, _Address(self.line.url), **variables)
        self.redis_port = int(self.pieces.redis_url.rpartition(":")[2].split("/")[0])

    @property
    def is_sqlite(self) -> bool:
        return self._postgres is None

    @property
    def has_rabbitmq(self) -> bool:
        return self._rabbitmq is not None

    @property
    def database_path(self) -> Path:
        return self.pieces.data / "crm-sync.db"

    def start(self) -> None:
        """Start all, wait until they answer, then look after them."""
        absent = {"postgres"} if self.has_rabbitmq else {"postgres", "rabbitmq"}
        for name in NAMES:
            if name not in absent:
                self.start_one(name)
        eventually(lambda: is_up(f"{self.pieces.web_url}/healthz"), "web")
        eventually(lambda: answers_ping(self.pieces.redis_url), "Redis")
        self.await_org()
        self._supervisor.start()

    def await_org(self) -> None:
        eventually(lambda: is_up(f"{self.org_url}/"), "the org")

    def start_one(self, name: str) -> None:
        with self._lock:
            self.processes[name] = self._make(name)

    def kill(self, name: str) -> None:
        """Kill a process with all that it started; the supervisor starts it again."""
        self.processes[name].kill_group()

    @contextlib.contextmanager
    def org(self) -> Iterator[OrgClient]:
        """A client that goes to the org past the line."""
        client = OrgClient(self.org_url)
        try:
            yield client
        finally:
            client.close()

    def set_org_faults(self, *faults: dict[str, object]) -> None:
        """Switch the org's faults, unless the org is away."""
        with contextlib.suppress(requests.RequestException), self.org() as org:
            org.set_faults(*faults)

    def start_beside(
        self, name: str, procfile: Path = ROOT / "Procfile", **variables: str
    ) -> Process:
        """Start one more process of a kind, which nobody looks after."""
        pieces = self.pieces
        before = dict(pieces.environment)
        (line,) = re.findall(f"^{name}: (.*)$", procfile.read_text("utf-8"), re.M)
        with self._lock:
            pieces.environment.update(variables)
            try:
                return self._run(name, ("sh", "-c", line.rpartition("&& ")[2]))
            finally:
                pieces.environment = before

    def stop(self) -> None:
        self._stopping.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        self.pieces.close()
        for process in self._early:
            process.kill_group()
        self.line.close()

    def _supervise(self) -> None:
        died_at: dict[str, float] = {}
        while not self._stopping.wait(LOOK_SECONDS):
            for name, process in list(self.processes.items()):
                if process.is_running or name in self.is_held:
                    continue
                since = died_at.setdefault(name, time.monotonic())
                if time.monotonic() - since >= RESTART_SECONDS:
                    self.deaths += 1
                    del died_at[name]
                    self.start_one(name)

    def _make(self, name: str) -> Process:
        if name == "postgres":
            return self._start_postgres()
        if name == "rabbitmq" and self._rabbitmq is not None:
            return self._rabbitmq.launch()
        if name == "redis":
            return self._run(name, redis_command(self.redis_port, self._folder))
        if name == "org":
            where = ("--schema", str(SCHEMA), "--port", str(self._org_port))
            kept = ("--database", str(self._folder / "org.db"))
            return self._run(
                name, (sys.executable, "-m", "worker.localorg", *where, *kept)
            )
        return self.pieces.start(name)

    def _run(self, name: str, command: Iterable[str]) -> Process:
        return self.pieces._run(name, tuple(command))

    def _start_postgres(self) -> Process:
        assert self._postgres is not None
        stem = self._folder / f"postgres-{len(self._early)}"
        process = Process(self._postgres.command, {}, Path("/"), stem)
        self._early.append(process)
        if len(self._early) == 1:
            self.processes["postgres"] = process
            eventually(lambda: process.answers(_connects(self._postgres.url)), "it")
        return process


def _connects(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@contextlib.contextmanager
def running_site(folder: Path, engine: str, broker: str) -> Iterator[Site]:
    """Give a site, not yet started, on SQLite or on PostgreSQL."""
    with contextlib.ExitStack() as stack:
        server = rabbitmq = None
        if engine == "postgres":
            apart = TemporaryDirectory(prefix="crm-sync-", ignore_cleanup_errors=True)
            server = prepare(Path(stack.enter_context(apart)))
        if broker == "rabbitmq":
            rabbitmq = stack.enter_context(running_rabbitmq(folder / "rabbitmq"))
            # New queues that are not yet on its disk have no leader after a kill.
            ring_both(rabbitmq.server)
            rabbitmq.stop()
        site = Site(folder, server, rabbitmq)
        stack.callback(site.stop)
        yield site
