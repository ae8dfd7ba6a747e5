"""What the processes share beside the database: rings and notes. Floor 4."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import cache

from celery import Celery

from worker import broker, noticeboard
from worker.bootstrap.stores import settings
from worker.errors import BrokerUnavailable
from worker.noticeboard import OwnBoard, RedisBoard
from worker.redis_clients import open_redis

log = logging.getLogger(__name__)


@cache
def doorbell_app() -> Celery:
    """Return an app that rings, and waits for the broker only shortly."""
    return broker.make_app(
        lambda: (settings().broker, settings().sweep_seconds), only_rings=True
    )


@cache
def board() -> RedisBoard | OwnBoard:
    """Return the notes that all workers share; without a Redis, this process's."""
    server = settings().redis
    if server is None:
        return OwnBoard()
    return RedisBoard(open_redis(server, noticeboard.TIMEOUT_SECONDS), time.monotonic)


def notes(names: Sequence[str]) -> OwnBoard | None:
    """Return these notes as the workers have them now; None where that is not known.

    Raises `BrokerUnavailable`.
    """
    if settings().broker != settings().redis:
        broker.ping(doorbell_app())
    shared = board()
    if isinstance(shared, OwnBoard):
        return None
    try:
        return shared.snapshot(names)
    except BrokerUnavailable as error:
        if settings().broker == settings().redis:
            raise
        log.warning("the notes are not there: Redis: %s", error)
        return None
