"""Rings of a process are put together, and none is swallowed."""

from __future__ import annotations

import threading

import pytest

from worker.errors import BrokerUnavailable
from worker.ringing import Ringing

WITHIN_SECONDS = 20


class Bell:
    """Notes its rings; after each turn it waits to be let on."""

    def __init__(self, *, broken: int = 0) -> None:
        self.rung: list[int] = []
        self.broken = broken
        self.is_waiting = threading.Event()
        self.may_go_on = threading.Event()

    def ring(self, lane: int) -> None:
        self.rung.append(lane)
        if len(self.rung) <= self.broken:
            raise BrokerUnavailable("ConnectionError")

    def pause(self) -> None:
        self.is_waiting.set()
        assert self.may_go_on.wait(WITHIN_SECONDS)


def test_a_lane_is_rung_for_at_once_and_then_once_for_all_that_came() -> None:
    bell = Bell()
    ringing = Ringing(bell.ring, bell.pause)

    ringing.ring(1)
    assert bell.is_waiting.wait(WITHIN_SECONDS)
    at_once = list(bell.rung)
    for lane in (1, 1, 0, 1):
        ringing.ring(lane)
    bell.may_go_on.set()
    ringing.close()

    assert at_once == [1]
    assert bell.rung == [1, 0, 1]


def test_a_ring_that_fails_is_logged_and_the_next_lane_rung_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bell = Bell(broken=1)
    ringing = Ringing(bell.ring, bell.may_go_on.wait)
    bell.may_go_on.set()

    ringing.ring(0)
    ringing.ring(1)
    ringing.close()

    assert bell.rung == [0, 1]
    assert caplog.messages == ["lane 0 waits for the sweep: ConnectionError"]
