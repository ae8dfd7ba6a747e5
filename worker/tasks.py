"""Celery's entry: a lane number in, one call. Floor 5."""

from __future__ import annotations

import logging
from typing import Any

from celery import signals

from worker import bootstrap, broker
from worker.errors import StoreUnavailable

app = bootstrap.celery_app()
log = logging.getLogger(__name__)


@signals.setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    bootstrap.log_to_stderr()


@signals.celeryd_init.connect
def _refuse_a_bad_start(**_: Any) -> None:
    """Stop at the start, with every fault and its fix, and not at the first call."""
    bootstrap.check_or_exit()


@app.task(name=broker.DRAIN)
def drain(lane: int) -> None:
    """Deliver the lane's due events, and ring again where more are due."""
    try:
        more_is_due = bootstrap.drainer().drain(lane)
    except StoreUnavailable as error:
        log.error("lane %d waits for the sweep: the database: %s", lane, error)
        return
    if more_is_due:
        broker.ring(app, lane)


@app.task(name=broker.SWEEP)
def sweep() -> None:
    """Ring for every lane that has due events and nobody who drains them."""
    for lane in bootstrap.lanes().lanes_due(bootstrap.utc_now()):
        broker.ring(app, lane)
