"""Where the rings and the notes are kept: `BROKER_URL` and `REDIS_URL`. Floor 2."""

from __future__ import annotations

import ssl
from typing import NamedTuple

from worker.servers import Server
from worker.settings.environment import Environment

REDIS_SCHEMES = ("redis", "rediss", "sentinel")
BROKER_SCHEMES = (*REDIS_SCHEMES, "amqp", "amqps")
DEFAULT_URL = "redis://127.0.0.1:6379/0"

_REDIS_FORMS = (
    "redis://host:port/number, or rediss:// over TLS, or"
    " sentinel://host:port;sentinel://host:port/number"
)
_BROKER_FORMS = f"{_REDIS_FORMS}, or amqp://user:password@host:port/vhost, or amqps://"


class _Variables(NamedTuple):
    """The names of the variables that say where a server is."""

    url: str
    ca_file: str
    master: str
    password: str
    schemes: tuple[str, ...]
    forms: str


_REDIS = _Variables(
    "REDIS_URL",
    "REDIS_CA_FILE",
    "REDIS_SENTINEL_MASTER",
    "REDIS_SENTINEL_PASSWORD",
    REDIS_SCHEMES,
    _REDIS_FORMS,
)
_BROKER = _Variables(
    "BROKER_URL",
    "BROKER_CA_FILE",
    "BROKER_SENTINEL_MASTER",
    "BROKER_SENTINEL_PASSWORD",
    BROKER_SCHEMES,
    _BROKER_FORMS,
)


def servers(environment: Environment) -> tuple[Server | None, Server]:
    """Return where the notes are, None for nowhere, and where the rings are.

    Either does for both, but that RabbitMQ keeps no notes.
    """
    redis, broker = _server(environment, _REDIS), _server(environment, _BROKER)
    if redis is None and (broker is None or not broker.is_rabbitmq):
        redis = broker or Server(DEFAULT_URL)
    return redis, broker or redis or Server(DEFAULT_URL)


def _server(environment: Environment, names: _Variables) -> Server | None:
    """Return the server of these variables; None where no URL is set."""
    read = environment.text
    server = Server(
        read(names.url), read(names.ca_file), read(names.master), read(names.password)
    )
    if server.url and not _is_good(server, names.schemes):
        environment.faults.append(
            f"{names.url} has to be {names.forms}; without ?options, and with %40 for"
            " @, %2F for / and %23 for # in a password"
        )
        return Server(DEFAULT_URL)
    _check_ca(environment, names, server)
    _check_sentinel(environment, names, server)
    return server if server.url else None


def _is_good(server: Server, schemes: tuple[str, ...]) -> bool:
    try:
        return server.scheme in schemes and all(
            part.scheme == server.scheme
            and part.port != 0
            and bool(part.hostname or len(server.parts) == 1)
            and not (part.query or part.fragment or ";" in part.netloc)
            and (server.is_rabbitmq or _is_number(part.path.removeprefix("/")))
            for part in server.parts
        )
    except ValueError:
        return False


def _is_number(text: str) -> bool:
    return not text or (text.isascii() and text.isdecimal())


def _check_ca(environment: Environment, names: _Variables, server: Server) -> None:
    if not server.ca_file:
        return
    if not server.is_tls:
        environment.faults.append(
            f"{names.ca_file} is set, but {names.url} is not over TLS: begin it with"
            f" rediss:// or amqps://, or unset {names.ca_file}"
        )
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(server.ca_file)
    except OSError:
        environment.faults.append(
            f"{names.ca_file} cannot be read as certificates: it has to be the path of"
            " a PEM file"
        )


def _check_sentinel(
    environment: Environment, names: _Variables, server: Server
) -> None:
    if server.is_sentinel and not server.sentinel_master:
        environment.faults.append(
            f"{names.master} is not set: name the master as `sentinel monitor` does"
        )
    if not server.is_sentinel and (server.sentinel_master or server.sentinel_password):
        environment.faults.append(
            f"{names.master} or {names.password} is set, but {names.url} is not of"
            " Sentinels: begin it with sentinel://, or unset them"
        )
