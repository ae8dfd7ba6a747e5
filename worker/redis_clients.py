"""The only place that opens a Redis: plain, over TLS, or by Sentinel. Floor 2."""

from __future__ import annotations

from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from worker.errors import BrokerUnavailable
from worker.servers import Server, why_unreachable


def open_redis(server: Server, timeout_seconds: float, retries: int = 0) -> Redis:
    """Return a client that connects when first used. Its errors are `RedisError`s."""
    options: dict[str, Any] = {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "retry": Retry(NoBackoff(), retries),
    }
    if server.is_sentinel:
        return _master(server, options)
    if server.is_tls:
        options |= {
            "ssl_cert_reqs": "required",
            "ssl_check_hostname": True,
            "ssl_ca_certs": server.ca_file or None,
        }
    return Redis.from_url(server.url, **options)


def ping(client: Redis) -> None:
    """Ask whether it is there. Raises `BrokerUnavailable`."""
    try:
        client.ping()
    except Exception as error:  # noqa: BLE001  (TLS and the resolver have their own)
        raise BrokerUnavailable(why_unreachable(error)) from None


class _MasterPool(SentinelConnectionPool):
    """The connections to a master, closed with those to its Sentinels."""

    def disconnect(self, inuse_connections: bool = True) -> None:
        super().disconnect(inuse_connections)
        for sentinel in self.sentinel_manager.sentinels:
            sentinel.close()


def _master(server: Server, options: dict[str, Any]) -> Redis:
    password = server.sentinel_password
    login = {"password": password} if password else {}
    to_sentinels = {**options, **login}
    sentinels: Any = Sentinel(server.sentinels, sentinel_kwargs=to_sentinels)  # type: ignore[no-untyped-call]
    client: Redis = sentinels.master_for(
        server.sentinel_master,
        connection_pool_class=_MasterPool,
        db=server.database,
        **server.login,
        **options,
    )
    return client
