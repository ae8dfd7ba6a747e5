"""The figures as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from sqlalchemy import Engine

from tests.crm.logins import board_at, running_redis
from tests.guarded import guarded
from tests.store.query_plans import statements
from tests.store.test_events import NOW
from tests.store.test_tallies import add
from worker import broker
from worker.crm.notes import Board, take_turn
from worker.crm.usage import Budget
from worker.errors import BrokerUnavailable, CrmUnavailable
from worker.localorg import LocalOrg
from worker.metrics import NOTES, Metrics
from worker.metrics.of_events import LONGEST_LABEL, MOST_LABELS
from worker.noticeboard import OwnBoard
from worker.store.engine import open_engine
from worker.store.events import Events
from worker.store.tallies import Tallies

LATER = NOW + timedelta(minutes=20)
AGE_SECONDS = 1200.0
Notes = Callable[[Sequence[str]], Board | None]


def no_redis(_names: Sequence[str]) -> Board:
    raise BrokerUnavailable("ConnectionError")


def metrics_of(engine: Engine, notes: Notes = no_redis) -> Metrics:
    return Metrics(Tallies(engine).take, notes, Budget(80, 95), lambda: LATER)


def scraped(metrics: Metrics) -> list[Sample]:
    """The samples, after everything that a reader asks of the format was looked at."""
    families = list(text_string_to_metric_families(metrics.text().decode()))
    samples = [sample for family in families for sample in family.samples]
    series = [(sample.name, tuple(sample.labels.items())) for sample in samples]
    assert len(set(series)) == len(series)
    assert all(family.name.startswith("crm_sync_") for family in families)
    assert all(family.documentation.endswith(".") for family in families)
    return samples


def figures(metrics: Metrics, name: str) -> dict[tuple[str, ...], float]:
    """The values of one figure, by those of its labels in their names' order."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for sample in scraped(metrics)
        if sample.name == f"crm_sync_{name}"
    }


def figure(metrics: Metrics, name: str) -> float | None:
    return figures(metrics, name).get(())


def on(board: Board) -> Notes:
    return lambda _names: board


def test_an_empty_database_has_every_series_at_nothing(engine: Engine) -> None:
    metrics = metrics_of(engine)
    urgency = {("false",): 0.0, ("true",): 0.0}

    assert figure(metrics, "database_up") == 1
    assert set(figures(metrics, "events").values()) == {0}
    assert figures(metrics, "pending_events") == urgency
    assert figures(metrics, "pending_oldest_seconds") == urgency
    assert figures(metrics, "urgent_unconfirmed_oldest_seconds") == {
        ("parked",): 0,
        ("pending",): 0,
    }
    assert figures(metrics, "parked_events") == {}
    assert figures(metrics, "deliveries_refused_total") == {}


def test_events_are_told_by_state_and_urgency(engine: Engine) -> None:
    add(engine, 2, state="pending", urgent=True)
    add(engine, state="pending", next_attempt_at=LATER + timedelta(seconds=1))
    add(engine, 4, state="synced")
    metrics = metrics_of(engine)
    two = {("true",): 2.0, ("false",): 1.0}

    assert figures(metrics, "events") == {
        ("pending",): 3,
        ("synced",): 4,
        ("skipped",): 0,
        ("parked",): 0,
    }
    assert figures(metrics, "pending_events") == two
    assert figures(metrics, "pending_due_events") == {("true",): 2, ("false",): 0}
    ages = {("true",): AGE_SECONDS, ("false",): AGE_SECONDS}
    assert figures(metrics, "pending_oldest_seconds") == ages
    assert figures(metrics, "pending_due_oldest_seconds")[("false",)] == 0


def test_an_urgent_event_is_unconfirmed_while_it_is_pending_or_parked(
    engine: Engine,
) -> None:
    add(engine, state="synced", urgent=True)
    add(engine, state="pending", urgent=False)
    metrics = metrics_of(engine)
    name = "urgent_unconfirmed_oldest_seconds"
    before = figures(metrics, name)

    add(engine, state="pending", urgent=True, received_at=NOW)
    add(engine, state="parked", urgent=True, reason="no_match", received_at=LATER)

    assert before == {("pending",): 0, ("parked",): 0}
    assert figures(metrics, name) == {("pending",): AGE_SECONDS, ("parked",): 0}


def test_refusals_are_a_counter_by_connection_and_reason(engine: Engine) -> None:
    for remote in ("10.0.0.1", "10.0.0.2"):
        Events(engine).reject("cora", "bad_signature", remote, NOW)
    metrics = metrics_of(engine)

    refused = figures(metrics, "deliveries_refused_total")
    assert refused == {("cora", "bad_signature"): 2}
    assert b"# TYPE crm_sync_deliveries_refused_total counter" in metrics.text()


def test_reasons_are_told_up_to_a_bound_and_the_most_frequent_first(
    database: Engine,
) -> None:
    for number in range(MOST_LABELS + 10):
        add(database, 1, state="parked", reason=f"rare-{number}")
    add(database, 2, state="parked", reason="often")

    told = figures(metrics_of(database), "parked_events")

    assert len(told) == MOST_LABELS
    assert next(iter(told.items())) == (("often", "false"), 2)


@pytest.mark.parametrize(
    "reason", [None, "", 'a "b"\\\n', "\u2028é", "x" * 500, "{", "# HELP"]
)
def test_no_reason_breaks_the_format(database: Engine, reason: str | None) -> None:
    add(database, state="parked", reason=reason)
    ends = ("1", "2")
    for end in ends:
        add(database, state="parked", reason="y" * LONGEST_LABEL + end)

    told = figures(metrics_of(database), "parked_events")

    shown = (reason or "?")[:LONGEST_LABEL]
    assert told == {(shown, "false"): 1, ("y" * LONGEST_LABEL, "false"): 2}


def test_a_scrape_costs_four_statements(engine: Engine) -> None:
    add(engine, 30, state="pending")
    add(engine, 30, state="parked", reason="no_match")
    metrics = metrics_of(engine)

    with statements(engine) as asked:
        metrics.text()

    assert len([words for words, _ in asked if "SELECT" in words]) == 4


def test_making_them_asks_nothing() -> None:
    gone = open_engine("sqlite:////nowhere/at.db")

    with statements(gone) as asked:
        metrics_of(gone)

    assert asked == []


def test_without_the_database_the_rest_is_told() -> None:
    board = OwnBoard({broker.SWEPT: {"at": LATER.timestamp() - 7}})
    metrics = metrics_of(open_engine("sqlite:////nowhere/at.db"), on(board))

    assert figure(metrics, "database_up") == 0
    assert figures(metrics, "events") == {}
    assert figure(metrics, "broker_up") == 1
    assert figure(metrics, "sweep_age_seconds") == 7


def test_without_redis_the_rest_is_told(engine: Engine) -> None:
    metrics = metrics_of(engine, no_redis)
    names = {sample.name for sample in scraped(metrics)}

    assert figure(metrics, "broker_up") == 0
    assert figure(metrics, "database_up") == 1
    assert not [name for name in names if "salesforce" in name or "sweep" in name]


def test_where_no_notes_are_shared_the_broker_is_told_alone(database: Engine) -> None:
    """As with RabbitMQ and no Redis: what one web process knows is not the workers'."""
    metrics = metrics_of(database, lambda _names: None)
    names = {sample.name for sample in scraped(metrics)}

    assert figure(metrics, "broker_up") == 1
    assert not [name for name in names if "salesforce" in name or "sweep" in name]


def test_a_board_without_notes_tells_what_is_so_by_itself(database: Engine) -> None:
    metrics = metrics_of(database, on(OwnBoard()))

    assert figure(metrics, "sweep_age_seconds") is None
    assert figure(metrics, "salesforce_breaker_open") == 0
    assert figure(metrics, "salesforce_breaker_open_seconds") == 0
    assert figure(metrics, "salesforce_login_stopped") == 0
    assert figure(metrics, "salesforce_api_requests_used") is None
    assert figures(metrics, "salesforce_budget")[("all",)] == 1


@pytest.mark.parametrize(
    ("note", "is_open", "is_stopped"),
    [
        ({"wait_seconds": 60.0, "reason": "HTTP 503"}, 1, 0),
        ({"wait_seconds": 600.0, "reason": "REQUEST_LIMIT_EXCEEDED"}, 1, 0),
        ({"wait_seconds": 60.0, "reason": "login ConnectionError"}, 1, 0),
        ({"wait_seconds": 900.0, "reason": "login invalid_client"}, 1, 1),
        ({"wait_seconds": 3600.0, "reason": "LOGIN_RATE_EXCEEDED"}, 1, 1),
        ({"wait_seconds": 900.0, "reason": "INVALID_SESSION_ID"}, 1, 1),
        ({"wait_seconds": 0.0, "failures": 2, "reason": "login invalid"}, 0, 0),
        ({"wait_seconds": "often", "reason": None}, 0, 0),
    ],
)
def test_the_breaker_tells_an_org_that_is_away_from_a_login_that_is_refused(
    database: Engine, note: dict[str, object], is_open: int, is_stopped: int
) -> None:
    opened_at = LATER.timestamp() - 90
    board = OwnBoard({"breaker": {**note, "opened_at": opened_at}})
    metrics = metrics_of(database, on(board))

    assert figure(metrics, "salesforce_breaker_open") == is_open
    assert figure(metrics, "salesforce_breaker_open_seconds") == 90 * is_open
    assert figure(metrics, "salesforce_login_stopped") == is_stopped


@pytest.mark.parametrize(
    ("used", "allows"), [(10, "all"), (80, "slowly"), (95, "urgent_only")]
)
def test_the_usage_and_what_the_budget_allows_are_told(
    database: Engine, used: int, allows: str
) -> None:
    read_at = LATER.timestamp() - 30
    note = {"used": used, "limit": 100, "app_used": 9, "app_limit": 100}
    board = OwnBoard({"usage": {**note, "read_at": read_at}})
    metrics = metrics_of(database, on(board))
    name = "salesforce_api_requests"

    assert figure(metrics, f"{name}_used") == used
    assert figure(metrics, f"{name}_limit") == 100
    assert figure(metrics, f"{name}_percent") == used
    assert figure(metrics, f"{name}_age_seconds") == 30
    budget = figures(metrics, "salesforce_budget")
    assert {key for key, value in budget.items() if value} == {(allows,)}
    assert sorted(budget) == [("all",), ("slowly",), ("urgent_only",)]


def test_what_workers_learned_of_an_org_is_told_without_asking_it(
    database: Engine, org: LocalOrg
) -> None:
    org.limit(1000, used_by_others=100)
    board = OwnBoard()
    with guarded(org.url, board, LATER.timestamp) as there:
        there.crm.find("Task", ["Id"], {"Subject": ["none"]})
    org.faults.add("login_rate_exceeded", path="/services/oauth2/token")
    with guarded(org.url, board, LATER.timestamp) as there:
        permit = there.guard.ask(1, urgent=False)
        assert permit is not None
        with pytest.raises(CrmUnavailable):
            permit.watch(there.crm).find("Task", ["Id"], {"Subject": ["none"]})
    org.reset_stats()
    metrics = metrics_of(database, on(board))

    assert figure(metrics, "salesforce_api_requests_limit") == 1000
    assert (figure(metrics, "salesforce_api_requests_used") or 0) > 100
    assert figure(metrics, "salesforce_login_stopped") == 1
    assert (org.stats()["api_requests"], org.stats()["logins"]) == (0, 0)


def test_clocks_that_differ_make_no_negative_ages(database: Engine) -> None:
    ahead = LATER + timedelta(seconds=3)
    add(database, state="pending", received_at=ahead)
    board = OwnBoard({broker.SWEPT: {"at": ahead.timestamp()}})

    samples = scraped(metrics_of(database, on(board)))

    assert min(sample.value for sample in samples) == 0


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


def test_the_board_in_redis_is_read_as_the_workers_left_it(
    database: Engine, redis_url: str
) -> None:
    with (
        closing(board_at(redis_url, lambda: 0.0)) as workers,
        closing(board_at(redis_url, lambda: 0.0)) as web,
    ):
        metrics = metrics_of(database, web.snapshot)
        before = figure(metrics, "sweep_age_seconds")
        workers.change(broker.SWEPT, lambda _: {"at": LATER.timestamp() - 7})

        assert before is None
        assert figure(metrics, "sweep_age_seconds") == 7
        assert figure(metrics, "broker_up") == 1


def test_a_redis_that_went_and_came_is_told_at_once(
    database: Engine, tmp_path: Path
) -> None:
    """Nothing that this process remembers stands for what is no longer known."""
    with running_redis(tmp_path) as url:
        board = board_at(url, lambda: 0.0)
        take_turn(board, broker.SWEPT, 1.0, 1.0)
        metrics = metrics_of(database, board.snapshot)
        there = figure(metrics, "broker_up")
    with closing(board):
        away = scraped(metrics)

    assert there == 1
    assert [s.value for s in away if s.name == "crm_sync_broker_up"] == [0]
    assert not [s for s in away if "salesforce" in s.name]


def test_one_request_reads_every_note(redis_url: str) -> None:
    with closing(board_at(redis_url, lambda: 0.0)) as board:
        before = board._redis.info("stats")["total_commands_processed"]
        board.snapshot(NOTES)
        after = board._redis.info("stats")["total_commands_processed"]

    # The look itself, and the first of the two questions.
    assert after - before == 2
