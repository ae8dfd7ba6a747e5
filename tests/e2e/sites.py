"""The Procfile's lines and honcho, started as an operator starts them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.databases import DATABASES
from worker import broker
from worker.cli.processes import free_port
from worker.cli.redis_server import redis_command
from worker.localorg import LocalOrg
from worker.servers import Server

from .deliveries import ROOT, Vendor, cora_call, new_id
from .polling import WITHIN_SECONDS, eventually, holds
from .processes import Pid, Process
from .stacks import (
    BIN,
    PLAIN,
    PROCFILE,
    STOP_SECONDS,
    Ledger,
    answers_ping,
    is_up,
)

FLOWER_LOGIN = "reader:of-the-tests"


@dataclass(frozen=True, slots=True)
class Site:
    """A fresh folder to start in, with Redis and an org beside it."""

    folder: Path
    env: dict[str, str]
    org: LocalOrg

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.env['PORT']}"

    @property
    def flower_url(self) -> str:
        return f"http://127.0.0.1:{self.env['FLOWER_PORT']}"

    def flower_answers(self) -> bool:
        """Whether Flower is up, for who logs in and for nobody else."""
        url = self.flower_url
        with_login = url.replace("://", f"://{FLOWER_LOGIN}@")
        closed = ("/", "/metrics", "/healthcheck")
        return is_up(f"{with_login}/") and not any(is_up(url + p) for p in closed)

    def worker_answers(self, kind: str) -> bool:
        """Whether a Celery node is there whose name starts so."""
        app = broker.make_app(lambda: (Server(self.env["REDIS_URL"]), 1))
        try:
            nodes = [name for said in app.control.ping(timeout=0.5) for name in said]
            return any(name.startswith(f"{kind}@") for name in nodes)
        finally:
            app.close()

    def sent_call_ends_as(self) -> str:
        """The state that a call ends in."""
        number = new_id("ACC")
        self.org.insert("Debt_Account__c", [{"Name": "A", "Account_Number__c": number}])
        vendor = Vendor(self.web_url, self.env)
        ledger = Ledger(self.env["DATABASE_URL"])
        try:
            event_id = vendor.accepted("cora", cora_call(new_id("call"), number))
            return str(ledger.settled(event_id)["state"])
        finally:
            vendor.close()
            ledger.close()


ANSWERS: dict[str, Callable[[Site, Process], bool]] = {
    # Granian's processes do not hear a SIGTERM before they are up.
    "web": lambda site, process: (
        is_up(f"{site.web_url}/healthz")
        and process.output.count("Spawning worker-")
        == process.output.count(" runtime-1")
    ),
    "worker": lambda site, _: site.worker_answers("celery"),
    "compliance": lambda site, _: site.worker_answers("compliance"),
    "beat": lambda _, process: "Sending due task sweep" in process.output,
    "flower": lambda site, _: site.flower_answers(),
}


@dataclass(frozen=True, slots=True)
class Run:
    """What became of a command: did it answer, and how did it end on SIGTERM?"""

    has_answered: bool
    exit_code: int | None
    left: set[Pid]
    output: str


@dataclass(frozen=True, slots=True)
class Honcho:
    """A run of all lines: which have answered, and what state a call ended in."""

    run: Run
    answered: dict[str, bool]
    state: str


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """Give a folder as a checkout has it, and the example's environment for it."""
    for name in ("config", "mappings", "Procfile"):
        (folder / name).symlink_to(ROOT / name)
    redis_port = free_port()
    redis = Process(redis_command(redis_port, folder), PLAIN, folder, folder / "redis")
    try:
        with LocalOrg(ROOT / "config" / "salesforce") as org:
            env = {
                **PLAIN,
                **env_example(),
                "SALESFORCE_DOMAIN": org.url,
                "DATABASE_URL": DATABASES.new(folder / "fresh.db"),
                "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
                "PORT": str(free_port()),
                "FLOWER_PORT": str(free_port()),
                "FLOWER_BASIC_AUTH": FLOWER_LOGIN,
                # The first sweep comes after so many seconds.
                "SWEEP_SECONDS": "1",
            }
            eventually(lambda: answers_ping(env["REDIS_URL"]), "Redis")
            yield Site(folder, env, org)
    finally:
        redis.kill_group()


def env_example() -> dict[str, str]:
    lines = (ROOT / "config" / "env.example").read_text(encoding="utf-8").splitlines()
    return dict(
        line.split("=", 1) for line in lines if line and not line.startswith("#")
    )


def run_stopped_early(folder: Path) -> Run:
    """Tell web, from a plain shell, to stop while it starts."""
    with running_site(folder) as site:
        command = ("sh", "-c", PROCFILE["web"])
        env = {**site.env, "WEB_WORKERS": "1"}
        web = Process(command, env, folder, folder / "web")
        try:
            is_starting = holds(
                partial(web.has_said, "Spawning worker-"), WITHIN_SECONDS
            )
            below = web.descendants()
            web.send(signal.SIGTERM)
            return _ended(web, is_starting, below)
        finally:
            web.kill_group()


def _ended(process: Process, has_answered: bool, below: set[Pid]) -> Run:
    """Wait until a process has ended that was told to; say how it did."""
    has_ended = holds(lambda: not process.is_running, STOP_SECONDS)
    return Run(
        has_answered,
        process.exit_code(0) if has_ended else None,
        {pid for pid in below if pid.lives},
        process.output,
    )


def run_honcho(folder: Path) -> Honcho:
    """Run all lines by honcho, and send a call."""
    with running_site(folder) as site:
        command = (str(BIN / "honcho"), "start")
        env = {**site.env, "WEB_WORKERS": "1"}
        honcho = Process(command, env, folder, folder / "honcho")
        try:
            answered = {
                name: holds(partial(answers, site, honcho), WITHIN_SECONDS)
                for name, answers in ANSWERS.items()
            }
            state = site.sent_call_ends_as() if all(answered.values()) else "not sent"
            below = honcho.descendants()
            honcho.send(signal.SIGTERM)
            run = _ended(honcho, all(answered.values()), below)
            return Honcho(run, answered, state)
        finally:
            honcho.kill()
