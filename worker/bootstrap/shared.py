"""What the processes share beside the database: rings, notes and the token. Floor 4."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import cache

from celery import Celery

from worker import broker, noticeboard
from worker.bootstrap.stores import settings
from worker.crm import shared_tokens
from worker.crm.shared_tokens import SharedTokens
from worker.errors import BrokerUnavailable
from worker.noticeboard import OwnBoard, RedisBoard
from worker.redis_clients import open_redis
from worker.settings import Settings

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


def tokens(read: Settings) -> SharedTokens | None:
    """Return the token of all processes; None where each logs in for itself."""
    if not read.token_key or read.redis is None or read.salesforce is None:
        return None
    seconds, retries = shared_tokens.REDIS_TIMEOUT_SECONDS, shared_tokens.REDIS_RETRIES
    client = open_redis(read.redis, seconds, retries)
    return SharedTokens(client, read.token_key, read.salesforce)
