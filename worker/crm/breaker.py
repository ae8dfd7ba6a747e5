"""The circuit breaker: a dead org is asked by one worker, seldom. Floor 2.

    closed ── failures in a row, or a limit ──▶ open ── first success ──▶ closed
                                                 └─ one probe at a time, in growing
                                                    intervals

Moments are seconds of a clock that all workers share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from worker.crm.notes import Board, Note, is_to_come, number
from worker.errors import CrmUnavailable

FAILURES_TO_OPEN = 3
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0
# Longer than a probe can take, so that only a probe whose worker died is given up.
PROBE_SECONDS = 300.0
# What is urgent may probe at once, all else so much later: a share of the wait.
HEAD_START = 0.1
LONGEST_HEAD_START_SECONDS = 5.0

NOTE = "breaker"


@dataclass(frozen=True, slots=True)
class Circuit:
    """What the workers know of the org's health.

    `wait_seconds` is 0 while it is closed. While it is open nobody asks before
    `ask_at`; `probe` counts the probes, and is the number of the last one.
    """

    failures: int = 0
    reason: str = ""
    opened_at: float = 0.0
    wait_seconds: float = 0.0
    ask_at: float = 0.0
    probe: int = 0

    @property
    def is_open(self) -> bool:
        """Whether nobody but a probe may ask the org."""
        return self.wait_seconds > 0

    def probed(self, now: float, *, urgent: bool) -> Circuit | None:
        """Return the circuit with a probe under way, or None while it is too early."""
        head_start = min(HEAD_START * self.wait_seconds, LONGEST_HEAD_START_SECONDS)
        probe_at = self.ask_at + (0.0 if urgent else head_start)
        if is_to_come(probe_at, now, max(self.wait_seconds, PROBE_SECONDS)):
            return None
        return replace(self, ask_at=now + PROBE_SECONDS, probe=self.probe + 1)

    def passed(self) -> Circuit:
        """Return the circuit after the org has answered."""
        return Circuit(probe=self.probe)

    def failed(self, now: float, probe: int, error: CrmUnavailable) -> Circuit:
        """Return the circuit after the org has not; `probe` is 0 if it was none."""
        wait_seconds = self._wait_seconds(probe, error.retry_after_seconds)
        noted = replace(self, failures=self.failures + 1, reason=error.code)
        if not wait_seconds:
            return noted
        return replace(
            noted,
            opened_at=self.opened_at if self.is_open else now,
            wait_seconds=wait_seconds,
            ask_at=now + wait_seconds,
        )

    def returned(self, now: float, probe: int) -> Circuit:
        """Return the circuit after a probe that has asked nothing."""
        is_out = self.is_open and probe == self.probe
        return replace(self, ask_at=now) if is_out else self

    def _wait_seconds(self, probe: int, asked_seconds: float | None) -> float:
        """Return how long to wait; 0 is to leave the circuit as it is."""
        if asked_seconds:
            return asked_seconds
        if not self.is_open:
            is_enough = self.failures + 1 >= FAILURES_TO_OPEN
            return FIRST_WAIT_SECONDS if is_enough else 0.0
        # What was under way when it opened says nothing new.
        is_news = probe and probe == self.probe
        return min(self.wait_seconds * 2, LONGEST_WAIT_SECONDS) if is_news else 0.0


class Breaker:
    """The circuit of all workers, kept on their board."""

    def __init__(self, board: Board, clock_seconds: Callable[[], float]) -> None:
        self._board = board
        self._clock_seconds = clock_seconds

    def circuit(self) -> Circuit:
        """Return the circuit as it is now."""
        return _circuit(self._board.read(NOTE))

    def enter(self, *, urgent: bool) -> int | None:
        """Return 0 where everybody may ask, a probe's number to one, else None."""
        if not self.circuit().is_open:
            return 0
        probe: int | None = None

        def take(circuit: Circuit) -> Circuit:
            nonlocal probe
            if not circuit.is_open:
                probe = 0
                return circuit
            probed = circuit.probed(self._clock_seconds(), urgent=urgent)
            probe = probed.probe if probed else None
            return probed or circuit

        self._change(take)
        return probe

    def passed(self) -> None:
        """The org has answered: close the circuit for all."""
        circuit = self.circuit()
        if circuit.is_open or circuit.failures:
            self._change(Circuit.passed)

    def failed(self, probe: int, error: CrmUnavailable) -> None:
        """The org has not answered to this probe, or to a request that was none."""
        self._change(lambda c: c.failed(self._clock_seconds(), probe, error))

    def leave(self, probe: int) -> None:
        """Give a probe back that has asked nothing."""
        self._change(lambda c: c.returned(self._clock_seconds(), probe))

    def _change(self, change: Callable[[Circuit], Circuit]) -> None:
        self._board.change(NOTE, lambda note: asdict(change(_circuit(note))))


def _circuit(note: Note) -> Circuit:
    """Return a note's circuit; what another version wrote is passed by."""
    return Circuit(
        failures=int(number(note, "failures")),
        reason=str(note.get("reason", "")),
        opened_at=number(note, "opened_at"),
        wait_seconds=number(note, "wait_seconds"),
        ask_at=number(note, "ask_at"),
        probe=int(number(note, "probe")),
    )
