"""Intake and drainer over a real database and a local org, with a clock as argument."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from tests.orgs import SCHEMA, client_of
from tests.sources.fixture_files import CONNECTIONS, SIGNED_AT
from worker import sources
from worker.crm import Crm, RowResult
from worker.delivery.draining import Drainer
from worker.delivery.link_cache import LinkCache
from worker.delivery.past_mappings import PastMappings
from worker.intake import Answer, Intake
from worker.localorg import LocalOrg
from worker.mapping.mapping_set import MappingSet, compile_set
from worker.mapping_folder import load_mappings
from worker.model import Delivery
from worker.org_schema import load_schema
from worker.store.calls import Calls
from worker.store.events import Events
from worker.store.lanes import Lanes
from worker.store.mapping_texts import MappingTexts
from worker.store.tables import EventRow, RecordRow

ROOT = Path(__file__).parents[2]
START = SIGNED_AT
LANES = 2


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **step: float) -> None:
        self.now += timedelta(**step)


@dataclass
class Harness:
    """The whole way of a call, but for HTTP at the door and Celery."""

    engine: Engine
    crm: Crm
    mappings: MappingSet
    clock: Clock = field(default_factory=Clock)
    rung: list[int] = field(default_factory=list)
    cache_seconds: float = 0
    schema_dir: Path = SCHEMA

    def __post_init__(self) -> None:
        self.events = Events(self.engine)
        self.lanes = Lanes(self.engine)
        self.intake = Intake(
            self.events, self.mappings, CONNECTIONS, LANES, self.rung.append
        )
        schema = load_schema(self.schema_dir)
        self.drainer = Drainer(
            events=self.events,
            lanes=self.lanes,
            calls=Calls(self.engine),
            past=PastMappings(MappingTexts(self.engine)),
            crm=self.crm,
            mappings=self.mappings,
            connections=CONNECTIONS,
            lease_seconds=60,
            retry_hours=72,
            clock=self.clock,
            jitter=lambda: 0.0,
            schema=lambda: schema,
            cache=LinkCache(self.cache_seconds, lambda: self.clock().timestamp()),
        )

    def ask_one_by_one(self) -> None:
        """Put no requests together: what one of them meets is its own."""
        self.drainer = replace(self.drainer, crm=Spy(self.crm))

    def send(self, body: Mapping[str, Any] | bytes, connection: str = "cora") -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        source = CONNECTIONS[connection]
        headers = sources.load(source.source).sign(raw, source, now=self.clock())
        lower = {name.lower(): value for name, value in headers.items()}
        return self.intake.accept(connection, Delivery(lower, raw, self.clock()))

    def drain(self) -> None:
        """Drain every lane once, those of urgent events first."""
        for lane in range(-LANES, LANES):
            self.drainer.drain(lane)

    def event(self, event_id: int) -> EventRow:
        row = self.events.get(event_id)
        assert row is not None
        return row

    def ended(self, answer: Answer) -> tuple[str, str | None]:
        row = self.event(answer.event_id)
        return row.state, row.reason

    def records(self, answer: Answer) -> list[RecordRow]:
        return list(self.events.records([answer.event_id]))


@cache
def default_mappings() -> MappingSet:
    """The shipped mappings, read once: nobody can change them."""
    return load_mappings(ROOT / "mappings")


def cora_mapping(writes: str, head: str = "", *, version: int = 1) -> MappingSet:
    """Return a mapping of Cora's calls with these writes."""
    named = f"source: cora\nevent: call.completed\nversion: {version}\n"
    text = f"{named}{head}writes:\n{writes}"
    return compile_set({"cora/call.completed.yaml": text})


@contextmanager
def with_mapping(
    engine: Engine, org: LocalOrg, writes: str, *, head: str = "", **settings: Any
) -> Iterator[Harness]:
    """Give a harness whose only mapping makes these writes of Cora's calls."""
    with client_of(org.url) as crm:
        yield Harness(engine, Spy(crm), cora_mapping(writes, head), **settings)


@dataclass
class Spy:
    """A `Crm` that notes each request to write: verb, object and records.

    `before_write` is called once, before the next of them.
    """

    crm: Crm
    requests: list[tuple[str, str, list[dict[str, Any]]]] = field(default_factory=list)
    before_write: Callable[[], object] | None = None

    def find(self, *asked: Any) -> list[dict[str, Any]]:
        return self.crm.find(*asked)

    def upsert(
        self, name: str, key: str, records: Sequence[Any], **options: bool
    ) -> list[RowResult]:
        self._note("upsert", name, records)
        return self.crm.upsert(name, key, records, **options)

    def update(
        self, name: str, records: Sequence[Any], **options: bool
    ) -> list[RowResult]:
        self._note("update", name, records)
        return self.crm.update(name, records, **options)

    def sent(self, object_name: str) -> list[dict[str, Any]]:
        """Return the records of an object that were sent."""
        return [
            r for _, name, rows in self.requests if name == object_name for r in rows
        ]

    def _note(self, verb: str, name: str, records: Sequence[Any]) -> None:
        self.requests.append((verb, name, [dict(record) for record in records]))
        step, self.before_write = self.before_write, None
        if step is not None:
            step()


def add_account(org: LocalOrg, number: str = "ACC-1", **fields: object) -> str:
    (salesforce_id,) = org.insert(
        "Debt_Account__c", [{"Account_Number__c": number, **fields}]
    )
    return salesforce_id


def delete_record(
    org: LocalOrg, salesforce_id: str, object_name: str = "Debt_Account__c"
) -> None:
    """Delete a record of the org as another user would."""
    with client_of(org.url) as crm:
        client = crm._session.client()
        client._call_salesforce(
            "DELETE",
            f"{client.base_url}sobjects/{object_name}/{salesforce_id}",
            name="delete",
        )
    org.reset_stats()


def cora_call(call_id: str = "call-1", **payload: Any) -> dict[str, Any]:
    """Return a call of Cora's; `payload` changes its inner payload."""
    inner = {
        "callId": call_id,
        "phoneNumber": "+15125550101",
        "fileNumber": "ACC-1",
        "status": "Completed",
        "duration": 61500,
        "direction": "OUTBOUND",
        "isTestCall": False,
        "outcomes": {},
        "summary": "They talked.",
        "createdAt": "2026-05-04T10:14:20.000Z",
        "endedAt": "2026-05-04T10:15:30.000Z",
        **payload,
    }
    present = {name: value for name, value in inner.items() if value is not ...}
    return {
        "event": "call.completed",
        "eventCategory": "calls",
        "idempotencyKey": f"call.completed:org-1:{call_id}",
        "organization": {"id": "org-1", "name": "Harbor Recovery"},
        "timestamp": "2026-05-04T10:15:30.000Z",
        "payload": present,
    }
