"""An org and its guard, tied together. Floor 2."""

from __future__ import annotations

from collections.abc import Callable

from worker.crm.guard import OrgGuard
from worker.crm.notes import Board
from worker.crm.salesforce import SalesforceCrm
from worker.crm.session import Session
from worker.crm.usage import Budget


class GuardedOrg:
    """A `crm` whose answers its `guard` reads; while it probes, nothing is repeated.

    `open_session` makes its session, given `on_headers` for those of each answer.
    `clock_seconds` has to be one that all workers share; `jitter` is from 0 to 1.
    """

    def __init__(
        self,
        open_session: Callable[..., Session],
        budget: Budget,
        board: Board,
        clock_seconds: Callable[[], float],
        jitter: Callable[[], float],
        blip_wait_seconds: float = 0.2,
    ) -> None:
        self.guard = OrgGuard(
            board, budget, lambda: self.crm.limits(), clock_seconds, jitter
        )
        self.session = open_session(on_headers=self.guard.meter.note_headers)
        breaker = self.guard.breaker
        self.crm = SalesforceCrm(
            self.session,
            blip_wait_seconds,
            may_repeat=lambda: not breaker.circuit().is_open,
        )
