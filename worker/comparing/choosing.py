"""Which of the stored events are worth trying with a changed mapping. Floor 4."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from worker.mapping.mapping_set import MappingSet
from worker.model import State
from worker.store.marks import EventMark, EventMarks

PAGE = 2_000
MOST_LOOKED_AT = 100_000


@dataclass(frozen=True, slots=True)
class Window:
    """Which events to look at. `events` is how many to try, at most.

    `since` is in and `until` is out. `everything` tries those too that the mapping has
    written as it is.
    """

    events: int
    since: datetime | None = None
    until: datetime | None = None
    connection: str | None = None
    everything: bool = False


@dataclass(slots=True)
class Chosen:
    """The events to try, oldest first, and how many were left out, and why.

    `looked_at` counts all; `has_more` says that there are more in the window.
    """

    marks: list[EventMark] = field(default_factory=list)
    pending: int = 0
    same: int = 0
    looked_at: int = 0
    has_more: bool = False


def choose(marks: EventMarks, window: Window, mappings: MappingSet) -> Chosen:
    """Return the newest events that another mapping wrote. Raises `StoreUnavailable`.

    A pending one is left out: it is still to be written, by whatever is there then.
    """
    chosen = Chosen()
    for mark in _newest(marks, window):
        if len(chosen.marks) == window.events or chosen.looked_at == MOST_LOOKED_AT:
            chosen.has_more = True
            break
        chosen.looked_at += 1
        if mark.state == State.PENDING.value:
            chosen.pending += 1
        elif not window.everything and _is_same(mark, mappings):
            chosen.same += 1
        else:
            chosen.marks.append(mark)
    chosen.marks.sort(key=lambda mark: mark.event_id)
    return chosen


def _is_same(mark: EventMark, mappings: MappingSet) -> bool:
    mapping = mappings.find(mark.source, mark.type)
    if mapping is None:
        return mark.mapping_version is None
    return mark.mapping_hash == mapping.spec.content_hash


def _newest(marks: EventMarks, window: Window) -> Iterator[EventMark]:
    before = None
    while True:
        page = marks.newest(
            limit=PAGE,
            since=window.since,
            until=window.until,
            connection=window.connection,
            before=before,
        )
        yield from page
        if len(page) < PAGE:
            return
        before = page[-1]
