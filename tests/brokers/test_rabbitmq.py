"""RabbitMQ, where Debian's rabbitmq-server is installed: rings, faults and a doctor."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from amqp.exceptions import PreconditionFailed

from tests.commands.running import crm_sync
from tests.e2e.polling import eventually
from worker import broker
from worker.errors import BrokerUnavailable
from worker.lane_numbers import urgent_lane
from worker.servers import Server

from .asking import app_of, ring_both, waiting, why_not
from .rabbitmq import IN_URL, RabbitMq, is_wanted, running_rabbitmq
from .tls import Authority, tls_in_front

pytestmark = pytest.mark.skipif(
    not is_wanted(), reason="make test-brokers tries RabbitMQ"
)


@pytest.fixture(scope="module")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMq]:
    with running_rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as running:
        yield running


@pytest.fixture(autouse=True)
def _empty(rabbitmq: RabbitMq) -> None:
    """No ring of an earlier test waits."""
    with (
        app_of(rabbitmq.server, only_rings=False) as app,
        app.connection_for_write() as connection,
    ):
        for queue in app.conf.task_queues:
            queue(connection.default_channel).declare()
            queue(connection.default_channel).purge()


def test_rings_go_to_the_queue_of_their_lane(rabbitmq: RabbitMq) -> None:
    assert why_not(rabbitmq.server) == ""
    assert ring_both(rabbitmq.server) == {"celery": 2, "compliance": 1}


def test_the_queues_are_quorum_queues(
    rabbitmq: RabbitMq,
) -> None:
    with app_of(rabbitmq.server) as app, app.connection_for_write() as connection:
        for name in ("celery", "compliance"):
            with pytest.raises(PreconditionFailed, match="'quorum'"):
                connection.channel().queue_declare(
                    name, durable=True, auto_delete=False
                )


@pytest.mark.parametrize(
    ("part", "other", "why"),
    [
        (IN_URL, "no", "the user or the password is refused"),
        ("/calls", "/no", "no such vhost, or not for this user"),
        ("127.0.0.1", "nowhere.invalid", "no such host"),
    ],
)
def test_what_is_refused_is_told(
    rabbitmq: RabbitMq, part: str, other: str, why: str
) -> None:
    assert why_not(Server(rabbitmq.url.replace(part, other))) == why


def test_a_rabbitmq_that_hangs_holds_nobody_up(rabbitmq: RabbitMq) -> None:
    """What is rung for again once it goes on does not have to wait for a new start."""
    with app_of(rabbitmq.server) as app:
        broker.ring(app, 1)
        pids = rabbitmq.pids
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            for _ in range(2):
                with pytest.raises(BrokerUnavailable):
                    broker.ring(app, 1)
            assert why_not(rabbitmq.server) == "no answer in time"
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        broker.ring(app, urgent_lane(1))
    assert waiting(rabbitmq.server)["compliance"] == 1


def test_confirmed_rings_outlive_a_kill(rabbitmq: RabbitMq) -> None:
    rings = {"celery": 2, "compliance": 1}
    assert ring_both(rabbitmq.server) == rings

    rabbitmq.kill()
    assert why_not(rabbitmq.server) == "nothing listens there"
    rabbitmq.start()

    eventually(lambda: waiting(rabbitmq.server) == rings, "the queues are there again")


def test_rings_go_over_tls(rabbitmq: RabbitMq, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    here, other = authority.certify("127.0.0.1"), authority.certify("127.0.0.9")
    with (
        tls_in_front(tmp_path, rabbitmq.port, here) as port,
        tls_in_front(tmp_path, rabbitmq.port, other) as other_port,
    ):

        def over_tls(at: int) -> Server:
            url = rabbitmq.url.replace("amqp:", "amqps:")
            url = url.replace(str(rabbitmq.port), str(at))
            return Server(url, str(authority.ca_file))

        assert ring_both(over_tls(port)) == {"celery": 2, "compliance": 1}
        for bad in (replace(over_tls(port), ca_file=""), over_tls(other_port)):
            assert why_not(bad).startswith("TLS: its certificate is not trusted")


def test_the_doctor_needs_no_redis_beside_it(
    rabbitmq: RabbitMq, tmp_path: Path
) -> None:
    def checks(url: str) -> dict[str, Any]:
        database = f"sqlite:///{tmp_path / 'none.db'}"
        ended = crm_sync("doctor", "--json", DATABASE_URL=database, BROKER_URL=url)
        assert IN_URL not in ended.out + ended.err
        found: dict[str, Any] = json.loads(ended.out)["checks"]
        return found

    well, ill = checks(rabbitmq.url), checks(rabbitmq.url.replace(IN_URL, "no"))

    assert well["broker"]["says"] == "RabbitMQ answers"
    assert well["redis"]["says"].startswith("none: each process has its own notes")
    assert well["beat"]["ok"]
    assert ill["broker"]["says"] == "RabbitMQ: the user or the password is refused"
