"""The short form of `make soak`: everything is killed once while calls come in."""

from __future__ import annotations

import pytest

from tests.databases import DATABASES

from .soak import Plan, Result, describe, soak

KINDS = (
    "kill web",
    "kill worker",
    "kill a child of worker",
    "kill compliance",
    "kill beat",
    "kill redis",
    "kill org",
    "FLUSHALL",
    "cut connections",
    "full disk",
)
PLAN = Plan(
    seconds=5,
    seed=4,
    per_second=10,
    debtors=12,
    pause_seconds=(0.1, 0.3),
    kinds=KINDS,
    hands=1,
)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return soak(tmp_path_factory.mktemp("soak"), DATABASES.kind, PLAN)


def test_whatever_is_killed_each_call_arrives_once_and_the_newest_stays(
    result: Result,
) -> None:
    assert result.balance.is_even, describe(DATABASES.kind, PLAN, result)
    assert sum(result.counts.values()) == len(result.tally.events)
    assert set(result.counts) <= {"synced", "skipped"}


def test_the_soak_did_all_that_it_is_to_do(result: Result) -> None:
    assert set(result.done) == set(KINDS)
    assert len(result.tally.calls) >= PLAN.seconds * PLAN.per_second - 1
    assert result.tally.answers["duplicate"]
    assert result.restarts
