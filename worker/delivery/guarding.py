"""Whether the org may be asked now: what draining asks, and tells. Floor 3."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from worker.crm import Crm
from worker.store.outcomes import EventOutcome
from worker.store.tables import EventRow


class Permit(Protocol):
    """The right to send one batch. Give it back by `close`."""

    @property
    def urgent_only(self) -> bool:
        """Whether no other calls may be sent."""

    @property
    def takes_jobs(self) -> bool:
        """Whether thousands of records may be sent at once."""

    def watch(self, crm: Crm) -> Crm:
        """Return the same CRM, of whose answers the guard is told."""

    def retry_seconds(self) -> float | None:
        """Return when to come back after a failure; None where it says nothing."""

    def close(self) -> None:
        """Say that nothing more is asked by it."""


class Guard(Protocol):
    """What knows the state of the org."""

    def ask(self, lane: int, *, urgent: bool) -> Permit | None:
        """Return a permit for a batch with urgent calls or without, or None."""


class _Free:
    """A permit that holds nothing up."""

    urgent_only = False
    takes_jobs = True

    def watch(self, crm: Crm) -> Crm:
        return crm

    def retry_seconds(self) -> float | None:
        return None

    def close(self) -> None:
        return


class _NoGuard:
    def ask(self, lane: int, *, urgent: bool) -> Permit | None:  # noqa: ARG002
        return _Free()


NO_GUARD: Guard = _NoGuard()


def allowed(rows: Sequence[EventRow], permit: Permit) -> Sequence[EventRow]:
    """Return the rows that the permit is for."""
    return [row for row in rows if row.urgent] if permit.urgent_only else rows


def due_again(
    outcomes: Sequence[EventOutcome], reasons: Collection[str], at: datetime
) -> list[EventOutcome]:
    """Return the outcomes, where those that ended for these reasons are due then."""
    return [
        replace(outcome, next_attempt_at=at) if outcome.reason in reasons else outcome
        for outcome in outcomes
    ]
