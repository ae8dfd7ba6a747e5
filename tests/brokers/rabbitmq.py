"""A RabbitMQ of one's own, as Debian's package has it, on loopback."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.polling import eventually
from tests.e2e.processes import Process
from worker import broker
from worker.cli.processes import free_port
from worker.servers import Server

# Beside the one on the PATH, which becomes another user and knows no other folder.
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
USER, PASSWORD, VHOST = "crm-sync", "pass-word:of/rabbit@tests", "calls"
IN_URL = "pass-word%3Aof%2Frabbit%40tests"


def is_installed() -> bool:
    """Whether there is a RabbitMQ to start: `apt-get install rabbitmq-server`."""
    return SERVER.is_file() and shutil.which("epmd") is not None


def is_wanted() -> bool:
    """Whether it is to be tried: it takes a minute, and not every machine has it."""
    return bool(os.environ.get("TRY_BROKERS")) and is_installed()


class RabbitMq:
    """The server and the port mapper of Erlang that it needs. What it keeps is kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._starts = 0
        self._process: Process | None = None
        self.port = free_port()
        self.url = f"amqp://{USER}:{IN_URL}@127.0.0.1:{self.port}/{VHOST}"
        self._environment = self._variables()
        (folder / "rabbitmq.conf").write_text(
            f"default_user = {USER}\ndefault_pass = {PASSWORD}\n"
            f"default_vhost = {VHOST}\nlog.console = true\n",
            encoding="utf-8",
        )
        (folder / "plugins").write_text("[].\n", encoding="utf-8")
        epmd = ("epmd", "-port", self._environment["ERL_EPMD_PORT"])
        self._epmd = Process(epmd, self._environment, folder, folder / "epmd")

    @property
    def server(self) -> Server:
        return Server(self.url)

    @property
    def pids(self) -> list[int]:
        """Its processes, to be stopped and continued."""
        assert self._process is not None
        return [pid.number for pid in self._process.descendants()]

    def launch(self) -> Process:
        """Start it, with what it had before."""
        self._starts += 1
        log_stem = self._folder / f"rabbitmq-{self._starts}"
        process = Process((str(SERVER),), self._environment, self._folder, log_stem)
        self._process = process
        return process

    def start(self) -> None:
        """Launch it, and wait until it answers."""
        process = self.launch()
        eventually(lambda: process.answers(broker.is_there(self.server)), "RabbitMQ")

    def kill(self) -> None:
        """SIGKILL: what it has not written is lost."""
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        """SIGTERM, and wait: all that it has is on the disk then."""
        assert self._process is not None
        self._process.send(signal.SIGTERM)
        self._process.exit_code()

    def close(self) -> None:
        """Leave no process behind."""
        self.kill()
        self._epmd.kill_group()

    def _variables(self) -> dict[str, str]:
        folder = self._folder
        on_loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(free_port()),
            "RABBITMQ_NODENAME": f"rabbit-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": on_loopback,
        }


@contextmanager
def running_rabbitmq(folder: Path) -> Iterator[RabbitMq]:
    """Give a RabbitMQ that answers, and end it and all that it started."""
    folder.mkdir(parents=True, exist_ok=True)
    rabbitmq = RabbitMq(folder)
    try:
        rabbitmq.start()
        yield rabbitmq
    finally:
        rabbitmq.close()
