"""Redis by Sentinel: found, told where it is not, and followed when it moves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.commands.running import crm_sync
from tests.e2e.polling import eventually
from worker import broker
from worker.errors import BrokerUnavailable
from worker.noticeboard import TIMEOUT_SECONDS, RedisBoard
from worker.redis_clients import open_redis
from worker.servers import Server

from .asking import app_of, is_shared, ring_both, why_not
from .sentinels import IN_URL, MASTER, SENTINEL_PASSWORD, Watched, running_sentinels


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with running_sentinels(tmp_path_factory.mktemp("sentinel")) as running:
        yield running


def rings(server: Server) -> bool:
    with app_of(server) as app:
        try:
            broker.ring(app, 1)
        except BrokerUnavailable:
            return False
    return True


def test_rings_and_notes_go_to_the_master(watched: Watched) -> None:
    assert why_not(watched.server) == ""
    assert ring_both(watched.server) == {"celery": 2, "compliance": 1}
    assert is_shared(watched.server)


def test_a_name_that_no_sentinel_knows_is_told(watched: Watched) -> None:
    unknown = replace(watched.server, sentinel_master="nobody")
    locked = replace(watched.server, sentinel_password="no-such-password")

    assert why_not(unknown).startswith("no Sentinel names a master")
    assert why_not(locked).startswith("no Sentinel names a master")


def test_a_password_that_the_master_refuses_is_told(watched: Watched) -> None:
    wrong = replace(watched.server, url=watched.server.url.replace(IN_URL, "no"))

    assert why_not(wrong) == "the user or the password is refused"


def test_the_doctor_names_the_kind(watched: Watched, tmp_path: Path) -> None:
    ended = crm_sync(
        "doctor",
        "--json",
        DATABASE_URL=f"sqlite:///{tmp_path / 'none.db'}",
        REDIS_URL=watched.server.url,
        REDIS_SENTINEL_MASTER=MASTER,
        REDIS_SENTINEL_PASSWORD=SENTINEL_PASSWORD,
    )
    checks = json.loads(ended.out)["checks"]

    assert checks["broker"]["says"] == "Redis by Sentinel answers"
    assert checks["redis"]["says"] == "Redis by Sentinel answers"
    assert "pass-word" not in ended.out + ended.err


def test_another_master_is_followed_when_the_first_dies(tmp_path: Path) -> None:
    moment = iter(range(0, 10**6, 10))
    with running_sentinels(tmp_path) as watched:
        client = open_redis(watched.server, TIMEOUT_SECONDS)
        first = watched.master
        with closing(RedisBoard(client, lambda: float(next(moment)))) as board:
            board.change("note", lambda _: {"at": 1})
            watched.kill_master()

            def notes_again() -> bool:
                board.change("note", lambda _: {"at": 2})
                return board.snapshot(["note"]).read("note") == {"at": 2}

            eventually(lambda: watched.master != first, "another master")
            eventually(lambda: held(notes_again), "the notes are written again")
        eventually(lambda: rings(watched.server), "rings are taken again")


def held(condition: object) -> bool:
    """Whether a condition holds; a Redis that is away is no answer."""
    try:
        return bool(condition()) if callable(condition) else False
    except BrokerUnavailable:
        return False
