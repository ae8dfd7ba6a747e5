"""`crm-sync up`: one ready line, everything answers, nothing is left behind."""

from __future__ import annotations

import json
import signal
import stat
from pathlib import Path

import pytest
import requests
from sqlalchemy import make_url

from worker.store.schema import newest_revision

from .deliveries import TIMEOUT_SECONDS
from .polling import eventually
from .stacks import END_SIGNALS, End, Stack, answers_ping, is_up


def test_the_ready_line_names_what_runs(stack: Stack) -> None:
    assert list(stack.urls) == [
        "ready",
        "web",
        "org",
        "redis",
        "database",
        "flower",
        "metrics",
        "metrics_token_file",
    ]
    assert stack.urls["ready"] is True


def test_the_ready_line_is_all_that_is_printed(stack: Stack) -> None:
    lines = stack.process.out.splitlines()

    assert [json.loads(line) for line in lines] == [stack.urls]


def test_the_metrics_are_for_who_has_the_token_that_only_the_owner_reads(
    stack: Stack,
) -> None:
    url, path = stack.urls["metrics"], Path(stack.urls["metrics_token_file"])
    bearer = {"Authorization": f"Bearer {path.read_text(encoding='utf-8')}"}

    refused = requests.get(url, timeout=TIMEOUT_SECONDS)
    answer = requests.get(url, headers=bearer, timeout=TIMEOUT_SECONDS)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.status_code == 200
    assert "crm_sync_database_up 1.0" in answer.text
    assert "crm_sync_broker_up 1.0" in answer.text


def test_everything_on_the_ready_line_answers(stack: Stack) -> None:
    urls = stack.urls

    assert is_up(f"{urls['web']}/healthz")
    assert is_up(f"{urls['web']}/readyz")
    assert is_up(f"{urls['org']}/")
    assert is_up(f"{urls['flower']}/")
    assert answers_ping(urls["redis"])
    assert urls["database"] == make_url(stack.database_url).render_as_string()
    assert stack.ledger.events.schema_version() == newest_revision()


@pytest.mark.parametrize("number", END_SIGNALS)
def test_a_signal_ends_it_and_leaves_no_process(
    number: signal.Signals, ended_ups: dict[int, End]
) -> None:
    end = ended_ups[number]

    assert end.exit_code == 0, end.output
    # Redis, the org, web and the worker with their children, and beat.
    assert len(end.started) >= 8
    assert end.left == set()


def test_without_flower_the_ready_line_says_so(ended_ups: dict[int, End]) -> None:
    assert {end.ready["flower"] for end in ended_ups.values()} == {None}


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
