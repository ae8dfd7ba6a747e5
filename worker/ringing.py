"""Rings of a process put together: a lane is rung for once in a moment. Floor 2.

A ring costs about as much as a commit's share, and no vendor should wait for it: the
event is stored. What a process that dies has not rung for, the sweep does.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Condition, Thread

from worker.errors import BrokerUnavailable

# A drain takes longer than this, and looks again at its end.
PAUSE_SECONDS = 0.05

log = logging.getLogger(__name__)


class Ringing:
    """Rings from a thread of its own: at once, and then no more often than it may.

    Each call is followed by a ring of its lane: none is swallowed by one before it. The
    thread starts with the first call, so that a process may fork before.
    """

    def __init__(
        self,
        ring: Callable[[int], None],
        pause: Callable[[], None] = lambda: time.sleep(PAUSE_SECONDS),
    ) -> None:
        self._ring = ring
        self._pause = pause
        self._changed = Condition()
        self._lanes: set[int] = set()
        self._thread: Thread | None = None
        self._is_closed = False

    def ring(self, lane: int) -> None:
        """Have the lane rung for."""
        with self._changed:
            self._lanes.add(lane)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="rings", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Ring for what waits, and end the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while lanes := self._next_lanes():
            for lane in lanes:
                try:
                    self._ring(lane)
                except BrokerUnavailable as error:
                    log.warning("lane %d waits for the sweep: %s", lane, error)
            self._pause()

    def _next_lanes(self) -> list[int]:
        with self._changed:
            self._changed.wait_for(lambda: self._lanes or self._is_closed)
            lanes = sorted(self._lanes)
            self._lanes.clear()
        return lanes
