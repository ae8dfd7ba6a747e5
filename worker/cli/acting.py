"""Who runs a command that is written down. Floor 5."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Mapping

VARIABLE = "CRM_SYNC_ACTOR"


def actor(variables: Mapping[str, str]) -> str:
    """Return CRM_SYNC_ACTOR, or user@host where it is unset."""
    named = variables.get(VARIABLE, "").strip()
    return named or f"{_user()}@{socket.gethostname()}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "?"  # A container's user need not have a name.
