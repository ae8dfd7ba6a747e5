"""A changed mapping compared with the past, and then applied for real."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, update

from tests.delivery.harness import (
    LANES,
    Harness,
    add_account,
    cora_call,
    cora_mapping,
    with_mapping,
)
from tests.orgs import client_of
from tests.sources.fixture_files import CONNECTIONS
from worker.checking import texts_of
from worker.comparing.changes import Kind, RecordChange
from worker.comparing.choosing import Window
from worker.comparing.comparison import Comparer, Comparison
from worker.comparing.same import is_same
from worker.comparing.trial import Past
from worker.localorg import LocalOrg
from worker.mapping.mapping_set import MappingSet
from worker.org_schema import load_schema
from worker.store.calls import Calls
from worker.store.events import EVENT, Events
from worker.store.history import History
from worker.store.lanes import Lanes
from worker.store.mapping_texts import MappingTexts
from worker.store.marks import EventMarks

STAMPS = {"SystemModstamp", "LastModifiedDate", "CreatedDate"}
Values = dict[tuple[str, str, str], Any]

__all__ = ["Lab", "Replayed", "add_account", "cora_call", "lab_of", "lines"]


@dataclass
class Replayed:
    """What applying has really done: the fields that changed, and its API requests."""

    changed: Values
    api_requests: int


@dataclass
class Lab:
    """A harness with a past, and its org."""

    harness: Harness
    org: LocalOrg
    engine: Engine

    def __post_init__(self) -> None:
        self.schema = load_schema(self.harness.schema_dir)

    def send(self, *calls: dict[str, Any]) -> list[int]:
        """Deliver calls one after the other, each a minute later."""
        ids = []
        for call in calls:
            ids.append(self.harness.send(call).event_id)
            self.harness.clock.move(minutes=1)
            self.harness.drain()
        return ids

    def past(self) -> Past:
        return Past(
            events=Events(self.engine),
            marks=EventMarks(self.engine),
            history=History(self.engine),
            lanes=Lanes(self.engine),
            calls=Calls(self.engine),
            texts=MappingTexts(self.engine),
        )

    def compare(
        self,
        changed: str | MappingSet,
        *,
        against_org: bool = False,
        window: Window | None = None,
    ) -> Comparison:
        """Compare, and make sure that nothing was written."""
        mappings = cora_mapping(changed) if isinstance(changed, str) else changed
        before = self.values()
        self.org.reset_stats()
        comparer = Comparer(self.past(), CONNECTIONS, self.schema)
        with client_of(self.org.url) as crm:
            if against_org:
                comparer = dataclasses.replace(comparer, org=crm)
            comparison = comparer.compare(mappings, window or Window(events=1000))
        asked = self.org.stats()["by_path"]
        assert {path.split(" ")[0] for path in asked} <= {"GET"}
        assert against_org or asked == {}
        assert self.values() == before
        return comparison

    def apply(self, changed: str | MappingSet, comparison: Comparison) -> Replayed:
        """Deliver the events that the comparison is about again, as they came."""
        mappings = cora_mapping(changed) if isinstance(changed, str) else changed
        before = self.values()
        ids = comparison.cost.event_ids
        now = self.harness.clock()
        due = {"state": "pending", "next_attempt_at": now}
        with self.engine.begin() as connection:
            connection.execute(update(EVENT).where(EVENT.c.id.in_(ids)).values(**due))
        self.org.reset_stats()
        drainer = dataclasses.replace(self.harness.drainer, mappings=mappings)
        for lane in range(LANES):
            drainer.drain(lane)
        requests = self.org.stats()["api_requests"]
        after = self.values()
        changed_values = {k: v for k, v in after.items() if before.get(k) != v}
        return Replayed(changed_values, requests)

    def assert_exact(self, changed: str | MappingSet, comparison: Comparison) -> None:
        """Apply it, and find just what was announced, for no more requests."""
        replayed = self.apply(changed, comparison)
        announced = {
            (record.object, self._id_of(record), field.name): field.after
            for record in comparison.records
            for field in record.fields
            if is_sent(field)
        }
        made = {self._id_of(r) for r in comparison.records if r.is_new}
        really = {k: v for k, v in replayed.changed.items() if k[1] not in made}
        assert {k for k in announced if k[1] not in made} == set(really)
        after = self.values()
        for name, value in announced.items():
            now = after[name]
            is_made = str(value).startswith("new ")  # its id was not known yet
            assert is_made or is_same(
                now, value, self.schema.field(name[0], name[2])
            ), name
        assert replayed.api_requests <= comparison.cost.api_requests
        ends = {tried.event_id: tried.after for tried in comparison.ends}
        assert {i: words(self.harness, i) for i in ends} == ends

    def values(self) -> Values:
        """Return every field of every record in the org."""
        return {
            (name, record["Id"], field): value
            for name in self.schema.fields
            for record in self.org.records(name)
            for field, value in record.items()
            if field not in STAMPS
        }

    def _id_of(self, record: RecordChange) -> str:
        if record.salesforce_id:
            return record.salesforce_id
        field, _, value = record.key.partition("=")
        found = [r for r in self.org.records(record.object) if r[field] == value]
        return str(found[0]["Id"]) if found else record.key


def is_sent(change: Any) -> bool:
    return change.kind is not Kind.NO_LONGER_SENT


def words(harness: Harness, event_id: int) -> str:
    row = harness.event(event_id)
    if row.reason == "nothing_to_write":
        return "synced"
    return f"{row.state}({row.reason})" if row.reason else row.state


def lines(comparison: Comparison) -> list[str]:
    """Return the changes, one a line: object, field, kind, before, after."""
    return [
        f"{record.object} {field.name} {field.kind}: {field.before} -> {field.after}"
        for record in comparison.records
        for field in record.fields
    ]


@contextmanager
def lab_of(
    engine: Engine, org: LocalOrg, writes: str, **settings: Any
) -> Iterator[Lab]:
    """Give a lab whose past was written by these writes."""
    with with_mapping(engine, org, writes, **settings) as harness:
        mappings = harness.mappings
        MappingTexts(engine).remember(texts_of(mappings), harness.clock())
        yield Lab(harness, org, engine)
