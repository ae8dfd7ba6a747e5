"""How much is tried of each target, and what came of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

# `make fuzz` sets it; without it the inputs are few and the same in every run.
ASKED = os.environ.get("FUZZ_INPUTS", "")
INPUTS = int(ASKED or 1000)
SHARES: dict[str, float] = {}
TRIED: Counter[str] = Counter()
FAILED: Counter[str] = Counter()


def fuzz(
    target: str, share: float, *inputs: SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Try a test with its share of the inputs, and count them for the table."""
    SHARES[target] = share

    def decorated(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def counted(*arguments: Any, **fixtures: Any) -> None:
            TRIED[target] += 1
            try:
                test(*arguments, **fixtures)
            except BaseException:
                FAILED[target] += 1
                raise

        chosen = settings(
            derandomize=not ASKED,
            max_examples=round(INPUTS * share),
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        return chosen(given(*inputs)(counted))

    return decorated


def table() -> list[str]:
    """Return the lines of what was tried."""
    rows = [(name, TRIED[name], FAILED[name]) for name in sorted(TRIED)]
    rows.append(("all", TRIED.total(), FAILED.total()))
    lines = [f"{name:<24}{tried:>9,}{failed:>9}" for name, tried, failed in rows]
    return [f"{'target':<24}{'inputs':>9}{'failures':>9}", *lines]
