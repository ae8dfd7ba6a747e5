"""What is asked of a request before its body counts for anything. Floor 3."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from worker.addresses import Network, caller, household, is_within
from worker.errors import (
    AddressNotAllowed,
    CutShort,
    LengthRequired,
    Refused,
    TooLarge,
)
from worker.model import Connection, DoorRules
from worker.rates import MOST_KEYS, Rates

log = logging.getLogger(__name__)

Environ = Mapping[str, Any]


class Door:
    """Tells callers by their addresses and keeps floods of refusals cheap.

    Who was refused too often is told 429, and its further refusals are counted in
    memory, without a row and a line in the log each; the next that is counted takes
    them along. A delivery that is signed well is taken all the same: a vendor may share
    an address with somebody.
    """

    def __init__(
        self,
        trusted_proxies: Sequence[Network] = (),
        refusals_per_minute: int = DoorRules().refusals_per_minute,
    ) -> None:
        self._trusted = trusted_proxies
        self._rates = Rates(refusals_per_minute)
        self._held: Counter[tuple[str, str, str]] = Counter()
        self._lock = threading.Lock()

    def caller(self, environ: Environ) -> str:
        """Return the address that a request comes from."""
        peer = str(environ.get("REMOTE_ADDR", ""))
        forwarded_for = str(environ.get("HTTP_X_FORWARDED_FOR", ""))
        return caller(peer, forwarded_for, self._trusted)

    def check(self, connection: Connection | None, address: str) -> None:
        """Raise `AddressNotAllowed` unless the connection takes calls from there."""
        allowed = connection.allow_from if connection else ()
        if allowed and not is_within(address, allowed):
            raise AddressNotAllowed("the address is not in allow_from")

    def weigh(
        self, name: str, refused: Refused, address: str, now: datetime
    ) -> tuple[int, float]:
        """Return how many refusals to count now, and how long the caller has to wait.

        None is counted, and there is a wait, where the address has had too many.
        """
        key = (name, refused.reason, address)
        wait_seconds = self._rates.take(household(address), now)
        with self._lock:
            if not wait_seconds:
                return 1 + self._held.pop(key, 0), 0.0
            if key not in self._held and len(self._held) >= MOST_KEYS:
                _, times = self._held.popitem()
                log.warning("%d refusals of one caller were left uncounted", times)
            self._held[key] += 1
        return 0, wait_seconds


def announced_bytes(environ: Environ, max_body_bytes: int) -> int:
    """Return how long the body is to be. Raises `LengthRequired` and `TooLarge`."""
    length = environ.get("CONTENT_LENGTH", "")
    if not (length.isascii() and length.isdecimal()):
        raise LengthRequired("there is no Content-Length")
    if len(length) > 12 or int(length) > max_body_bytes:
        raise TooLarge("the body is longer than MAX_BODY_BYTES")
    return int(length)


def read_body(environ: Environ, max_body_bytes: int) -> bytes:
    """Return the body's exact bytes, never more than allowed. Raises `Refused`."""
    length = announced_bytes(environ, max_body_bytes)
    body: bytes = environ["wsgi.input"].read(length)
    if len(body) != length:
        raise CutShort("the body is shorter than its Content-Length")
    return body


def headers_of(environ: Environ) -> dict[str, str]:
    """Return the headers by lower-case name."""
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    return headers
