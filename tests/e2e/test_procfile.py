"""The Procfile, line by line from a plain shell, and all of it by honcho."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from worker import broker
from worker.cli.processes import free_port
from worker.cli.redis_server import redis_command
from worker.localorg import LocalOrg

from .deliveries import ROOT, Vendor, cora_call, new_id
from .polling import eventually
from .processes import Process
from .stacks import BIN, PLAIN, PROCFILE, Ledger, answers_ping, is_up

STOP_SECONDS = 15.0


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

    def worker_answers(self) -> bool:
        app = broker.make_app(lambda: (self.env["REDIS_URL"], 1))
        try:
            return bool(app.control.ping(timeout=0.5))
        finally:
            app.close()


def env_example() -> dict[str, str]:
    lines = (ROOT / "config" / "env.example").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return dict(pairs)


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
                "DATABASE_URL": f"sqlite:///{folder / 'fresh.db'}",
                "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
                "PORT": str(free_port()),
                "FLOWER_PORT": str(free_port()),
                # The first sweep comes after so many seconds.
                "SWEEP_SECONDS": "1",
            }
            eventually(lambda: answers_ping(env["REDIS_URL"]), "Redis")
            yield Site(folder, env, org)
    finally:
        redis.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("lines")) as site:
        yield site


@pytest.fixture(scope="module")
def lines(site: Site) -> Iterator[dict[str, Process]]:
    """Every line of the Procfile, started as written, side by side."""
    processes = {
        name: Process(("sh", "-c", line), site.env, site.folder, site.folder / name)
        for name, line in PROCFILE.items()
    }
    yield processes
    for process in processes.values():
        process.stop()


ANSWERS: dict[str, Callable[[Site, Process], bool]] = {
    "web": lambda site, _: is_up(f"{site.web_url}/healthz"),
    "worker": lambda site, _: site.worker_answers(),
    "beat": lambda _, process: "Sending due task sweep" in process.output,
    "flower": lambda site, _: is_up(f"{site.flower_url}/"),
}


def test_the_procfile_has_the_four_lines() -> None:
    assert list(PROCFILE) == list(ANSWERS)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_line_starts_as_written_answers_and_stops_on_sigterm(
    name: str, site: Site, lines: dict[str, Process]
) -> None:
    process = lines[name]
    eventually(lambda: process.answers(ANSWERS[name](site, process)), name)
    below = process.descendants()
    process.send(signal.SIGTERM)

    assert process.exit_code(STOP_SECONDS) == 0
    assert [pid for pid in below if pid.lives] == []


def test_honcho_brings_all_four_up_and_a_call_goes_through(tmp_path: Path) -> None:
    with running_site(tmp_path) as site:
        command = (str(BIN / "honcho"), "start")
        honcho = Process(command, site.env, site.folder, site.folder / "honcho")
        try:
            for name, is_answering in ANSWERS.items():
                eventually(
                    lambda test=is_answering: honcho.answers(test(site, honcho)), name
                )
            assert synced_over(site) == "synced"
            below = honcho.descendants()
            honcho.send(signal.SIGTERM)
            honcho.exit_code(STOP_SECONDS)
            eventually(lambda: not [p for p in below if p.lives], "all have ended")
        finally:
            honcho.stop()


def synced_over(site: Site) -> str:
    """The state that a call ends in."""
    number = new_id("ACC")
    site.org.insert("Debt_Account__c", [{"Name": "A", "Account_Number__c": number}])
    vendor = Vendor(site.web_url, site.env)
    ledger = Ledger(site.env["DATABASE_URL"])
    try:
        event_id = vendor.accepted("cora", cora_call(new_id("call"), number))
        return str(ledger.settled(event_id)["state"])
    finally:
        vendor.close()
        ledger.close()
