"""The Celery app: the doorbell. Floor 2.

Redis holds lane numbers and nothing else: no payload, no personal data, no results.
Settings are read when Celery first asks for its configuration, not at import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.schedules import crontab
from kombu.transport.redis import Channel

from worker.errors import BrokerUnavailable
from worker.lane_numbers import is_urgent

DRAIN = "worker.drain"
# Urgent lanes are rung for in a queue of their own, which one process only serves.
COMPLIANCE_QUEUE = "compliance"
SWEEP = "worker.sweep"
USUAL_QUEUE = "celery"
PURGE = "worker.purge"
# The note of when that was last done.
SWEPT = "swept"

# A web request waits for the doorbell at most so long, and after a failure it does not
# even try for a while: the sweep rings for what was missed.
RING_TIMEOUT_SECONDS = 0.5
SILENCE_SECONDS = 5.0

# A worker that loses Redis while it drains would acknowledge its ring, or give it back,
# over the closed connection, and end by that (kombu 5.7.0). So a ring is gone once it
# was heard, and nobody misses it: the sweep rings.
Channel.do_restore = False


def make_app(
    read_settings: Callable[[], tuple[str, int]], *, only_rings: bool = False
) -> Celery:
    """Return the app. `read_settings` gives the broker URL and the sweep's seconds.

    One that only rings waits for the broker no longer than a vendor should wait for us.
    """
    app = Celery("worker", set_as_current=False)

    def configuration() -> dict[str, Any]:
        redis_url, sweep_seconds = read_settings()
        made = _configuration(redis_url, sweep_seconds)
        if only_rings:
            made["broker_transport_options"] |= {
                "socket_connect_timeout": RING_TIMEOUT_SECONDS,
                "socket_timeout": RING_TIMEOUT_SECONDS,
                "max_retries": 0,
            }
        return made

    app.add_defaults(configuration)
    return app


def ring(app: Celery, lane: int) -> None:
    """Ask for a drain of the lane. Raises `BrokerUnavailable`."""
    try:
        queue = COMPLIANCE_QUEUE if is_urgent(lane) else USUAL_QUEUE
        app.send_task(DRAIN, args=[lane], queue=queue, retry=False, ignore_result=True)
    except Exception as error:  # noqa: BLE001  (the transports' errors share no base)
        raise BrokerUnavailable(type(error).__name__) from None


class Doorbell:
    """Rings from a web process, and lets a broken broker be for a while."""

    def __init__(self, app: Celery, clock_seconds: Callable[[], float]) -> None:
        self._app = app
        self._clock_seconds = clock_seconds
        self._silent_until = 0.0

    def ring(self, lane: int) -> None:
        """Ask for a drain of the lane. Raises `BrokerUnavailable`."""
        if self._clock_seconds() < self._silent_until:
            raise BrokerUnavailable("it was not there a moment ago")
        try:
            ring(self._app, lane)
        except BrokerUnavailable:
            self._silent_until = self._clock_seconds() + SILENCE_SECONDS
            raise


def ping(app: Celery) -> None:
    """Ask whether the broker is there. Raises `BrokerUnavailable`."""
    try:
        with app.connection_for_write() as connection:
            connection.default_channel.client.ping()
    except Exception as error:  # noqa: BLE001  (the transports' errors share no base)
        raise BrokerUnavailable(type(error).__name__) from None


def _configuration(redis_url: str, sweep_seconds: int) -> dict[str, Any]:
    return {
        "broker_url": redis_url,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {
            "socket_connect_timeout": 5.0,
            "socket_timeout": 30.0,
            "socket_keepalive": True,
            "ack_emulation": False,
        },
        "task_default_queue": USUAL_QUEUE,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "worker_prefetch_multiplier": 1,
        "worker_soft_shutdown_timeout": 20.0,
        "worker_enable_soft_shutdown_on_idle": False,
        "worker_send_task_events": True,
        "task_send_sent_event": False,
        "worker_hijack_root_logger": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "timezone": "UTC",
        "beat_schedule": {
            "sweep": {
                "task": SWEEP,
                "schedule": float(sweep_seconds),
                # Old sweeps do not pile up while no worker runs.
                # The reserved process does them also where all others are busy.
                "options": {
                    "expires": float(sweep_seconds),
                    "queue": COMPLIANCE_QUEUE,
                },
            },
            "purge": {
                "task": PURGE,
                "schedule": crontab(hour="3", minute="17"),
                "options": {"expires": 3600.0},
            },
        },
    }
