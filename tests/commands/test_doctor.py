"""`crm-sync doctor`: what is ill is named, and the exit code says it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.commands.running import crm_sync
from tests.crm.logins import board_at, running_redis
from tests.databases import DATABASES, url_of
from tests.guarded import guarded
from worker.errors import CrmUnavailable
from worker.localorg import LocalOrg
from worker.noticeboard import RedisBoard


@pytest.fixture
def variables(tmp_path: Path, org: LocalOrg) -> Iterator[dict[str, str]]:
    """Everything there: a migrated database, Redis, an org, and beat a moment ago."""
    with DATABASES.migrated(tmp_path) as engine, running_redis(tmp_path) as redis_url:
        found = {
            "DATABASE_URL": url_of(engine),
            "REDIS_URL": redis_url,
            "SALESFORCE_DOMAIN": org.url,
            "SALESFORCE_CLIENT_ID": "local",
            "SALESFORCE_CLIENT_SECRET": "local",
        }
        with closing(board_of(found)) as board:
            board.change("swept", lambda _: {"at": time.time()})
        yield found


def board_of(variables: dict[str, str]) -> RedisBoard:
    return board_at(variables["REDIS_URL"], time.monotonic)


def examined(variables: dict[str, str], **changes: str) -> tuple[int, dict[str, Any]]:
    ended = crm_sync("doctor", "--json", **{**variables, **changes})
    report = json.loads(ended.out)
    assert report["ok"] is (ended.exit_code == 0)
    return ended.exit_code, report["checks"]


def ill(checks: dict[str, Any]) -> list[str]:
    return [name for name, check in checks.items() if not check["ok"]]


def test_all_is_well(variables: dict[str, str], org: LocalOrg) -> None:
    exit_code, checks = examined(variables)

    assert exit_code == 0
    assert list(checks) == [
        "database",
        "broker",
        "redis",
        "salesforce",
        "mappings",
        "lanes",
        "beat",
    ]
    salesforce = checks["salesforce"]
    assert salesforce["login"] == "logged in"
    assert salesforce["breaker"] == {"open": False}
    assert salesforce["api_usage"]["used"] == 1
    assert salesforce["api_usage"]["limit"] == 15000
    assert org.stats()["api_requests"] == 1


def test_it_prints_a_line_a_check(variables: dict[str, str]) -> None:
    ended = crm_sync("doctor", **variables)

    assert ended.exit_code == 0
    assert [line.split()[:2] for line in ended.out.splitlines()] == [
        ["ok", "database"],
        ["ok", "broker"],
        ["ok", "redis"],
        ["ok", "salesforce"],
        ["ok", "mappings"],
        ["ok", "lanes"],
        ["ok", "beat"],
    ]
    assert "breaker closed; API usage 1/15000 (0 %)" in ended.out


def test_a_usage_that_is_known_is_not_asked_for(
    variables: dict[str, str], org: LocalOrg
) -> None:
    note = {"used": 970, "limit": 1000, "read_at": time.time() - 60}
    with closing(board_of(variables)) as board:
        board.change("usage", lambda _: note)

    exit_code, checks = examined(variables)

    assert exit_code == 1
    assert ill(checks) == ["salesforce"]
    assert checks["salesforce"]["api_usage"]["allows"] == "urgent_only"
    assert 60 <= checks["salesforce"]["api_usage"]["read_seconds_ago"] < 90
    assert "usual calls wait until it falls" in checks["salesforce"]["says"]
    assert org.stats()["api_requests"] == 0


def test_an_org_that_the_workers_leave_alone_is_not_asked(
    variables: dict[str, str], org: LocalOrg
) -> None:
    with (
        closing(board_of(variables)) as board,
        guarded(org.url, board, time.time) as there,
    ):
        error = CrmUnavailable("REQUEST_LIMIT_EXCEEDED", 600.0)
        there.guard.breaker.failed(0, error)

    exit_code, checks = examined(variables)

    assert exit_code == 1
    assert ill(checks) == ["salesforce"]
    breaker = checks["salesforce"]["breaker"]
    assert breaker["open"] is True
    assert breaker["reason"] == "REQUEST_LIMIT_EXCEEDED"
    assert 500 < breaker["probe_in_seconds"] <= 600
    assert "next probe in" in checks["salesforce"]["says"]
    assert org.stats() == {"api_requests": 0, "logins": 0, "by_path": {}}


def test_a_login_that_fails_is_named_without_the_secret(
    variables: dict[str, str],
) -> None:
    _, checks = examined(variables, SALESFORCE_CLIENT_SECRET="no-such-secret")

    assert ill(checks) == ["salesforce"]
    assert checks["salesforce"]["login"] == "no login: login invalid_client"
    assert "no-such-secret" not in json.dumps(checks)


def test_nothing_there_is_all_named_and_makes_no_database(tmp_path: Path) -> None:
    ended = crm_sync(
        "doctor",
        "--json",
        DATABASE_URL=f"sqlite:///{tmp_path / 'none.db'}",
        REDIS_URL="redis://127.0.0.1:1/0",
    )
    checks = json.loads(ended.out)["checks"]

    assert ended.exit_code == 1
    assert ill(checks) == ["database", "broker", "redis", "salesforce", "lanes", "beat"]
    assert "run crm-sync migrate" in checks["database"]["says"]
    assert "SALESFORCE_DOMAIN is not set" in checks["salesforce"]["says"]
    assert list(tmp_path.iterdir()) == []


def test_findings_of_the_mappings_are_counted(
    variables: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "mappings" / "cora"
    folder.mkdir(parents=True)
    (folder / "call.completed.yaml").write_text("source: cora\n", encoding="utf-8")

    _, checks = examined(variables, MAPPINGS_DIR=str(tmp_path / "mappings"))

    assert ill(checks) == ["mappings"]
    assert "run crm-sync check" in checks["mappings"]["says"]


def test_a_beat_that_stands_still_is_named(variables: dict[str, str]) -> None:
    with closing(board_of(variables)) as board:
        board.change("swept", lambda _: {"at": time.time() - 3600})

    _, checks = examined(variables)

    assert ill(checks) == ["beat"]
    assert "are beat and a worker up?" in checks["beat"]["says"]
