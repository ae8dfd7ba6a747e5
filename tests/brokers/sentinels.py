"""A Redis with a replica and three Sentinels, all of one's own, on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.e2e.polling import eventually
from tests.e2e.processes import Process
from worker.cli.processes import free_port
from worker.cli.redis_server import redis_command
from worker.servers import Server

MASTER = "calls"
PASSWORD = "pass-word:of/redis@tests"
IN_URL = "pass-word%3Aof%2Fredis%40tests"
SENTINEL_PASSWORD = "pass-word-of-sentinels"
SENTINELS = 3


class Watched:
    """The master and its replica; which is which changes when the master dies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: dict[int, Process] = {}
        self._sentinels: list[int] = []

    @property
    def server(self) -> Server:
        hosts = ";".join(f"127.0.0.1:{port}" for port in self._sentinels)
        url = f"sentinel://:{IN_URL}@{hosts}/3"
        return Server(url, "", MASTER, SENTINEL_PASSWORD)

    def start(self) -> None:
        first = self._start_redis()
        self._start_redis("--replicaof", "127.0.0.1", str(first))
        for _ in range(SENTINELS):
            self._sentinels.append(self._start_sentinel(first))
        eventually(self._is_agreed, "every Sentinel knows the others and the replica")

    def kill_master(self) -> None:
        """SIGKILL for the master of now."""
        self._processes[self.master].kill_group()

    @property
    def master(self) -> int:
        """The port of the master, as the first Sentinel has it."""
        with self._client(self._sentinels[0]) as client:
            address = client.execute_command(
                "SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER
            )
        return int(address[1])

    def close(self) -> None:
        for process in self._processes.values():
            process.kill_group()

    def _start_redis(self, *options: str) -> int:
        port = free_port()
        passwords = ("--requirepass", PASSWORD, "--masterauth", PASSWORD)
        command = (*redis_command(port, self._folder), *passwords, *options)
        return self._start(port, command, PASSWORD)

    def _start_sentinel(self, master: int) -> int:
        port = free_port()
        path = self._folder / f"sentinel-{port}.conf"
        path.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {self._folder}\n"
            f"requirepass {SENTINEL_PASSWORD}\n"
            f"sentinel sentinel-pass {SENTINEL_PASSWORD}\n"
            f"sentinel monitor {MASTER} 127.0.0.1 {master} 2\n"
            f"sentinel auth-pass {MASTER} {PASSWORD}\n"
            f"sentinel down-after-milliseconds {MASTER} 500\n"
            f"sentinel failover-timeout {MASTER} 3000\n",
            encoding="utf-8",
        )
        binary = redis_command(port, self._folder)[0]
        return self._start(port, (binary, str(path), "--sentinel"), SENTINEL_PASSWORD)

    def _start(self, port: int, command: tuple[str, ...], password: str) -> int:
        process = Process(command, {}, self._folder, self._folder / f"redis-{port}")
        self._processes[port] = process
        eventually(lambda: process.answers(self._answers(port, password)), "Redis")
        return port

    def _answers(self, port: int, password: str) -> bool:
        with redis.Redis(port=port, password=password) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

    def _is_agreed(self) -> bool:
        for port in self._sentinels:
            with self._client(port) as client:
                state = client.execute_command("SENTINEL", "MASTER", MASTER)
            others = int(state["num-other-sentinels"])
            if others < SENTINELS - 1 or int(state["num-slaves"]) < 1:
                return False
        return True

    def _client(self, port: int) -> redis.Redis:
        password = SENTINEL_PASSWORD
        return redis.Redis(port=port, password=password, decode_responses=True)


@contextmanager
def running_sentinels(folder: Path) -> Iterator[Watched]:
    """Give them, once they know each other."""
    folder.mkdir(parents=True, exist_ok=True)
    watched = Watched(folder)
    try:
        watched.start()
        yield watched
    finally:
        watched.close()
