"""The sweep while the database is away, and after the clock was set back."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.commands.running import fresh
from tests.databases import url_of
from tests.store.test_events import new_event
from worker import broker, tasks
from worker.cli.processes import free_port
from worker.store.events import Events


@pytest.fixture
def no_redis() -> dict[str, str]:
    return {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}


def test_a_sweep_without_a_database_says_so_in_one_line(
    tmp_path: Path, no_redis: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    variables = {**no_redis, "DATABASE_URL": f"sqlite:///{tmp_path / 'no' / 'db'}"}

    with fresh(variables):
        tasks.sweep()

    errors = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert [(r.getMessage(), r.exc_info) for r in errors] == [
        ("all lanes wait for the next sweep: the database: OperationalError", None)
    ]


def test_a_sweep_rings_for_what_came_in_before_the_clock_was_set_back(
    database: Engine,
    no_redis: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(broker, "ring", lambda _app, lane: rung.append(lane))
    now = datetime.now(UTC)
    Events(database).add(new_event(received_at=now + timedelta(minutes=30)))

    with fresh({**no_redis, "DATABASE_URL": url_of(database)}):
        tasks.sweep()

    assert "the clock was set back: 1 events are due at once" in caplog.messages
    assert rung == [3]
