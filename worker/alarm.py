"""The alarm of urgent events that are not confirmed in Salesforce. Floor 3."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from worker.errors import NobodyTold, StoreUnavailable
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
    # Of those late that nobody could be told of yet.
    _logged: set[int] = field(default_factory=set, repr=False)

    def look(self, now: datetime) -> int:
        """Tell of what is late by now; return how many. Raises `StoreUnavailable`.

        What nobody could be told of is told again at the next look, and logged once.
        """
        late = self.events.late(now, self.seconds, MOST_EVENTS)
        if not late:
            return 0
        for event in late:
            if event.event_id not in self._logged:
                log.error("compliance alarm: %s", _words(event, now))
        self._logged.clear()
        self._logged.update(event.event_id for event in late)
        try:
            self.tell(_text(late, now))
        except NobodyTold as error:
            count = len(late)
            log.error("compliance alarm: nobody could be told of %d: %s", count, error)
            return 0
        self.events.told([event.event_id for event in late], now)
        return len(late)


def watch(look: Callable[[], object], pause: Callable[[], bool]) -> None:
    """Look again and again, whatever comes of it, until `pause` says to stop."""
    while not pause():
        try:
            look()
        except StoreUnavailable as error:
            log.error("no alarm can be given now: the database: %s", error)
        except Exception as error:  # noqa: BLE001  (its text may hold a URL)
            log.error("no alarm can be given now: %s", type(error).__name__)


def _text(late: Sequence[Unconfirmed], now: datetime) -> str:
    lines = [_words(event, now) for event in late[:MOST_NAMED]]
    if len(late) > MOST_NAMED:
        lines.append(f"and {len(late) - MOST_NAMED} more")
    head = f"crm-sync: {len(late)} compliance events are not confirmed in Salesforce"
    return "\n".join([head, *lines, "see: crm-sync events NUMBER"])


def _words(event: Unconfirmed, now: datetime) -> str:
    seconds = round((now - event.since).total_seconds())
    why = f"{event.state}, {event.reason}" if event.reason else event.state
    after = f"after {seconds} s" if seconds >= 0 else "since the clock was set back"
    return f"event {event.event_id} of {event.connection}: {why} {after}"
