"""Celery's entry: a lane number in, one call. Floor 5."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from threading import Event, Thread
from typing import Any

import billiard
import billiard.pool
from celery import signals

from worker import bootstrap, broker, logs
from worker.alarm import watch
from worker.crm.notes import number
from worker.errors import StoreUnavailable
from worker.lane_numbers import is_urgent, usual_lane
from worker.model import CLOCKS_APART
from worker.store.ahead import bring_forward
from worker.store.remains import clear_remains
from worker.store.retention import purge as purge_store

# A child that is told to stop waits in tenths of a second for its parent to take what
# it has said. Celery 5.7's parent often no longer reads by then, and 300 tenths would
# hold up many a stop for half a minute. Nothing is lost: our tasks give no results.
billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 20

# A child that is told to stop has so long for what it is at.
FINISH_SECONDS = 20

app = bootstrap.celery_app()
log = logging.getLogger(__name__)


@signals.setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    logs.log_to_stderr()


@signals.celeryd_init.connect
def _refuse_a_bad_start(**_: Any) -> None:
    """Stop at the start, with every fault and its fix, and not at the first call."""
    bootstrap.check_or_exit()
    # Read once before the processes fork, which share it then.
    import_module("worker.bootstrap.org_access")


@signals.beat_init.connect
@signals.beat_embedded_init.connect
def _watch_the_compliance_lane(**_: Any) -> None:
    """Look from beat, which needs neither broker nor free worker to give the alarm.

    A webhook that hangs holds up nothing but the next alarm.
    """

    def look() -> None:
        if not bootstrap.is_file_missing():
            bootstrap.alarm().look(bootstrap.utc_now())

    seconds = bootstrap.settings().sweep_seconds
    never = Event()
    arguments = (look, lambda: never.wait(seconds))
    Thread(target=watch, args=arguments, name="alarm", daemon=True).start()


@app.task(name=broker.DRAIN)
def drain(lane: int) -> None:
    """Deliver the lane's due events, and ring again where more are due."""
    try:
        with _finishing():
            more_is_due = bootstrap.drainer().drain(lane)
    except StoreUnavailable as error:
        log.error("lane %d waits for the sweep: the database: %s", lane, error)
        return
    if more_is_due:
        broker.ring(app, lane)
    if is_urgent(lane):
        # Its calls may be due there once more, and who wanted it may have passed by.
        broker.ring(app, usual_lane(lane))


@contextmanager
def _finishing() -> Iterator[None]:
    """Let a SIGTERM to this child wait for the end of the block, but not for ever.

    Who stops a whole group of processes, as systemd and honcho do, stops the children
    in the middle of a call to Salesforce: its lane would be nobody's until the lease is
    over. Celery's parent waits for them, and tells them to end itself.
    """

    if billiard.current_process().name == "MainProcess":
        yield  # No child of Celery's: somebody else hears it.
        return

    def put_off(*_: object) -> None:
        signal.signal(signal.SIGTERM, before)
        signal.alarm(FINISH_SECONDS)

    before = signal.signal(signal.SIGTERM, put_off)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGTERM, before)


@app.task(name=broker.SWEEP)
def sweep() -> None:
    """Ring for every lane that has due events and nobody who drains them."""
    now = bootstrap.utc_now()
    try:
        _bring_forward(now)
        _ring_what_is_due(now)
    except StoreUnavailable as error:
        log.error("all lanes wait for the next sweep: the database: %s", error)


def _bring_forward(now: datetime) -> None:
    """Let what waits be due, where the last sweep seems to be still to come."""
    board = bootstrap.board()
    ahead_seconds = number(board.read(broker.SWEPT), "at") - now.timestamp()
    is_set_back = ahead_seconds > CLOCKS_APART.total_seconds()
    moved = bring_forward(bootstrap.engine(), now, everything=is_set_back)
    # Only now: where the database is away the next sweep has to find it out again.
    board.change(broker.SWEPT, lambda _: {"at": now.timestamp()})
    if moved:
        log.warning("the clock was set back: %d events are due at once", moved)


def _ring_what_is_due(now: datetime) -> None:
    lease_seconds = bootstrap.settings().lease_seconds
    for lane in bootstrap.lanes().lanes_due(now, lease_seconds):
        broker.ring(app, lane)


@app.task(name=broker.PURGE)
def purge() -> None:
    """Purge what has been kept for long enough."""
    keep = bootstrap.settings().retention
    purged = purge_store(bootstrap.engine(), keep, bootstrap.utc_now())
    log.info("purged %d bodies and %d events", purged.bodies, purged.deleted)
    if (purged.bodies or purged.deleted) and (why := clear_remains(bootstrap.engine())):
        log.warning("parts of what was purged may be left in the file: %s", why)
