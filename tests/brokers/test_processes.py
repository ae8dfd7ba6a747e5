"""Web, worker and beat with each kind of broker: every call arrives, once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.crm.logins import running_redis
from tests.e2e.deliveries import ROOT, cora_call, new_id
from tests.e2e.polling import eventually
from tests.e2e.processes import Process
from tests.e2e.stacks import Pieces, running_pieces

from . import rabbitmq as debian
from .asking import has_queue
from .rabbitmq import RabbitMq, running_rabbitmq
from .sentinels import MASTER, SENTINEL_PASSWORD, running_sentinels
from .tls import Authority, tls_in_front

TRIED = bool(os.environ.get("TRY_BROKERS"))
needs_rabbitmq = pytest.mark.skipif(
    not debian.is_wanted(), reason="make test-brokers tries RabbitMQ"
)
CALLS = 50
# The processes run what stands here, whatever is installed.
CHECKOUT = {"PYTHONPATH": str(ROOT)}


@contextmanager
def redis_over_tls(folder: Path) -> Iterator[dict[str, str]]:
    authority = Authority(folder)
    certificate = authority.certify("127.0.0.1")
    with ExitStack() as stack:
        target = urlsplit(stack.enter_context(running_redis(folder))).port or 0
        port = stack.enter_context(tls_in_front(folder, target, certificate))
        yield {
            "REDIS_URL": f"rediss://127.0.0.1:{port}/0",
            "REDIS_CA_FILE": str(authority.ca_file),
        }


@contextmanager
def redis_by_sentinel(folder: Path) -> Iterator[dict[str, str]]:
    with running_sentinels(folder) as watched:
        yield {
            "REDIS_URL": watched.server.url,
            "REDIS_SENTINEL_MASTER": MASTER,
            "REDIS_SENTINEL_PASSWORD": SENTINEL_PASSWORD,
        }


def calls(pieces: Pieces, count: int) -> list[bytes]:
    """Calls, each of another debtor who is in the org."""
    numbers = [new_id("ACC") for _ in range(count)]
    rows = [{"Name": n, "Account_Number__c": n} for n in numbers]
    pieces.org.insert("Debt_Account__c", rows)
    return [cora_call(new_id("call"), number) for number in numbers]


def post(pieces: Pieces, count: int) -> None:
    for body in calls(pieces, count):
        pieces.vendor.accepted("cora", body)


def check_all_synced(pieces: Pieces, count: int) -> None:
    assert pieces.ledger.await_all_settled() == {"synced": count}
    assert len(pieces.org.records("Task")) == count


def start(pieces: Pieces) -> list[Process]:
    pieces.start_web()
    return [pieces.start("worker"), pieces.start("beat")]


@pytest.mark.skipif(not TRIED, reason="make test-brokers tries whole processes")
@pytest.mark.parametrize("kind", [redis_over_tls, redis_by_sentinel])
def test_calls_arrive_by_redis(kind: object, tmp_path: Path) -> None:
    made = tmp_path / "redis"
    made.mkdir()
    assert callable(kind)
    with (
        kind(made) as variables,
        running_pieces(tmp_path, **CHECKOUT, **variables) as pieces,
    ):
        worker, beat = start(pieces)
        post(pieces, 3)
        check_all_synced(pieces, 3)
        assert pieces.vendor.get("/readyz").status_code == 200
        assert "pass-word" not in worker.output + beat.output


@contextmanager
def with_rabbitmq(folder: Path) -> Iterator[tuple[RabbitMq, Pieces]]:
    """Pieces without any Redis."""
    with ExitStack() as stack:
        running = stack.enter_context(running_rabbitmq(folder / "rabbitmq"))
        variables = {**CHECKOUT, "BROKER_URL": running.url, "REDIS_URL": ""}
        yield running, stack.enter_context(running_pieces(folder, **variables))


@needs_rabbitmq
def test_calls_arrive_by_rabbitmq_which_dies_and_comes_back(tmp_path: Path) -> None:
    with with_rabbitmq(tmp_path) as (rabbitmq, pieces):
        worker, beat = start(pieces)
        post(pieces, CALLS)
        check_all_synced(pieces, CALLS)
        assert pieces.vendor.get("/readyz").status_code == 200

        # A quorum queue that RabbitMQ 3.10 has had for less than three seconds when it
        # is killed finds no leader again.
        rabbitmq.stop()
        rabbitmq.start()
        pieces.org.faults.add("latency", seconds=0.2)
        post(pieces, 10)
        rabbitmq.kill()
        assert "nothing listens" in pieces.vendor.get("/readyz").json()["broker"]
        post(pieces, 10)
        rabbitmq.start()
        post(pieces, CALLS - 20)
        check_all_synced(pieces, 2 * CALLS)

        eventually(
            lambda: pieces.vendor.get("/readyz").status_code == 200, "web is ready"
        )
        assert worker.is_running
        assert beat.is_running
        assert has_queue(rabbitmq.server, "compliance")
        assert not has_queue(rabbitmq.server, "celery_delayed_0")
        for secret in (debian.PASSWORD, debian.IN_URL):
            assert secret not in worker.output + beat.output
