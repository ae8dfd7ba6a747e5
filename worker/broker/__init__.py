"""The Celery app: the doorbell. Floor 2.

The broker holds lane numbers and nothing else: no payload, no personal data, no
results.
Settings are read when Celery first asks for its configuration, not at import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.schedules import crontab

from worker.broker.transports import of_broker
from worker.errors import BrokerUnavailable
from worker.lane_numbers import is_urgent
from worker.servers import Server, why_unreachable

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

# Worker and beat wait for longer: so long for a connection or a confirmation, and so
# long for Redis to answer.
WORKER_SECONDS = 5.0
WORKER_READ_SECONDS = 30.0


def make_app(
    read_settings: Callable[[], tuple[Server, int]], *, only_rings: bool = False
) -> Celery:
    """Return the app. `read_settings` gives the broker and the sweep's seconds.

    One that only rings waits for the broker no longer than a vendor should wait for us.
    """
    app = Celery("worker", set_as_current=False)

    def configuration() -> dict[str, Any]:
        server, sweep_seconds = read_settings()
        timeouts_seconds = (WORKER_SECONDS, WORKER_READ_SECONDS)
        if only_rings:
            timeouts_seconds = (RING_TIMEOUT_SECONDS, RING_TIMEOUT_SECONDS)
        made = of_broker(server, (USUAL_QUEUE, COMPLIANCE_QUEUE), *timeouts_seconds)
        if only_rings:
            made["broker_transport_options"]["max_retries"] = 0
            if server.is_rabbitmq:
                made["broker_transport"] = "worker.broker.impatient:Transport"
        return {**_configuration(sweep_seconds), **made}

    app.add_defaults(configuration)
    return app


def ring(app: Celery, lane: int) -> None:
    """Ask for a drain of the lane. Raises `BrokerUnavailable`."""
    try:
        queue = COMPLIANCE_QUEUE if is_urgent(lane) else USUAL_QUEUE
        app.send_task(
            DRAIN,
            args=[lane],
            queue=queue,
            retry=False,
            ignore_result=True,
            confirm_timeout=app.conf.broker_connection_timeout,
        )
    except Exception as error:  # noqa: BLE001  (the transports' errors share no base)
        raise BrokerUnavailable(why_unreachable(error)) from None


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
            if connection.transport.driver_type == "amqp":
                connection.ensure_connection(max_retries=1, interval_start=0)
            else:
                connection.default_channel.client.ping()
    except Exception as error:  # noqa: BLE001  (the transports' errors share no base)
        raise BrokerUnavailable(why_unreachable(error)) from None


def is_there(server: Server) -> bool:
    """Return whether a broker answers, to who has no app of its own yet."""
    app = make_app(lambda: (server, 1), only_rings=True)
    try:
        ping(app)
    except BrokerUnavailable:
        return False
    finally:
        app.close()
    return True


def _configuration(sweep_seconds: int) -> dict[str, Any]:
    return {
        "broker_connection_retry_on_startup": True,
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
        "beat_scheduler": "worker.broker.clockwise:Scheduler",
        "beat_schedule": {
            "sweep": {
                "task": SWEEP,
                "schedule": float(sweep_seconds),
                # Old sweeps do not pile up while no worker runs.
                # The reserved process does them also where all others are busy.
                # A RabbitMQ that has just come back may never confirm: beat goes on.
                "options": {
                    "expires": float(sweep_seconds),
                    "queue": COMPLIANCE_QUEUE,
                    "confirm_timeout": WORKER_SECONDS,
                },
            },
            "purge": {
                "task": PURGE,
                "schedule": crontab(hour="3", minute="17"),
                "options": {"expires": 3600.0, "confirm_timeout": WORKER_SECONDS},
            },
        },
    }
