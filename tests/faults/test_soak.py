"""The short form of `make soak`: everything is killed once while calls come in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

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
)
PLAN = Plan(
    seconds=5,
    seed=4,
    per_second=10,
    debtors=12,
    pause_seconds=(0.1, 0.3),
    hands=1,
)
OF_POSTGRES = ("kill postgres", "kill a child of postgres")
PLANS = {
    "sqlite": replace(PLAN, kinds=(*KINDS, "full disk")),
    "postgres": replace(PLAN, kinds=(*KINDS, *OF_POSTGRES)),
}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("soak")
    return soak(folder, DATABASES.kind, PLANS[DATABASES.kind])


def test_whatever_is_killed_each_call_arrives_once_and_the_newest_stays(
    result: Result,
) -> None:
    plan = PLANS[DATABASES.kind]
    assert result.balance.is_even, describe(DATABASES.kind, plan, result)
    assert sum(result.counts.values()) == len(result.tally.events)
    assert set(result.counts) <= {"synced", "skipped"}


def test_the_soak_did_all_that_it_is_to_do(result: Result) -> None:
    assert set(result.done) == set(PLANS[DATABASES.kind].kinds)
    assert len(result.tally.calls) >= PLAN.seconds * PLAN.per_second - 1
    assert result.tally.answers["duplicate"]
    assert result.restarts


def test_a_postgresql_that_is_killed_loses_and_doubles_nothing(tmp_path: Path) -> None:
    plan = replace(PLAN, seconds=2, kinds=OF_POSTGRES)

    result = soak(tmp_path, "postgres", plan)

    assert result.balance.is_even, describe("postgres", plan, result)
    assert set(result.done) == set(OF_POSTGRES)
    assert result.restarts
    assert len(result.tally.events) >= plan.seconds * plan.per_second - 1
