"""Events of every age and state, in a database with a key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import Engine, update

from tests.store.test_events import NOW, new_event
from tests.store.test_lanes import outcome, record, take
from worker.model import State
from worker.store.events import EVENT, Events
from worker.store.lanes import Lanes
from worker.store.tables import EventRow, RecordRow

KEY = Fernet.generate_key().decode()
FIELDS = {"Subject": "Call", "Description": "They talked."}


@dataclass
class Ledger:
    """A database, and events put into it."""

    engine: Engine

    def __post_init__(self) -> None:
        self.events = Events(self.engine)

    def add(
        self, name: str, days: float = 0, state: State = State.SYNCED, **changes: Any
    ) -> int:
        """Store an event that came, and ended, so many days before `NOW`."""
        at = NOW - timedelta(days=days)
        new = new_event(dedupe_key=name, received_at=at, **changes)
        event_id = self.events.add(new).event_id
        if state is not State.PENDING:
            self.settle(event_id, at, state)
        return event_id

    def settle(self, event_id: int, at: datetime, state: State = State.SYNCED) -> None:
        lanes = Lanes(self.engine)
        lease = take(lanes, now=at)
        written = record(fields=FIELDS, key="Account_Number__c=ACC-1", state=state)
        ended = outcome(event_id, state=state, records=(written,), next_attempt_at=at)
        lanes.settle(lease, [ended], at)
        lanes.release(lease)

    def make_pending(self, event_id: int) -> None:
        """Let an event be tried again, as a replay does."""
        query = update(EVENT).where(EVENT.c.id == event_id)
        with self.engine.begin() as connection:
            connection.execute(query.values(state="pending"))

    def get(self, event_id: int) -> EventRow:
        row = self.events.get(event_id)
        assert row is not None
        return row

    def record(self, event_id: int) -> RecordRow:
        (row,) = self.events.records([event_id])
        return row

    def with_body(self) -> set[str]:
        return {row.dedupe_key for row in self.events.newest(10_000) if row.body}

    def names(self) -> set[str]:
        return {row.dedupe_key for row in self.events.newest(10_000)}
