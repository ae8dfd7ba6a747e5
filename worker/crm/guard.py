"""When the org is asked at all: breaker, budget and limits in one. Floor 2.

A permit is for one batch. Urgent calls are held up by a dead org alone, and probe it
first; no budget stops them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from worker.crm import Crm
from worker.crm.breaker import Breaker
from worker.crm.notes import Board, take_turn
from worker.crm.usage import Allowance, Budget, Meter
from worker.crm.watched import watched
from worker.errors import CrmRefused, CrmUnavailable

# Above the budget a lane's usual calls are sent once in so long, in fuller batches.
SLOW_SECONDS = 60.0
# How often `/limits` is asked while no answer tells the usage.
RECHECK_SECONDS = 300.0
# How long a lane waits where too many long requests are under way.
BUSY_SECONDS = (1.0, 5.0)
# The org is there, and refuses this request or this moment alone.
_THERE = frozenset(
    {
        "QUERY_TIMEOUT",
        "REQUEST_RUNNING_TOO_LONG",
        "STORAGE_LIMIT_EXCEEDED",
        "UNABLE_TO_LOCK_ROW",
        "HTTP 413",
        "bulk job under way",
        "results that cannot be read",
        "answer of another length",
        "answer of another shape",
    }
)
# What is refused with this has not left the house.
_NOT_SENT = "INVALID_JSON"

T = TypeVar("T")


class OrgGuard:
    """The guard of one org. `limits` asks for `/limits`; `jitter` is from 0 to 1."""

    def __init__(
        self,
        board: Board,
        budget: Budget,
        limits: Callable[[], Mapping[str, Any]],
        clock_seconds: Callable[[], float],
        jitter: Callable[[], float],
    ) -> None:
        self.breaker = Breaker(board, clock_seconds)
        self.meter = Meter(board, clock_seconds)
        self._board = board
        self._budget = budget
        self._limits = limits
        self._clock_seconds = clock_seconds
        self._jitter = jitter

    def ask(self, lane: int, *, urgent: bool) -> OrgPermit | None:
        """Return a permit for a batch of the lane, or None where it has to wait.

        `urgent` says that the batch has urgent calls.
        """
        probe = self.breaker.enter(urgent=urgent)
        if probe is None:
            return None
        permit = OrgPermit(self.breaker, probe, self._busy_seconds())
        if not probe and not self._know_usage(permit):
            return None
        allowance = self.allowance()
        is_free = not probe and allowance is Allowance.ALL
        permit.urgent_only = urgent and not is_free
        permit.takes_jobs = is_free
        if urgent or self._has_turn(lane, allowance):
            return permit
        permit.close()
        return None

    def allowance(self) -> Allowance:
        """Return what the budget allows by now."""
        return self._budget.allows(self.meter.latest())

    def _has_turn(self, lane: int, allowance: Allowance) -> bool:
        """Return whether the usual calls of a lane may be sent now."""
        if allowance is Allowance.SLOWLY:
            now = self._clock_seconds()
            return take_turn(self._board, f"slow:{lane}", now, SLOW_SECONDS)
        return allowance is Allowance.ALL

    def _know_usage(self, permit: OrgPermit) -> bool:
        """Ask for the usage where no answer tells it; False if the org is away.

        One worker asks, at intervals; a user without the right goes on without.
        """
        usage, now = self.meter.latest(), self._clock_seconds()
        is_paused = self._budget.allows(usage) is Allowance.URGENT_ONLY
        is_old = usage is None or (is_paused and _is_far(usage.read_at, now))
        if not is_old or not take_turn(self._board, "recheck", now, RECHECK_SECONDS):
            return True
        try:
            self.meter.note_limits(permit.told(self._limits))
        except CrmRefused:
            return True
        except CrmUnavailable:
            return False
        return True

    def _busy_seconds(self) -> float:
        least, most = BUSY_SECONDS
        return least + (most - least) * self._jitter()


@dataclass(slots=True)
class OrgPermit:
    """The right to send one batch; `probe` is its number, or 0 for none."""

    breaker: Breaker
    probe: int
    busy_seconds: float
    urgent_only: bool = False
    takes_jobs: bool = False
    _error: CrmUnavailable | None = None
    _has_passed: bool = False
    _alone: Lock = field(default_factory=Lock)

    def watch(self, crm: Crm) -> Crm:
        """Return the same CRM, of whose answers the breaker is told."""
        return watched(crm, self.told)

    def told(self, ask: Callable[[], T]) -> T:
        """Ask the org, and tell the breaker what came of it.

        A probe asks once: what would be sent beside or after it fails as it did.
        """
        if not self._is_probing:
            return self._tell(ask)
        with self._alone:
            if self._is_probing and self._error is not None:
                raise self._error
            return self._tell(ask)

    def _tell(self, ask: Callable[[], T]) -> T:
        try:
            answer = ask()
        except CrmRefused as error:
            if error.code != _NOT_SENT:
                self._passed()
            raise
        except CrmUnavailable as error:
            self._error = error
            if error.code in _THERE or _is_busy(error):
                self._passed()
            else:
                self.breaker.failed(self.probe, error)
            raise
        self._passed()
        return answer

    def retry_seconds(self) -> float | None:
        """Return when to come back after a failure; None where it says nothing.

        While the circuit is open that is all there is to wait for, and where too many
        requests are under way a few seconds do.
        """
        if self._error is None:
            return None
        if self.breaker.circuit().is_open:
            return 0.0
        return self.busy_seconds if _is_busy(self._error) else None

    def close(self) -> None:
        """Say that nothing more is asked; a probe that asked nothing is given back."""
        if self._is_probing and self._error is None:
            self.breaker.leave(self.probe)

    @property
    def _is_probing(self) -> bool:
        return bool(self.probe) and not self._has_passed

    def _passed(self) -> None:
        self._has_passed = True
        self.breaker.passed()


def _is_far(read_at: float, now: float) -> bool:
    """Return whether that was long ago, or is of a clock that was set back since."""
    return not -RECHECK_SECONDS < now - read_at < RECHECK_SECONDS


def _is_busy(error: CrmUnavailable) -> bool:
    """Return whether too many requests are under way, and not too many were sent."""
    is_limit = error.code == "REQUEST_LIMIT_EXCEEDED"
    return is_limit and not error.retry_after_seconds
