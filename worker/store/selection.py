"""Which settled events a person means. Floor 2."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, true
from sqlalchemy.orm import aliased
from sqlmodel import col

from worker.model import State
from worker.store.events import EVENT, SUPERSEDED
from worker.store.mapping_texts import MAPPING
from worker.store.outcomes import RECORD
from worker.store.tables import EventRow

SETTLED = (State.SYNCED, State.SKIPPED, State.PARKED)
DISCARDED = "discarded"
BATCH = 500


@dataclass(frozen=True, slots=True)
class Selection:
    """Events by id, by what they are, or both; None leaves none out.

    Without a `state` it is every settled one: what is pending is never meant. Times are
    those of receipt, from `since` on and before `until`. `object` and `error_code` are
    of a record that ended as the event did, or before it was discarded.
    """

    event_ids: tuple[int, ...] = ()
    state: State | None = State.PARKED
    reason: str | None = None
    connection: str | None = None
    type: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    object: str | None = None
    error_code: str | None = None

    def __str__(self) -> str:
        """Return it as JSON, without what leaves none out; ids by their number."""
        parts = {
            "events": list(self.event_ids[:20]),
            "ids": len(self.event_ids),
            "state": self.state,
            "reason": self.reason,
            "connection": self.connection,
            "type": self.type,
            "since": self.since and self.since.isoformat(),
            "until": self.until and self.until.isoformat(),
            "object": self.object,
            "error_code": self.error_code,
        }
        return json.dumps({name: part for name, part in parts.items() if part})

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what has to hold of an event, but for its id."""
        states = [self.state] if self.state else SETTLED
        found: list[ColumnElement[bool]] = [
            EVENT.c.state.in_([s.value for s in states])
        ]
        for name in ("reason", "connection", "type"):
            value = getattr(self, name)
            if value is not None:
                found.append(EVENT.c[name] == value)
        if self.since is not None:
            found.append(EVENT.c.received_at >= self.since)
        if self.until is not None:
            found.append(EVENT.c.received_at < self.until)
        if self.object is not None or self.error_code is not None:
            found.append(self._has_record())
        return found

    def _has_record(self) -> ColumnElement[bool]:
        discarded = EVENT.c.reason == DISCARDED
        ended = or_(
            RECORD.c.state == EVENT.c.state,
            and_(discarded, RECORD.c.state == State.PARKED.value),
        )
        wanted = [RECORD.c.event_id == EVENT.c.id, ended]
        if self.object is not None:
            wanted.append(RECORD.c.object == self.object)
        if self.error_code is not None:
            wanted.append(RECORD.c.error_code == self.error_code)
        return exists().where(and_(*wanted))


def pieces(selection: Selection) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that name the ids, in pieces, or one that names none."""
    ids = sorted(set(selection.event_ids))
    if not ids:
        yield true()
    for start in range(0, len(ids), BATCH):
        yield EVENT.c.id.in_(ids[start : start + BATCH])


def replayable(original: bool) -> ColumnElement[bool]:
    """Say of an event that it may be replayed, by its `original` mapping or today's."""
    may_be = and_(~is_purged(), is_newest())
    return and_(may_be, has_mapping_text()) if original else may_be


def is_purged() -> ColumnElement[bool]:
    """Say of an event that its body is gone."""
    return EVENT.c.purged_at.is_not(None)


def is_newest() -> ColumnElement[bool]:
    """Say of an event that no newer revision took its place."""
    newer = aliased(EventRow)
    taken = exists().where(
        col(newer.connection) == EVENT.c.connection,
        col(newer.dedupe_key) == EVENT.c.dedupe_key,
        col(newer.revision) > EVENT.c.revision,
        col(newer.state) == State.SYNCED.value,
    )
    return and_(or_(EVENT.c.reason.is_(None), EVENT.c.reason != SUPERSEDED), ~taken)


def has_mapping_text() -> ColumnElement[bool]:
    """Say of an event that the text of the mapping that wrote it is kept."""
    return exists().where(
        MAPPING.c.source == EVENT.c.source,
        MAPPING.c.event == EVENT.c.type,
        MAPPING.c.version == EVENT.c.mapping_version,
        MAPPING.c.content_hash == EVENT.c.mapping_hash,
    )
