"""Who runs a command, and writing down what it did. Floor 5."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from datetime import datetime

from worker.cli import stores

VARIABLE = "CRM_SYNC_ACTOR"


def actor(variables: Mapping[str, str]) -> str:
    """Return CRM_SYNC_ACTOR, or user@host where it is unset."""
    named = variables.get(VARIABLE, "").strip()
    return named or f"{_user()}@{socket.gethostname()}"


def note_act(
    action: str, subject: str, count: int, *, at: datetime, detail: str = ""
) -> int:
    """Write down what was done by hand, and by whom, as `Audit.note` takes it."""
    who = actor(os.environ)
    return stores.audit().note(
        action, actor=who, subject=subject, count=count, detail=detail, at=at
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "?"  # A container's user need not have a name.
