"""One module a vendor: verify a delivery, read the event out of it. Floor 1, pure.

A source module *is* the adapter. It has the names of the `Source` protocol, and is
found by its file's name, so that adding a vendor edits no list. Modules that begin with
an underscore serve the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, cast

from worker.model import Connection, Delivery, Event

# PostgreSQL's B-tree takes rows of 2,704 bytes.
_KEY_BYTES = 2048


class Source(Protocol):
    """What a source module offers.

    `EVENTS` are the types whose details `read` knows; a mapping may name these and no
    other. Any other type with a well-formed name is read too, with None for what is not
    there. `OPTIONS` are the source's own options: name, then the allowed values, of
    which the first is the default.
    """

    EVENTS: Sequence[str]
    OPTIONS: Mapping[str, Sequence[str]]

    def verify(
        self, delivery: Delivery, connection: Connection, *, now: datetime
    ) -> None:
        """Raise `BadSignature` unless a secret of the connection signed these bytes."""

    def read(self, delivery: Delivery) -> Event:
        """Return the event of a verified delivery. Raises `BadPayload`."""

    def sign(
        self, body: bytes, connection: Connection, *, now: datetime
    ) -> dict[str, str]:
        """Return the headers that the vendor would send with this body."""

    def secret_problem(self, secret: str, options: Mapping[str, str]) -> str | None:
        """Say why no signature could ever match with this secret; None if one could.

        The sentence goes after the secret's name and does not show the secret.
        """


def read(name: str, delivery: Delivery) -> Event:
    """Return the event of a verified delivery. Raises `BadPayload`.

    A call or revision of the future is dated by its receipt: nothing that really comes
    later could supersede it otherwise.
    """
    event = load(name).read(delivery)
    occurred_at = min(event.occurred_at, delivery.received_at)
    revised_at = event.revised_at and min(event.revised_at, delivery.received_at)
    key = _short(event.dedupe_key, event.type)
    return replace(
        event, dedupe_key=key, occurred_at=occurred_at, revised_at=revised_at
    )


def _short(key: str, event_type: str) -> str:
    """Return a key that an index takes: what stands for it, where it is too long."""
    written = key.encode()
    if len(written) <= _KEY_BYTES:
        return key
    return f"{event_type}:sha256:{hashlib.sha256(written).hexdigest()}"


def names() -> list[str]:
    """Return the name of every source there is, sorted."""
    found = (module.name for module in iter_modules(__path__))
    return sorted(name for name in found if not name.startswith("_"))


@cache
def load(name: str) -> Source:
    """Return the source of this name. Raises `KeyError` where there is none."""
    if name not in names():
        raise KeyError(name)
    return cast(Source, import_module(f"{__name__}.{name}"))
