"""The Celery app: the doorbell. Floor 2.

Redis holds lane numbers and nothing else: no payload, no personal data, no results.
Settings are read when Celery first asks for its configuration, not at import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError

from worker.errors import BrokerUnavailable

DRAIN = "worker.drain"
SWEEP = "worker.sweep"

# A web request waits for the doorbell at most so long; the sweep rings what it missed.
RING_TIMEOUT_SECONDS = 1.0


def make_app(read_settings: Callable[[], tuple[str, int]]) -> Celery:
    """Return the app. `read_settings` gives the broker URL and the sweep's seconds."""
    app = Celery("worker", set_as_current=False)

    def configuration() -> dict[str, Any]:
        redis_url, sweep_seconds = read_settings()
        return _configuration(redis_url, sweep_seconds)

    app.add_defaults(configuration)
    return app


def ring(app: Celery, lane: int) -> None:
    """Ask for a drain of the lane. Raises `BrokerUnavailable`."""
    try:
        app.send_task(DRAIN, args=[lane], retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        raise BrokerUnavailable(type(error).__name__) from None


def ping(app: Celery) -> None:
    """Ask whether the broker is there. Raises `BrokerUnavailable`."""
    try:
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=RING_TIMEOUT_SECONDS)
            connection.default_channel.client.ping()
    except Exception as error:  # noqa: BLE001  (the transports' errors share no base)
        raise BrokerUnavailable(type(error).__name__) from None


def _configuration(redis_url: str, sweep_seconds: int) -> dict[str, Any]:
    return {
        "broker_url": redis_url,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {
            "socket_connect_timeout": RING_TIMEOUT_SECONDS,
            "socket_timeout": 30.0,
            "socket_keepalive": True,
            # A ring that nobody acknowledged in this time rings again. Nothing waits
            # for it: the sweep rings long before.
            "visibility_timeout": 3600,
        },
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        # A worker that dies in a drain gives its ring back.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
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
                "options": {"expires": float(sweep_seconds)},
            }
        },
    }
