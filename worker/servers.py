"""Where a Redis or a RabbitMQ is, and why it cannot be reached. Floor 0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

KINDS = {
    "redis": "Redis",
    "rediss": "Redis over TLS",
    "sentinel": "Redis by Sentinel",
    "amqp": "RabbitMQ",
    "amqps": "RabbitMQ over TLS",
}
REDIS_PORT, SENTINEL_PORT = 6379, 26379


@dataclass(frozen=True, slots=True)
class Server:
    """A URL, which may hold a password, and what it cannot say.

    Of Sentinel it is the URLs of several, with semicolons. `ca_file` has whom a
    certificate is trusted for; empty, they are the system's.
    """

    url: str = field(repr=False)
    ca_file: str = ""
    sentinel_master: str = ""
    sentinel_password: str = field(default="", repr=False)

    @property
    def scheme(self) -> str:
        """Return what the URL begins with."""
        return self.url.partition("://")[0].lower()

    @property
    def kind(self) -> str:
        """Return what a person calls it."""
        return KINDS[self.scheme]

    @property
    def is_rabbitmq(self) -> bool:
        """Return whether it speaks AMQP."""
        return self.scheme in ("amqp", "amqps")

    @property
    def is_tls(self) -> bool:
        """Return whether what goes there is encrypted."""
        return self.scheme in ("rediss", "amqps")

    @property
    def is_sentinel(self) -> bool:
        """Return whether Sentinels are asked where the Redis is."""
        return self.scheme == "sentinel"

    @property
    def parts(self) -> tuple[SplitResult, ...]:
        """Return each URL in parts; what Sentinel's further ones leave out is added."""
        texts = self.url.split(";") if self.is_sentinel else [self.url]
        full = (t if "://" in t else f"{self.scheme}://{t}" for t in texts)
        return tuple(map(urlsplit, full))

    @property
    def sentinels(self) -> tuple[tuple[str, int], ...]:
        """Return the Sentinels' hosts and ports."""
        return tuple(
            (part.hostname or "127.0.0.1", part.port or SENTINEL_PORT)
            for part in self.parts
        )

    @property
    def login(self) -> dict[str, str]:
        """Return the user and the password of the first URL, where it has them."""
        first = self.parts[0]
        found = {"username": first.username, "password": first.password}
        return {name: unquote(value) for name, value in found.items() if value}

    @property
    def database(self) -> int:
        """Return the number of Redis' database."""
        return int(next((p.path.strip("/") for p in self.parts if p.path[1:]), "0"))


def why_unreachable(error: BaseException) -> str:
    """Return what is wrong, for who mends it: neither a password nor a URL is in it."""
    for each in _chain(error):
        for kind in type(each).__mro__:
            if kind.__name__ in _WORDS:
                return _WORDS[kind.__name__]
    return type(error).__name__


# By name, of Python, redis-py and py-amqp: this floor knows no network.
_WORDS = {
    "SSLCertVerificationError": "TLS: its certificate is not trusted, or not for this"
    " host: name its CA in REDIS_CA_FILE or BROKER_CA_FILE",
    "SSLError": "TLS: no handshake: is this the port for TLS?",
    "MasterNotFoundError": "no Sentinel names a master: check hosts, the name in"
    " REDIS_SENTINEL_MASTER or BROKER_SENTINEL_MASTER, and the Sentinels' password",
    "AuthenticationError": "the user or the password is refused",
    "NoPermissionError": "the user may not do this",
    "AccessRefused": "the user or the password is refused",
    "NotAllowed": "no such vhost, or not for this user",
    "gaierror": "no such host",
    "ConnectionRefusedError": "nothing listens there",
    "ConnectionResetError": "it has hung up",
    "TimeoutError": "no answer in time",
}


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Give an error, then those that it came of."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
