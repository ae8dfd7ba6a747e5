"""Taking a delivery in: verified, read, committed, then rung for. Floor 3."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from worker import sources
from worker.addresses import household
from worker.errors import BrokerUnavailable, Refused, TooMany, UnknownConnection
from worker.lane_numbers import lane_of, urgent_lane
from worker.mapping.compiled import CompiledMapping
from worker.mapping.context import context_of
from worker.mapping.mapping_set import Mappings
from worker.mapping.paths import Context
from worker.model import Connection, Delivery, DoorRules, Event, State
from worker.rates import Rates
from worker.redaction import kept_headers
from worker.store.events import Events, NewEvent

log = logging.getLogger(__name__)

ACCEPTED, DUPLICATE, IGNORED = "accepted", "duplicate", "ignored"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the vendor is told."""

    status: str
    event_id: int


@dataclass(frozen=True, slots=True)
class Intake:
    """What taking a delivery in needs. `ring` asks for a drain of a lane."""

    events: Events
    mappings: Mappings
    connections: Mapping[str, Connection]
    lanes: int
    ring: Callable[[int], None]
    rates: Rates = field(default_factory=lambda: Rates(DoorRules().rate_per_minute))

    def accept(
        self, connection_name: str, delivery: Delivery, address: str = ""
    ) -> Answer:
        """Store the event and commit. Raises `Refused` and `StoreUnavailable`.

        A broken doorbell is no reason to refuse: the sweep rings for what is stored.
        """
        connection = self.connections.get(connection_name)
        if connection is None:
            raise UnknownConnection("no such connection")
        source = sources.load(connection.source)
        source.verify(delivery, connection, now=delivery.received_at)
        # Not before: whoever cannot sign must not use up what the vendor may send.
        self._count(connection.name, household(address), delivery.received_at)
        is_new = False
        try:
            event = sources.read(connection.source, delivery)
            new = self._new_event(event, connection, delivery)
            stored = self.events.add(new)
            is_new = stored.is_new
        finally:
            # Nor must whoever sends the vendor's old deliveries again.
            if not is_new:
                self.rates.give_back(connection.name)
        if not is_new:
            return Answer(DUPLICATE, stored.event_id)
        if new.state is not State.PENDING or stored.is_superseded:
            return Answer(IGNORED, stored.event_id)
        try:
            self.ring(new.lane)
        except BrokerUnavailable as error:
            log.warning("event %d waits for the sweep: %s", stored.event_id, error)
        return Answer(ACCEPTED, stored.event_id)

    def refuse(
        self, name: str, refused: Refused, remote: str, now: datetime, times: int = 1
    ) -> None:
        """Count refusals. Unknown names are counted as one: they are anybody's."""
        known = name if name in self.connections else "?"
        self.events.reject(known, refused.reason, remote, now, times)

    def _count(self, name: str, caller: str, now: datetime) -> None:
        """Count a delivery of the connection and of who sends it for it.

        Raises `TooMany`.
        """
        wait_seconds = self.rates.take(f"{name} {caller}", now)
        if not wait_seconds:
            wait_seconds = self.rates.take(name, now)
        if wait_seconds:
            raise TooMany(wait_seconds)

    def _new_event(
        self, event: Event, connection: Connection, delivery: Delivery
    ) -> NewEvent:
        mapping = self.mappings.current().find(event.source, event.type)
        context = context_of(event, connection, delivery.received_at)
        party = party_key(event, mapping, context)
        lane = lane_of(party, self.lanes)
        urgent = mapping is not None and mapping.is_urgent(context)
        return NewEvent(
            connection=connection.name,
            source=event.source,
            type=event.type,
            dedupe_key=event.dedupe_key,
            content_hash=event.content_hash,
            call_id=event.call_id,
            party_key=party,
            lane=urgent_lane(lane) if urgent else lane,
            urgent=urgent,
            occurred_at=event.occurred_at,
            received_at=delivery.received_at,
            state=State.SKIPPED if mapping is None else State.PENDING,
            reason="unmapped_event" if mapping is None else None,
            headers=kept_headers(delivery.headers),
            body=delivery.body,
            revised_at=event.revised_at,
        )


def party_key(event: Event, mapping: CompiledMapping | None, context: Context) -> str:
    """Return whom the event is about; an event about nobody is a party of its own."""
    named = mapping.party(context) if mapping else None
    candidates = (named, event.file_number, event.foreign_id, event.phone)
    return next((c for c in candidates if c), event.call_id or event.dedupe_key)
