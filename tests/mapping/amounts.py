"""How much the tests that try many files try: a fixed part, or with `FUZZ` all."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

FUZZ = bool(os.environ.get("FUZZ"))
# One node in a file has 19 other nodes that may stand there, or more. Seven and 19 have
# no divisor in common: every node is changed, and in seven nodes it is each way.
EVERY = 1 if FUZZ else 7


def amount(whole: int) -> int:
    """Return so many, or in the usual run a quarter of them."""
    return whole if FUZZ else whole // 4


def examples(whole: int) -> settings:
    """Return how Hypothesis tries so many examples, or a sixth of them."""
    return settings(
        max_examples=whole if FUZZ else whole // 6,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
