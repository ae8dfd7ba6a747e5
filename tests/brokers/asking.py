"""What is asked of a broker and of the notes, whatever keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from amqp.exceptions import NotFound
from celery import Celery

from worker import broker
from worker.errors import BrokerUnavailable
from worker.lane_numbers import urgent_lane
from worker.noticeboard import TIMEOUT_SECONDS, RedisBoard
from worker.redis_clients import open_redis
from worker.servers import Server


@contextmanager
def app_of(server: Server, *, only_rings: bool = True) -> Iterator[Celery]:
    """An app as web has it, or as workers have it."""
    app = broker.make_app(lambda: (server, 1), only_rings=only_rings)
    try:
        yield app
    finally:
        app.close()


def why_not(server: Server) -> str:
    """What is told of a broker that does not answer; empty where it does."""
    with app_of(server) as app:
        try:
            broker.ping(app)
        except BrokerUnavailable as error:
            return str(error)
    return ""


def waiting(server: Server) -> dict[str, int]:
    """How many rings are in each queue."""
    with (
        app_of(server, only_rings=False) as app,
        app.connection_for_read() as connection,
    ):
        return {
            name: connection.default_channel.queue_declare(name, passive=True)[1]
            for name in (broker.USUAL_QUEUE, broker.COMPLIANCE_QUEUE)
        }


def has_queue(server: Server, name: str) -> bool:
    """Whether there is a queue of this name."""
    with (
        app_of(server, only_rings=False) as app,
        app.connection_for_read() as connection,
    ):
        try:
            connection.default_channel.queue_declare(name, passive=True)
        except NotFound:
            return False
    return True


def ring_both(server: Server) -> dict[str, int]:
    """Ring for a usual lane twice and for an urgent one once; how many rings wait."""
    with app_of(server) as app:
        for lane in (1, 2, urgent_lane(1)):
            broker.ring(app, lane)
    return waiting(server)


def is_shared(server: Server) -> bool:
    """Whether another process reads what one notes."""
    boards = [RedisBoard(open_redis(server, TIMEOUT_SECONDS), float) for _ in "ab"]
    with closing(boards[0]), closing(boards[1]):
        boards[0].change("note", lambda _: {"at": 7})
        return boards[1].read("note") == {"at": 7}
