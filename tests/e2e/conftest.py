"""What the end-to-end tests share: a running `crm-sync up`, and pieces of one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from .commands import Ended, explain_all, run_demo
from .deliveries import FIXTURES, PATHS, fixture_body
from .faulty import Start, run_faulty
from .kills import Story, run_kills
from .mapping_change import Seen, run_mapping_change
from .sites import Honcho, Run, run_honcho, run_stopped_early
from .stacks import End, Pieces, Stack, Up, end_ups, running_pieces

# Runs that take long and share nothing, by the fixture that gives what came of them.
ALONE: dict[str, Callable[[Path], Any]] = {
    "kills": run_kills,
    "ended_ups": end_ups,
    "early_run": run_stopped_early,
    "honcho_run": run_honcho,
    "demo": run_demo,
    "faulty_starts": run_faulty,
    "explained": explain_all,
    "mapping_change": run_mapping_change,
}
SIDE_BY_SIDE = 2


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that look at the long runs last: by then the runs are done."""
    items.sort(key=lambda item: not ALONE.keys().isdisjoint(fixtures_of(item)))


def fixtures_of(item: pytest.Item) -> list[str]:
    return getattr(item, "fixturenames", [])


@pytest.fixture(scope="session", autouse=True)
def alone(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Any]]]:
    """The long runs that the chosen tests need, done while other tests run."""
    chosen = {name for item in request.session.items for name in fixtures_of(item)}
    pool = ThreadPoolExecutor(SIDE_BY_SIDE)
    yield {
        name: pool.submit(run, tmp_path_factory.mktemp(name))
        for name, run in ALONE.items()
        if name in chosen
    }
    pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session")
def kills(alone: dict[str, Future[Any]]) -> dict[str, Story]:
    return alone["kills"].result()


@pytest.fixture(scope="session")
def ended_ups(alone: dict[str, Future[Any]]) -> dict[int, End]:
    return alone["ended_ups"].result()


@pytest.fixture(scope="session")
def early_run(alone: dict[str, Future[Any]]) -> Run:
    return alone["early_run"].result()


@pytest.fixture(scope="session")
def honcho_run(alone: dict[str, Future[Any]]) -> Honcho:
    return alone["honcho_run"].result()


@pytest.fixture(scope="session")
def demo(alone: dict[str, Future[Any]]) -> Ended:
    return alone["demo"].result()


@pytest.fixture(scope="session")
def faulty_starts(alone: dict[str, Future[Any]]) -> dict[tuple[str, str], Start]:
    return alone["faulty_starts"].result()


@pytest.fixture(scope="session")
def explained(alone: dict[str, Future[Any]]) -> dict[str, tuple[int, str]]:
    return alone["explained"].result()


@pytest.fixture(scope="session")
def mapping_change(alone: dict[str, Future[Any]]) -> Seen:
    return alone["mapping_change"].result()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything, with the debtors of the fixtures in the org."""
    up = Up(tmp_path_factory.mktemp("up"))
    try:
        stack = Stack(up, up.await_ready())
        for path in sorted((FIXTURES / "org").glob("*.json")):
            stack.org.seed(path.stem, json.loads(path.read_bytes()))
        yield stack
        stack.close()
    finally:
        up.process.kill()


@pytest.fixture(scope="session")
def settled_fixtures(stack: Stack) -> dict[str, dict[str, Any]]:
    """Every fixture delivery, posted and settled: its event, by `source/name`."""
    posted = {}
    for name, path in PATHS.items():
        answer = stack.vendor.post(path.parent.name, fixture_body(name))
        assert answer.status_code == 200, f"{name}: {answer.text}"
        posted[name] = answer.json()["event"]
    stack.ledger.await_all_settled()
    events = stack.ledger.all()
    return {name: events[event_id] for name, event_id in posted.items()}


@pytest.fixture
def pieces(tmp_path: Path) -> Iterator[Pieces]:
    """Redis, web, worker and beat, of which nothing runs yet, and a running org."""
    with running_pieces(tmp_path) as pieces:
        yield pieces
