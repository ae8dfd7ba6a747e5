"""The circuit breaker: opened by failures, probed by one, closed for all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest

from tests.crm.logins import board_at, running_redis
from worker.crm.breaker import PROBE_SECONDS, Breaker
from worker.crm.notes import Board, take_turn
from worker.errors import CrmUnavailable
from worker.noticeboard import OwnBoard, RedisBoard

DOWN = CrmUnavailable("HTTP 503")
TOTAL = CrmUnavailable("REQUEST_LIMIT_EXCEEDED", 600.0)


class Moment:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


def opened(board: Board, moment: Moment) -> Breaker:
    breaker = Breaker(board, moment)
    for _ in range(3):
        breaker.failed(0, DOWN)
    return breaker


def test_it_opens_after_three_failures_in_a_row() -> None:
    breaker = Breaker(OwnBoard(), Moment())

    breaker.failed(0, DOWN)
    breaker.failed(0, DOWN)
    breaker.passed()
    breaker.failed(0, DOWN)
    breaker.failed(0, DOWN)
    still_closed = breaker.enter(urgent=True)
    breaker.failed(0, DOWN)

    assert still_closed == 0
    assert breaker.circuit().reason == "HTTP 503"
    assert breaker.circuit().opened_at == 1000.0
    assert breaker.enter(urgent=True) is None


@pytest.mark.parametrize("has_probe", [False, True])
def test_a_clock_that_is_set_back_lets_the_next_one_probe(has_probe: bool) -> None:
    """Nobody waits for the clock to be where it was when the wait was reckoned."""
    moment = Moment()
    breaker = opened(OwnBoard(), moment)
    if has_probe:
        moment.seconds += 2
        assert breaker.enter(urgent=True) == 1
    moment.seconds -= 600

    assert breaker.enter(urgent=False) == 1 + has_probe
    assert breaker.enter(urgent=True) is None


def test_probes_are_alone_and_their_intervals_double_up_to_a_minute() -> None:
    moment = Moment()
    breaker = opened(OwnBoard(), moment)
    waits = []
    for _ in range(9):
        opened_at = moment.seconds
        while (probe := breaker.enter(urgent=True)) is None:
            moment.seconds += 0.5
        waits.append(moment.seconds - opened_at)
        assert breaker.enter(urgent=True) is None
        breaker.failed(probe, DOWN)

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_what_was_under_way_when_it_opened_changes_nothing() -> None:
    breaker = opened(OwnBoard(), Moment())
    before = breaker.circuit()

    breaker.failed(0, DOWN)

    assert breaker.circuit().ask_at == before.ask_at
    assert breaker.circuit().wait_seconds == before.wait_seconds


def test_the_first_success_closes_it_for_all() -> None:
    board, moment = OwnBoard(), Moment()
    breaker, other = opened(board, moment), Breaker(board, moment)
    moment.seconds += 1
    probe = breaker.enter(urgent=True)

    held = other.enter(urgent=True)
    breaker.passed()

    assert probe == 1
    assert held is None
    assert other.enter(urgent=False) == 0
    assert not other.circuit().is_open


def test_urgent_calls_may_probe_first() -> None:
    moment = Moment()
    breaker = opened(OwnBoard(), moment)
    moment.seconds += 1

    usual = breaker.enter(urgent=False)
    urgent = breaker.enter(urgent=True)

    assert usual is None
    assert urgent == 1


def test_usual_calls_probe_where_nothing_is_urgent() -> None:
    moment = Moment()
    breaker = opened(OwnBoard(), moment)
    moment.seconds += 1.2

    assert breaker.enter(urgent=False) == 1


def test_a_limit_opens_it_at_once_for_as_long_as_it_asks() -> None:
    moment = Moment()
    breaker = Breaker(OwnBoard(), moment)

    breaker.failed(0, TOTAL)
    moment.seconds += 599
    before = breaker.enter(urgent=True)
    moment.seconds += 1
    probe = breaker.enter(urgent=True)
    assert probe is not None
    breaker.failed(probe, TOTAL)

    assert before is None
    assert breaker.circuit().ask_at == moment.seconds + 600
    assert breaker.circuit().opened_at == 1000.0


def test_a_probe_that_asked_nothing_is_given_back() -> None:
    moment = Moment()
    breaker = opened(OwnBoard(), moment)
    moment.seconds += 1
    probe = breaker.enter(urgent=True)
    assert probe is not None

    breaker.leave(probe)

    assert breaker.enter(urgent=True) == probe + 1


def test_a_probe_whose_worker_died_is_given_up() -> None:
    moment = Moment()
    breaker = opened(OwnBoard(), moment)
    moment.seconds += 1
    died = breaker.enter(urgent=True)
    moment.seconds += PROBE_SECONDS - 1
    too_early = breaker.enter(urgent=True)
    moment.seconds += 1

    assert died == 1
    assert too_early is None
    assert breaker.enter(urgent=True) == 2


@pytest.mark.parametrize("seconds", [1.0, 600.0, PROBE_SECONDS])
def test_an_open_circuit_does_not_last_until_a_clock_set_back_comes_round(
    seconds: float,
) -> None:
    moment = Moment()
    breaker = Breaker(OwnBoard(), moment)
    breaker.failed(0, CrmUnavailable("away", seconds))
    moment.seconds -= 3600

    assert breaker.enter(urgent=False) == 1


def test_a_turn_does_not_wait_until_a_clock_set_back_comes_round() -> None:
    board = OwnBoard()
    assert take_turn(board, "limits", 5000, 60)

    assert not take_turn(board, "limits", 4999, 60)
    assert take_turn(board, "limits", 1000, 60)


def test_sixteen_workers_take_one_probe_through_redis(redis_url: str) -> None:
    moment = Moment()
    boards = [board_at(redis_url, moment) for _ in range(16)]
    opened(boards[0], moment)
    moment.seconds += 1
    taken: list[int | None] = []
    barrier = Barrier(16)

    def probe(board: RedisBoard) -> None:
        barrier.wait()
        taken.append(Breaker(board, moment).enter(urgent=True))

    threads = [Thread(target=probe, args=(board,)) for board in boards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = Breaker(boards[-1], moment)
    last.passed()
    states = {Breaker(board, moment).circuit().is_open for board in boards}
    for board in boards:
        board.close()

    assert sorted(taken, key=str) == [1, *[None] * 15]
    assert states == {False}


def test_without_redis_a_worker_has_a_breaker_of_its_own(tmp_path: Path) -> None:
    moment = Moment()
    with running_redis(tmp_path) as url:
        board = board_at(url, moment)
        opened(board, moment)
    moment.seconds += 1

    breaker = Breaker(board, moment)
    probe = breaker.enter(urgent=True)

    assert probe == 1
    assert breaker.enter(urgent=True) is None
    breaker.passed()
    assert breaker.enter(urgent=True) == 0
    board.close()


def test_redis_that_comes_back_is_asked_again(redis_url: str) -> None:
    moment = Moment()
    board = board_at(redis_url, moment)
    other = board_at(redis_url, moment)
    board._silent_until = moment.seconds + 5
    other.change("greeting", lambda _: {"word": "hello"})

    silent = board.read("greeting")
    moment.seconds += 5

    assert silent == {}
    assert board.read("greeting") == {"word": "hello"}
    board.close()
    other.close()


def test_a_note_that_is_none_is_empty(redis_url: str) -> None:
    moment = Moment()
    board = board_at(redis_url, moment)
    board._redis.set("crm-sync:breaker", "no note")
    unread = Breaker(board, moment).enter(urgent=False)
    board._redis.set("crm-sync:breaker", "[1]")

    assert unread == 0
    assert Breaker(board, moment).enter(urgent=False) == 0
    board.close()


def test_a_turn_that_a_clock_ahead_has_taken_is_free_once_it_is_right_again() -> None:
    board = OwnBoard()

    taken = [take_turn(board, "limits", now, 60) for now in (7200, 7200, 3600, 3601)]

    assert taken == [True, False, True, False]


def test_a_turn_is_one_workers_until_the_next() -> None:
    board = OwnBoard()

    taken = [take_turn(board, "limits", now, 60) for now in (0, 1, 59, 60, 61)]

    assert taken == [True, False, False, True, False]
