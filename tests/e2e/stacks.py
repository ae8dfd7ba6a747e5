"""Running systems: all of `crm-sync up`, or its pieces one by one."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
import requests

from tests.databases import DATABASES, hurry, make_tables
from worker import broker
from worker.cli.events import list_events
from worker.cli.processes import free_port
from worker.cli.redis_server import redis_command
from worker.intake import Intake
from worker.localorg import LocalOrg
from worker.mapping_folder import load_mappings
from worker.servers import Server
from worker.store.engine import open_engine
from worker.store.events import Events

from .deliveries import (
    FIXTURES,
    ROOT,
    SECRETS,
    TIMEOUT_SECONDS,
    Vendor,
    connections,
    signed,
)
from .org_client import OrgClient
from .polling import eventually, holds
from .processes import Pid, Process

BIN = Path(sys.executable).parent
# All that the processes get of the tests' own environment.
PLAIN = {
    "PATH": f"{BIN}{os.pathsep}{os.defpath}",
    "LANG": "C.UTF-8",
    "PYTHONPATH": str(ROOT),  # These very files, whatever is installed.
}
PROCFILE = dict(
    line.split(": ", 1)
    for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
)
FOLDERS = {
    "CONFIG_DIR": str(ROOT / "config"),
    "MAPPINGS_DIR": str(ROOT / "mappings"),
}
SCHEMA = ROOT / "config" / "salesforce"
APP = "worker.rsgi:app"
LANES = 2
END_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# A stop takes 2 to 4 s. More than 25 s is a worker that waits for itself, not a slow
# machine.
STOP_SECONDS = 20.0


def is_up(url: str) -> bool:
    """Whether a GET is answered with 200."""
    with requests.Session() as http:
        http.trust_env = False
        try:
            return http.get(url, timeout=TIMEOUT_SECONDS).status_code == 200
        except requests.RequestException:
            return False


def answers_ping(redis_url: str) -> bool:
    """Whether a Redis server is there."""
    with redis.Redis.from_url(redis_url) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False


def accounts() -> Any:
    """The debtors of the fixtures."""
    return json.loads((FIXTURES / "org" / "Debt_Account__c.json").read_bytes())


class Ledger:
    """What a database says of its events."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        self.events = Events(self._engine)

    def close(self) -> None:
        self._engine.dispose()

    def counts(self) -> dict[str, int]:
        return self.events.count_by_state()

    def all(self) -> dict[int, dict[str, Any]]:
        """Every event with its records, by id."""
        return {event["event"]: event for event in list_events(self.events, 10_000)}

    def settled(self, event_id: int) -> dict[str, Any]:
        """An event, once it is settled."""

        def find() -> dict[str, Any] | None:
            row = self.events.get(event_id)
            assert row is not None, f"no event {event_id}"
            return None if row.state == "pending" else self.all()[event_id]

        return eventually(find, f"event {event_id} is settled") or {}

    def await_all_settled(self) -> dict[str, int]:
        """The counts by state, once no event is pending."""
        eventually(lambda: "pending" not in self.counts(), "every event is settled")
        return self.counts()


class Up:
    """`crm-sync up`, started; `await_ready` gives its URLs."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.state_dir = folder / "state"
        self.database_url = DATABASES.new(self.state_dir / "crm-sync.db")
        if DATABASES.kind != "sqlite":
            options = (*options, "--database-url")
        command = (str(BIN / "crm-sync"), "up", "--port", "0", *options)
        variables = {"SWEEP_SECONDS": "1", "DATABASE_URL": self.database_url}
        self.process = Process(
            (*command, "--state-dir", str(self.state_dir)),
            {**PLAIN, **SECRETS, **variables},
            ROOT,
            folder / "up",
        )

    def await_ready(self) -> dict[str, Any]:
        """What its ready line says."""
        process = self.process
        eventually(lambda: process.answers("\n" in process.out), "the ready line")
        ready: dict[str, Any] = json.loads(process.out)
        return ready


@dataclass(frozen=True, slots=True)
class End:
    """How an `up` has ended: its exit code, and which of its processes are left."""

    ready: dict[str, Any]
    started: set[Pid]
    exit_code: int | None
    left: set[Pid]
    output: str


def end_ups(folder: Path) -> dict[int, End]:
    """Start an `up` for each signal that ends one, and end it."""
    ups = {}
    for number in END_SIGNALS:
        (folder / number.name).mkdir()
        ups[number] = Up(folder / number.name, "--no-flower")
    try:
        ready = {number: up.await_ready() for number, up in ups.items()}
        started = {number: up.process.descendants() for number, up in ups.items()}
        for number, up in ups.items():
            up.process.send(number)
        ends = {}
        for number, up in ups.items():
            process = up.process
            has_ended = holds(lambda p=process: not p.is_running, STOP_SECONDS)
            ends[number] = End(
                ready[number],
                started[number],
                process.exit_code(0) if has_ended else None,
                {pid for pid in started[number] if pid.lives},
                process.output,
            )
        return ends
    finally:
        for up in ups.values():
            up.process.kill()


class Stack:
    """A running `crm-sync up` with what the tests look at it through."""

    def __init__(self, up: Up, urls: dict[str, Any]) -> None:
        self.process = up.process
        self.state_dir = up.state_dir
        self.urls = urls
        self.vendor = Vendor(urls["web"])
        self.org = OrgClient(urls["org"])
        self.database_url = up.database_url
        self.ledger = Ledger(self.database_url)

    def close(self) -> None:
        self.vendor.close()
        self.org.close()
        self.ledger.close()

    def new_account(self, number: str) -> str:
        """The Salesforce id of a new debtor, whom no other test knows."""
        rows = [{"Name": f"Account {number}", "Account_Number__c": number}]
        return self.org.seed("Debt_Account__c", rows)[0]


class Pieces:
    """Redis, web, worker and beat as the Procfile has them, each started when wanted.

    The org is in the tests' process. Nothing runs at first but the org.
    """

    def __init__(self, folder: Path, org: LocalOrg, **variables: str) -> None:
        self._folder = folder
        self._processes: list[Process] = []
        self._redis_port = free_port()
        self.org = org
        self.data = folder / "data"
        self.data.mkdir()
        self.web_url = f"http://127.0.0.1:{free_port()}"
        self.redis_url = f"redis://127.0.0.1:{self._redis_port}/0"
        self.environment = {
            **PLAIN,
            **SECRETS,
            **FOLDERS,
            "DATABASE_URL": DATABASES.new(self.data / "crm-sync.db"),
            "REDIS_URL": self.redis_url,
            "SALESFORCE_DOMAIN": org.url,
            "SALESFORCE_CLIENT_ID": "local",
            "SALESFORCE_CLIENT_SECRET": "local",
            "PORT": self.web_url.rpartition(":")[2],
            "WEB_WORKERS": "1",
            "SWEEP_SECONDS": "1",
            "LANES": str(LANES),
            "PYTHONPATH": str(ROOT),  # These very files, whatever is installed.
            **variables,
        }
        self.broker = Server(self.environment.get("BROKER_URL", self.redis_url))
        database = self.environment["DATABASE_URL"]
        engine = open_engine(database)
        make_tables(engine)
        engine.dispose()
        self.ledger = Ledger(database)
        self.vendor = Vendor(self.web_url)

    def start(self, name: str, app: str = APP) -> Process:
        """Start a line of the Procfile, without its migration, for another app too."""
        command = PROCFILE[name].rpartition("&& ")[2]
        assert app == APP or APP in command
        command = command.replace(APP, app)
        return self._run(name, ("sh", "-c", command))

    def start_redis(self) -> Process:
        process = self._run("redis", redis_command(self._redis_port, self._folder))
        eventually(lambda: process.answers(answers_ping(self.redis_url)), "Redis")
        return process

    def start_web(self) -> Process:
        process = self.start("web")
        eventually(lambda: process.answers(self._web_answers()), "web")
        return process

    def take_in(self, bodies: Iterable[tuple[str, bytes]]) -> None:
        """Store each connection's delivery and ring for it, as the endpoint does.

        Unlike the endpoint it waits for no disk: a thousand times would be long.
        """
        known = connections(SECRETS)
        engine = open_engine(self.environment["DATABASE_URL"])
        hurry(engine)
        app = broker.make_app(lambda: (self.broker, 1))
        intake = Intake(
            events=Events(engine),
            mappings=load_mappings(ROOT / "mappings"),
            connections=known,
            lanes=int(self.environment["LANES"]),
            ring=lambda lane: broker.ring(app, lane),
        )
        try:
            for name, body in bodies:
                answer = intake.accept(name, signed(known[name], body))
                assert answer.status == "accepted"
        finally:
            app.close()
            engine.dispose()

    def close(self) -> None:
        """Kill what runs: how it stops when told to is for other tests."""
        for process in reversed(self._processes):
            process.kill_group()
        self.ledger.close()
        self.vendor.close()

    def _run(self, name: str, command: Sequence[str]) -> Process:
        log_stem = self._folder / f"{name}-{len(self._processes)}"
        process = Process(command, self.environment, self._folder, log_stem)
        self._processes.append(process)
        return process

    def _web_answers(self) -> bool:
        return is_up(f"{self.web_url}/healthz")


@contextmanager
def running_pieces(
    folder: Path, schema_dir: Path = SCHEMA, **variables: str
) -> Iterator[Pieces]:
    """Give pieces, and stop what was started of them."""
    with LocalOrg(schema_dir) as org:
        pieces = Pieces(folder, org, **variables)
        try:
            yield pieces
        finally:
            pieces.close()
