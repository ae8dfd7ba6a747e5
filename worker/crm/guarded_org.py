"""An org and its guard, tied together. Floor 2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from worker.crm.bulk_jobs import Waiting
from worker.crm.guard import OrgGuard
from worker.crm.lane_crm import LaneCrm, UnderWay
from worker.crm.notes import Board
from worker.crm.salesforce import SalesforceCrm
from worker.crm.session import Session
from worker.crm.usage import Budget


class GuardedOrg:
    """A `crm` whose answers its `guard` reads; while it probes, nothing is repeated.

    `open_session` makes its session, given `on_headers` for those of each answer.
    `clock_seconds` has to be one that all workers share; `jitter` is from 0 to 1.
    `waiting` is how its lanes' jobs are waited for.
    """

    def __init__(
        self,
        open_session: Callable[..., Session],
        budget: Budget,
        board: Board,
        clock_seconds: Callable[[], float],
        jitter: Callable[[], float],
        blip_wait_seconds: float = 0.2,
        waiting: Waiting | None = None,
    ) -> None:
        self.guard = OrgGuard(
            board, budget, lambda: self.crm.limits(), clock_seconds, jitter
        )
        self.session = open_session(on_headers=self.guard.meter.note_headers)
        self.crm = SalesforceCrm(self.session, blip_wait_seconds, self._may_repeat)
        self._board = board
        self._waiting = waiting or Waiting()
        self._blip_wait_seconds = blip_wait_seconds
        self._exact_keys: dict[tuple[str, str], bool] = {}

    def lane_crm(
        self, threshold: int, lane: int, may_wait: Callable[[], bool]
    ) -> LaneCrm:
        """Return a lane's `crm`: more than `threshold` records go by a job.

        A job that `may_wait` says no to is ended early.
        """
        return LaneCrm(
            self.session,
            threshold,
            UnderWay(self._board, lane),
            waiting=replace(self._waiting, may_wait=may_wait),
            exact_keys=self._exact_keys,
            blip_wait_seconds=self._blip_wait_seconds,
            may_repeat=self._may_repeat,
        )

    def _may_repeat(self) -> bool:
        return not self.guard.breaker.circuit().is_open
