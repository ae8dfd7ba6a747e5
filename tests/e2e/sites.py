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

EARLY = "web, stopped early"
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


def run_lines(folder: Path) -> dict[str, Run]:
    """Run every line of the Procfile as written, side by side.

    `EARLY` is another web, which is told to stop while it starts.
    """
    processes: dict[str, Process] = {}
    with running_site(folder) as site:
        try:
            processes[EARLY] = _start_line(
                "web", site, "early", PORT=str(free_port()), WEB_WORKERS="1"
            )
            for name in PROCFILE:
                processes[name] = _start_line(name, site, name)
            early = processes[EARLY]
            is_starting = partial(early.has_said, "Spawning worker-")
            answered = {EARLY: holds(is_starting, WITHIN_SECONDS)}
            early_below = early.descendants()
            early.send(signal.SIGTERM)
            answered |= {
                name: holds(
                    partial(ANSWERS[name], site, processes[name]), WITHIN_SECONDS
                )
                for name in PROCFILE
            }
            below = {name: processes[name].descendants() for name in PROCFILE}
            for name in PROCFILE:
                processes[name].send(signal.SIGTERM)
            below[EARLY] = early_below
            return {
                name: _ended(process, answered[name], below[name])
                for name, process in processes.items()
            }
        finally:
            for process in processes.values():
                process.kill_group()


def _start_line(name: str, site: Site, log_name: str, **variables: str) -> Process:
    command = ("sh", "-c", PROCFILE[name])
    env = {**site.env, **variables}
    return Process(command, env, site.folder, site.folder / log_name)


def _ended(process: Process, has_answered: bool, below: set[Pid]) -> Run:
    """Wait until a process has ended that was told to; say how it did."""
    has_ended = holds(lambda: not process.is_running, STOP_SECONDS)
    return Run(
        has_answered,
        process.exit_code(0) if has_ended else None,
        {pid for pid in below if pid.lives},
        process.output,
    )


def run_honcho(folder: Path) -> tuple[Run, dict[str, bool], str]:
    """Run all lines by honcho; the run, who answered, and what became of a call."""
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
            return _ended(honcho, all(answered.values()), below), answered, state
        finally:
            honcho.kill()
