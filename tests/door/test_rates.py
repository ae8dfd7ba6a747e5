"""Token buckets, with a clock as argument."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.delivery.harness import START
from worker.rates import Rates


def later(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def test_a_minutes_worth_goes_at_once_and_then_as_it_refills() -> None:
    rates = Rates(60)

    assert [rates.take("a", START) for _ in range(60)] == [0.0] * 60
    assert rates.take("a", START) == pytest.approx(1.0)
    assert rates.take("a", START + later(0.25)) == pytest.approx(0.75)
    assert rates.take("a", START + later(1)) == 0
    assert rates.take("a", START + later(1)) == pytest.approx(1.0)


def test_a_pause_fills_no_more_than_the_bucket() -> None:
    rates = Rates(3)
    for _ in range(3):
        rates.take("a", START)
    day = START + later(86_400)

    assert [rates.take("a", day) > 0 for _ in range(4)] == [False, False, False, True]


def test_each_key_has_a_bucket_of_its_own() -> None:
    rates = Rates(1)

    assert rates.take("a", START) == 0
    assert rates.take("b", START) == 0
    assert rates.take("a", START) > 0


def test_a_clock_that_is_put_back_neither_gives_nor_takes() -> None:
    rates = Rates(2)
    rates.take("a", START)

    assert rates.take("a", START - later(3600)) == 0
    assert rates.take("a", START - later(3600)) == pytest.approx(30.0)
    assert rates.take("a", START - later(3570)) == pytest.approx(0.0)


def test_what_is_given_back_can_be_taken_again_and_no_more() -> None:
    rates = Rates(2)
    rates.take("a", START)
    rates.give_back("a")
    rates.give_back("a")
    rates.give_back("never taken")

    assert [rates.take("a", START) == 0 for _ in range(3)] == [True, True, False]


def test_of_many_keys_the_least_used_are_forgotten() -> None:
    rates = Rates(1, most_keys=100)
    for number in range(10_000):
        rates.take(str(number), START)

    assert len(rates._buckets) == 100
    assert rates.take("9999", START) > 0
    assert rates.take("0", START) == 0


def test_threads_together_take_no_more_than_there_is() -> None:
    rates = Rates(50)
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: rates.take("a", START), range(400)))

    assert waits.count(0.0) == 50
