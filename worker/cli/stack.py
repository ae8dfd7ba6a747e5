"""Everything on this machine: Redis, org, web, worker, beat, Flower. Floor 5."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests
from cryptography.fernet import Fernet
from sqlalchemy import Engine, make_url

from worker import broker
from worker.cli.local_secrets import fill_in
from worker.cli.processes import Child, free_port, stop_all
from worker.cli.redis_server import redis_command
from worker.errors import SyncError
from worker.servers import Server
from worker.settings import Needs, load_settings
from worker.store.engine import open_engine
from worker.store.schema import migrate

START_TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.05


class StackStopped(Exception):
    """It was asked to stop while it was starting."""


class StackFailed(SyncError):
    """A process did not come up; the message has the end of its log."""

    reason = "stack_failed"


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the parts of a running stack are; `metrics_token_file` is a path.

    `database` has no password in it.
    """

    web: str
    org: str
    redis: str
    database: str
    flower: str | None
    metrics: str
    metrics_token_file: str


class Stack:
    """The whole system on loopback, its state in one folder. Stop it in `finally`.

    `is_stopping` is asked while it starts. Events are in that folder too, or where
    DATABASE_URL says.
    """

    def __init__(
        self,
        state_dir: Path,
        port: int,
        *,
        with_flower: bool,
        own_database: bool = True,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._is_stopping = is_stopping
        state = state_dir.resolve()
        self._state = state
        self._settings = load_settings(os.environ, Needs.NOTHING)
        self._database = self._settings.database_url
        if own_database:
            self._database = f"sqlite:///{state / 'crm-sync.db'}"
        self._ports = {name: free_port() for name in ("redis", "org", "flower")}
        self._ports["web"] = port or free_port()
        at = {name: f"127.0.0.1:{port}" for name, port in self._ports.items()}
        self.urls = Urls(
            web=f"http://{at['web']}",
            org=f"http://{at['org']}",
            redis=f"redis://{at['redis']}/0",
            database=make_url(self._database).render_as_string(),
            flower=f"http://{at['flower']}" if with_flower else None,
            metrics=f"http://{at['web']}/metrics",
            metrics_token_file=str(state / "metrics-token"),
        )
        self.environment = self._environment()
        self._children: list[Child] = []
        self._servers: list[Child] = []

    def start(self, say: Callable[[str], None]) -> None:
        """Start everything and wait until it is ready.

        Raises `StackFailed` and `StackStopped`.
        """
        self._state.mkdir(parents=True, exist_ok=True)
        _write_secret(self.urls.metrics_token_file, secrets.token_urlsafe())
        migrate(self.engine())
        say("starting Redis and the local org")
        self._servers = [self._redis(), self._org()]
        self._start(self._servers)
        self._await(self._servers[0], self._redis_answers)
        self._await(self._servers[1], lambda: _answers(f"{self.urls.org}/"))
        say("starting web, worker and beat")
        self._children = self._processes()
        self._start(self._children)
        self._await(self._children[0], lambda: _answers(f"{self.urls.web}/readyz"))
        self._await(self._children[1], self._worker_answers)
        if self.urls.flower:
            flower = self.urls.flower
            self._await(self._children[-1], lambda: _answers(f"{flower}/"))

    def stop(self) -> None:
        """Stop everything: the processes first, what they use after them."""
        stop_all(self._children)
        stop_all(self._servers)

    def revive(self) -> list[str]:
        """Start again what has died; return the names."""
        now = time.monotonic()
        every = (*self._servers, *self._children)
        return [child.name for child in every if child.revive(now)]

    def engine(self) -> Engine:
        """Return an engine of the stack's database."""
        return open_engine(self._database, self._settings.data_keys)

    def _environment(self) -> dict[str, str]:
        own = {
            "DATABASE_URL": self._database,
            "REDIS_URL": self.urls.redis,
            "SALESFORCE_DOMAIN": self.urls.org,
            "SALESFORCE_CLIENT_ID": "local",
            "SALESFORCE_CLIENT_SECRET": "local",
            "TOKEN_KEY": Fernet.generate_key().decode(),
            "METRICS_TOKEN_FILE": self.urls.metrics_token_file,
            "SWEEP_SECONDS": os.environ.get("SWEEP_SECONDS", "2"),
            "PYTHONUNBUFFERED": "1",
        }
        inherited = fill_in(os.environ, self._settings.connections)
        for name in own:
            inherited.pop(f"{name}_FILE", None)
        # What belongs to the operator's own; here Flower is on loopback alone.
        for name in ("METRICS_TOKEN", "FLOWER_BASIC_AUTH"):
            inherited.pop(name, None)
        # The Redis of its own keeps all.
        inherited = {
            name: value
            for name, value in inherited.items()
            if not name.startswith(("REDIS_", "BROKER_"))
        }
        return {**inherited, **own}

    def _child(self, name: str, *command: str) -> Child:
        log_path = self._state / "logs" / f"{name}.log"
        return Child(name, command, self.environment, log_path)

    def _redis(self) -> Child:
        return self._child("redis", *redis_command(self._ports["redis"], self._state))

    def _org(self) -> Child:
        schema = self._settings.config_dir / "salesforce"
        return self._child(
            "org",
            *(sys.executable, "-m", "worker.localorg", "--schema", str(schema)),
            *("--database", str(self._state / "org.db")),
            *("--port", str(self._ports["org"])),
        )

    def _processes(self) -> list[Child]:
        celery = (sys.executable, "-m", "celery", "-A", "worker")
        quiet = ("--loglevel", "INFO", "--without-gossip", "--without-mingle")
        worker = (*celery, "worker", *quiet)
        schedule = str(self._state / "beat-schedule")
        processes = [
            self._child(
                "web",
                *(sys.executable, "-m", "granian", "--interface", "rsgi"),
                *("--host", "127.0.0.1", "--port", str(self._ports["web"])),
                *("--workers", "1", "--http", "1"),
                # A worker that is still starting does not hear that it should stop.
                *("--workers-kill-timeout", "5", "worker.rsgi:app"),
            ),
            self._child(
                "worker",
                *(*worker, "--queues", "celery,compliance", "--concurrency", "2"),
            ),
            self._child(
                "compliance",
                *(*worker, "--queues", "compliance", "--concurrency", "1"),
                *("--hostname", "compliance@%h"),
            ),
            self._child("beat", *celery, "beat", "--schedule", schedule, "--pidfile="),
        ]
        if self.urls.flower:
            flower = (sys.executable, "-m", "worker.flower_door")
            at = ("--address=127.0.0.1", f"--port={self._ports['flower']}")
            processes.append(self._child("flower", *flower, *at))
        return processes

    def _start(self, children: list[Child]) -> None:
        for child in children:
            child.start()

    def _await(self, child: Child, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not is_ready():
            if self._is_stopping():
                raise StackStopped
            if not child.is_running() or time.monotonic() > deadline:
                tail = child.log_tail()
                raise StackFailed(f"{child.name} did not start:\n{tail}")
            time.sleep(POLL_SECONDS)

    def _redis_answers(self) -> bool:
        return broker.is_there(Server(self.urls.redis))

    def _worker_answers(self) -> bool:
        app = broker.make_app(lambda: (Server(self.urls.redis), 10))
        try:
            return bool(app.control.ping(timeout=0.3))
        finally:
            app.close()


def _write_secret(path: str, secret: str) -> None:
    """Write a file that nobody else may read, also where an older one is there."""
    Path(path).unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(secret)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False
