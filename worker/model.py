"""The words that every floor above uses. Floor 0: plain frozen data, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Any


class State(StrEnum):
    """Where an event or a record stands. Silence is a state: there is no other end."""

    PENDING = "pending"
    SYNCED = "synced"
    SKIPPED = "skipped"
    PARKED = "parked"


# Why an urgent event is pending that Salesforce has already: it is written once more
# in its debtor's order, since a usual call was on its way at the same time.
AGAIN_IN_ORDER = "again_in_order"

# The clocks of several machines are never this far apart: what is farther ahead is of a
# clock that was set back since.
CLOCKS_APART = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Connection:
    """One vendor account: an entry of `config/connections.yaml`.

    `secrets` are all accepted, newest first, while one replaces another; they come from
    the environment's `secrets_variable`. `options` are the source's own, such as
    Altur's signature scheme. `timezone` is the IANA name of the zone in which this
    account's days begin and end. `allow_from` are the only networks that may call,
    where there are any.
    """

    name: str
    source: str
    secrets: tuple[str, ...] = field(repr=False)
    options: Mapping[str, str] = field(default_factory=dict)
    timezone: str = "UTC"
    secrets_variable: str = ""
    allow_from: tuple[IPv4Network | IPv6Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days what is stored is kept, from the day it was settled.

    `body_days` and `parked_days` are of bodies and sent values, `ledger_days` of rows.
    """

    body_days: int = 90
    parked_days: int = 365
    ledger_days: int = 1095


@dataclass(frozen=True, slots=True)
class OrgLogin:
    """How to log in to a Salesforce org. `url` has no path.

    With a `private_key` (PEM) it is by an assertion that `username` logs in, for
    `audience`; without, by the client's secret.
    """

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    api_version: str
    username: str = ""
    private_key: str = field(default="", repr=False)
    audience: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One HTTP request of a vendor, as received.

    `headers` have lower-case names. `body` is the exact bytes.
    """

    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """What a source reads out of a delivery: who, what, which call, when, is it new.

    `dedupe_key` is the vendor's name for this event, stable over redeliveries;
    `content_hash` (hex) is stable too and changes only when the content does.
    `file_number`, `foreign_id` and `phone` are the party candidates, strongest first:
    None where the payload has none; a blank text is None. `phone` is the debtor's
    number, whichever side called, as the vendor wrote it (E.164).
    `occurred_at` is aware and in UTC. `payload` is the part that mappings call
    `payload`, `body` the whole parsed body. `revised_at` is when the vendor made this
    content, None where it does not say: it tells which of two revisions is newer.
    """

    source: str
    type: str
    dedupe_key: str
    content_hash: str
    call_id: str | None
    file_number: str | None
    foreign_id: str | None
    phone: str | None
    occurred_at: datetime
    payload: Mapping[str, Any] = field(repr=False)
    body: Mapping[str, Any] = field(repr=False)
    revised_at: datetime | None = None


@dataclass(slots=True, unsafe_hash=True)
class Match:
    """What identifies a record: a field of its object and that field's value.

    `others` are other ways to write the same value, such as a phone number's: a record
    with any of them matches.
    """

    field: str
    value: str
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.field}={self.value}"


@dataclass(slots=True, unsafe_hash=True)
class Link:
    """A reference of a write: `field` gets the id of the record that matches.

    `match` is None where the payload names no party at all. `missing` and `ambiguous`
    say what becomes of the write: `park` it, or `skip` the link and write without.
    """

    field: str
    object: str
    match: Match | None
    missing: str
    ambiguous: str


@dataclass(slots=True, unsafe_hash=True)
class Write:
    """One record that an event asks for.

    `mode` is `upsert` (key is an external id), `update` (key finds an existing record,
    which is never created) or `insert` (left alone where it exists). `missing` and
    `ambiguous` say what becomes of an update that finds none or several: `park` or
    `skip`. `fields` are what to send; `insert_only` and `if_empty` name those of them
    that an existing record keeps, always or where it has a value. `sticky` names those
    that only ever set. `append` names those whose value is a line for the text that is
    there. `place` is `file:line` in the mapping, `places` that of each field. `faults`
    say which fields a transform refused: they are left out, and the write waits for a
    person afterwards. `allows_duplicates` says that it is saved where a duplicate rule
    only alerts.
    """

    object: str
    mode: str
    key: Match
    fields: Mapping[str, Any] = field(repr=False)
    links: tuple[Link, ...] = ()
    missing: str = "park"
    ambiguous: str = "park"
    insert_only: frozenset[str] = frozenset()
    if_empty: frozenset[str] = frozenset()
    sticky: frozenset[str] = frozenset()
    append: frozenset[str] = frozenset()
    place: str = ""
    faults: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    allows_duplicates: bool = False


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A write that cannot or need not be made, with the state it ends in and why."""

    object: str
    state: State
    reason: str
    hint: str
    place: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a mapping makes of an event: a reason to skip it, or its writes in order."""

    skip_reason: str | None
    writes: tuple[Write | Unwritten, ...]
    mapping: str
    version: str
    content_hash: str = ""


@dataclass(frozen=True, slots=True)
class Compliance:
    """When somebody is told of an urgent event that is not confirmed, and where."""

    alarm_seconds: int
    alarm_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DoorRules:
    """What the endpoint bears: speeds, and the proxies whose word it takes.

    The rates are those of one process, a connection and an address.
    """

    rate_per_minute: int = 6000
    refusals_per_minute: int = 60
    body_seconds: int = 10
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
