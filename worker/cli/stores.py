"""What of the database only commands use. Floor 5."""

from __future__ import annotations

from worker import bootstrap
from worker.store.attempts import Attempts
from worker.store.audit import Audit
from worker.store.parked import Parked
from worker.store.replays import Replays


def attempts() -> Attempts:
    """Return the histories of the events."""
    return Attempts(bootstrap.engine())


def parked() -> Parked:
    """Return what waits for a person."""
    return Parked(bootstrap.engine())


def replays() -> Replays:
    """Return what makes settled events due again."""
    return Replays(bootstrap.engine())


def audit() -> Audit:
    """Return who did what by hand."""
    return Audit(bootstrap.engine())
