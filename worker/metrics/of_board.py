"""The figures of what the workers tell each other: sweeps and the org. Floor 3."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import Metric

from worker import broker
from worker.crm.breaker import LONGEST_WAIT_SECONDS, Breaker, Circuit
from worker.crm.notes import Board, number
from worker.crm.usage import Allowance, Budget, Meter, Usage
from worker.metrics.families import gauge, one

# How the codes of what is wrong with a login or its session begin.
_OF_LOGIN = ("login ", "LOGIN_RATE_EXCEEDED", "INVALID_SESSION_ID")


def of_sweeps(board: Board, now: float) -> Iterator[Metric]:
    """Give the age of the last sweep, where one is known."""
    swept_at = number(board.read(broker.SWEPT), "at")
    if swept_at:
        yield one(
            "sweep_age_seconds",
            "Seconds since a worker has swept: where they grow, beat or all workers"
            " are away.",
            _age(swept_at, now),
        )


def of_salesforce(board: Board, budget: Budget, now: float) -> Iterator[Metric]:
    """Give what the workers know of the org."""
    circuit = Breaker(board, lambda: now).circuit()
    latest = Meter(board, lambda: now).latest()
    allowance = budget.allows(latest)
    yield from _of_circuit(circuit, now)
    yield gauge(
        "salesforce_budget",
        "1 for what the API budget allows: all calls, usual ones slowly, or urgent"
        " ones only.",
        [({"allows": each.name.lower()}, each is allowance) for each in Allowance],
    )
    if latest is not None:
        yield from _of_usage(latest, now)


def _of_circuit(circuit: Circuit, now: float) -> Iterator[Metric]:
    yield one(
        "salesforce_breaker_open",
        "1 while the org is left alone but for one probe at a time.",
        circuit.is_open,
    )
    yield one(
        "salesforce_breaker_open_seconds",
        "Seconds since the breaker opened; 0 while it is closed.",
        _age(circuit.opened_at, now) if circuit.is_open else 0.0,
    )
    yield one(
        "salesforce_login_stopped",
        "1 while nobody logs in, since Salesforce refused a login, or so many.",
        _is_login_stopped(circuit),
    )


def _is_login_stopped(circuit: Circuit) -> bool:
    """Return whether a login was refused, and not only did not succeed.

    No note says so: the pause of logins is kept under the fingerprint of the login,
    which nobody can name without its secret. But no other wait of a login is so long.
    """
    is_long = circuit.wait_seconds > LONGEST_WAIT_SECONDS
    return is_long and circuit.reason.startswith(_OF_LOGIN)


def _of_usage(usage: Usage, now: float) -> Iterator[Metric]:
    yield one(
        "salesforce_api_requests_used",
        "API requests of the org in 24 hours, as its last answer named them.",
        usage.used,
    )
    yield one(
        "salesforce_api_requests_limit",
        "How many API requests the org has in 24 hours.",
        usage.limit,
    )
    yield one(
        "salesforce_api_requests_percent",
        "The share that is used, of the org's or of the app's own: the larger one.",
        usage.percent,
    )
    yield one(
        "salesforce_api_requests_age_seconds",
        "Seconds since an answer named the usage.",
        _age(usage.read_at, now),
    )


def _age(at: float, now: float) -> float:
    return max(0.0, now - at)
