"""The one way in which these tests wait: for a condition, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

WITHIN_SECONDS = 90.0
POLL_SECONDS = 0.02


def eventually(
    condition: Callable[[], T], what: str, within_seconds: float = WITHIN_SECONDS
) -> T:
    """Return the first true answer of the condition; fail where there is none."""
    deadline = time.monotonic() + within_seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {within_seconds} s: {what}"
        time.sleep(POLL_SECONDS)
    return answer


def holds(condition: Callable[[], object], within_seconds: float) -> bool:
    """Whether a condition becomes true in time."""
    deadline = time.monotonic() + within_seconds
    while not (answer := condition()) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return bool(answer)
