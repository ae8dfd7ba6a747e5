"""Webhook secrets for a stack on this machine, where the environment has none. Floor 5.

They are no secrets, and only `up`, `demo` and a `send` to loopback ever use them: a
web process started by itself refuses to start without real ones.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import urlsplit

from worker.model import Connection

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


def local_secret(connection: Connection) -> str:
    """Return a text that every source takes for a secret."""
    return base64.b64encode(f"local only: {connection.name}".encode()).decode()


def fill_in(
    variables: Mapping[str, str], connections: Mapping[str, Connection]
) -> dict[str, str]:
    """Return the variables with a local secret for each connection that has none."""
    filled = dict(variables)
    for connection in connections.values():
        name = connection.secrets_variable
        if not filled.get(name) and not filled.get(f"{name}_FILE"):
            filled[name] = local_secret(connection)
    return filled


def is_loopback(url: str) -> bool:
    """Return whether a URL stays on this machine."""
    return urlsplit(url).hostname in LOOPBACK_HOSTS
