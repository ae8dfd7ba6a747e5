"""What Celery is told of each kind of broker. Floor 2."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import quote

from celery.worker.consumer.delayed_delivery import DelayedDelivery
from kombu.entity import Queue
from kombu.transport.redis import Channel
from redis.backoff import NoBackoff
from redis.retry import Retry

from worker.servers import Server

# A worker that loses Redis while it drains would acknowledge its ring, or give it back,
# over the closed connection, and end by that (kombu 5.7.0). So a ring is gone once it
# was heard, and nobody misses it: the sweep rings.
Channel.do_restore = False

# Celery would make 28 more queues and exchanges on RabbitMQ for tasks with a moment to
# run at. We have none: what is due is in the database.
DelayedDelivery.include_if = lambda *_: False


def of_broker(
    server: Server, queues: tuple[str, ...], connect_seconds: float, read_seconds: float
) -> dict[str, Any]:
    """Return the configuration for a broker.

    `connect_seconds` is for what is waited for: connections and confirmations.
    """
    made = _rabbitmq(server, queues) if server.is_rabbitmq else _redis(server)
    made["broker_connection_timeout"] = connect_seconds
    if not server.is_rabbitmq:
        made["broker_transport_options"] |= {
            "socket_connect_timeout": connect_seconds,
            "socket_timeout": read_seconds,
        }
    if server.is_sentinel:
        login = {"password": server.sentinel_password or None}
        made["broker_transport_options"] |= {
            "master_name": server.sentinel_master,
            "sentinel_kwargs": {
                "socket_connect_timeout": connect_seconds,
                "socket_timeout": connect_seconds,
                # The next one is asked at once, in place of ten tries of each.
                "retry": Retry(NoBackoff(), 0),
                **login,
            },
        }
    return made


def _redis(server: Server) -> dict[str, Any]:
    made: dict[str, Any] = {
        "broker_url": _sentinel_urls(server) if server.is_sentinel else server.url,
        "broker_transport_options": {"socket_keepalive": True, "ack_emulation": False},
    }
    if server.is_tls:
        made["broker_use_ssl"] = {
            "ssl_cert_reqs": ssl.CERT_REQUIRED,
            "ssl_check_hostname": True,
            "ssl_ca_certs": server.ca_file or None,
        }
    return made


def _sentinel_urls(server: Server) -> str:
    """Return a URL for each Sentinel, all with the login and number of the Redis."""
    user, password = (
        quote(server.login.get(name, ""), safe="") for name in ("username", "password")
    )
    login = f"{user}:{password}@" if user or password else ""
    return ";".join(
        f"sentinel://{login}{host}:{port}/{server.database}"
        for host, port in server.sentinels
    )


def _rabbitmq(server: Server, queues: tuple[str, ...]) -> dict[str, Any]:
    arguments = {"x-queue-type": "quorum"}
    made: dict[str, Any] = {
        "broker_url": server.url,
        "broker_transport_options": {"confirm_publish": True},
        # Of a worker's own connection: one whose other end is gone is found out.
        "broker_heartbeat": 30.0,
        "task_queues": tuple(
            Queue(name, routing_key=name, queue_arguments=arguments)  # type: ignore[no-untyped-call]
            for name in queues
        ),
        "task_create_missing_queues": False,
        "worker_detect_quorum_queues": True,
    }
    if server.is_tls:
        made["broker_use_ssl"] = {
            "cert_reqs": ssl.CERT_REQUIRED,
            # None is the URL's host; without the entry no name would be checked.
            "server_hostname": None,
            "ca_certs": server.ca_file or None,
        }
    return made
