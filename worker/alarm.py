"""The alarm of urgent events that are not confirmed in Salesforce. Floor 3."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from worker.errors import NobodyTold
from worker.store.unconfirmed import Unconfirmed, UnconfirmedEvents

# Of one look; the next goes on.
MOST_EVENTS = 200
MOST_NAMED = 10

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Tells of each urgent event once that is not confirmed after `seconds`.

    `tell` sends a text to somebody, and raises `NobodyTold`.
    """

    events: UnconfirmedEvents
    seconds: int
    # It may hold a URL that is a secret.
    tell: Callable[[str], None] = field(repr=False)

    def look(self, now: datetime) -> int:
        """Tell of what is late by now; return how many. Raises `StoreUnavailable`.

        What nobody could be told of is told again at the next look.
        """
        late = self.events.since(now - timedelta(seconds=self.seconds), MOST_EVENTS)
        if not late:
            return 0
        for event in late:
            log.error("compliance alarm: %s", _words(event, now))
        try:
            self.tell(_text(late, now))
        except NobodyTold as error:
            log.error("compliance alarm: nobody could be told: %s", error)
            return 0
        self.events.told([event.event_id for event in late], now)
        return len(late)


def _text(late: Sequence[Unconfirmed], now: datetime) -> str:
    lines = [_words(event, now) for event in late[:MOST_NAMED]]
    if len(late) > MOST_NAMED:
        lines.append(f"and {len(late) - MOST_NAMED} more")
    head = f"crm-sync: {len(late)} compliance events are not confirmed in Salesforce"
    return "\n".join([head, *lines, "see: crm-sync events NUMBER"])


def _words(event: Unconfirmed, now: datetime) -> str:
    seconds = round((now - event.received_at).total_seconds())
    why = f"{event.state}, {event.reason}" if event.reason else event.state
    return f"event {event.event_id} of {event.connection}: {why} after {seconds} s"
