"""`crm-sync up`: one ready line, everything answers, nothing is left behind."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from .polling import eventually
from .stacks import Stack, Up, answers_ping, is_up

SIGNALS = (signal.SIGTERM, signal.SIGINT)
STOP_SECONDS = 10.0


@pytest.fixture(scope="module")
def ups(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Up]]:
    """One `up` for each way to end it, started side by side."""
    folders = {number: tmp_path_factory.mktemp(number.name) for number in SIGNALS}
    ups = {number: Up(folder, "--no-flower") for number, folder in folders.items()}
    yield ups
    for up in ups.values():
        up.process.stop()


def test_the_ready_line_names_what_runs(stack: Stack) -> None:
    assert list(stack.urls) == ["ready", "web", "org", "redis", "database", "flower"]
    assert stack.urls["ready"] is True


def test_the_ready_line_is_all_that_is_printed(stack: Stack) -> None:
    lines = stack.process.out.splitlines()

    assert [json.loads(line) for line in lines] == [stack.urls]


def test_everything_on_the_ready_line_answers(stack: Stack) -> None:
    urls = stack.urls

    assert is_up(f"{urls['web']}/healthz")
    assert is_up(f"{urls['web']}/readyz")
    assert is_up(f"{urls['org']}/")
    assert is_up(f"{urls['flower']}/")
    assert answers_ping(urls["redis"])
    path = Path(urls["database"].removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) >= 0 FROM event").fetchone() == (1,)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_it_and_leaves_no_process(
    number: signal.Signals, ups: dict[int, Up]
) -> None:
    process = ups[number].process
    ready = ups[number].await_ready()
    below = process.descendants()
    process.send(number)

    assert process.exit_code(STOP_SECONDS) == 0
    assert ready["flower"] is None
    # Redis, the org, web and the worker with their children, and beat.
    assert len(below) >= 8
    assert [pid for pid in below if pid.lives] == []


def test_what_dies_is_started_again(stack: Stack) -> None:
    """Nothing is lost: both databases are in the state folder."""
    (beat,) = [p for p in stack.process.descendants() if " beat " in p.command]
    beat.kill()

    eventually(
        lambda: any(
            p != beat and " beat " in p.command for p in stack.process.descendants()
        ),
        "beat runs again",
    )
