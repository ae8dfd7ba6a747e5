"""What becomes of an event that is tried again after its body has gone."""

from __future__ import annotations

from datetime import timedelta

from celery.schedules import crontab
from sqlalchemy import Engine

from tests.delivery.harness import Harness, cora_call, default_mappings
from tests.orgs import client_of
from tests.privacy.ledger import Ledger
from worker import broker
from worker.localorg import LocalOrg
from worker.model import Retention
from worker.servers import Server
from worker.store.history import History
from worker.store.marks import EventMarks
from worker.store.retention import purge


def test_it_is_parked_as_purged_and_its_records_stay(
    database: Engine, org: LocalOrg
) -> None:
    with client_of(org.url) as crm:
        harness = Harness(database, crm, default_mappings())
        answer = harness.send(cora_call())
        harness.drain()
        before = [r.salesforce_id for r in harness.records(answer)]
        harness.clock.move(days=400)
        purge(database, Retention(), harness.clock())
        Ledger(database).make_pending(answer.event_id)
        requests = org.stats()

        harness.drain()

        assert harness.ended(answer) == ("parked", "body_purged")
        assert [r.salesforce_id for r in harness.records(answer)] == before
        assert org.stats() == requests


def test_purged_events_are_not_compared_with_a_changed_mapping(ledger: Ledger) -> None:
    ledger.add("old", 91)
    ledger.add("new", 1)

    purge(ledger.engine, Retention(), ledger.get(2).received_at + timedelta(days=1))

    matching = History(ledger.engine).matching(limit=9)
    marks = EventMarks(ledger.engine).newest(limit=9)
    assert [row.dedupe_key for row in matching] == ["new"]
    assert [mark.event_id for mark in marks] == [2]


def test_beat_asks_for_a_purge_once_a_day() -> None:
    app = broker.make_app(lambda: (Server("redis://127.0.0.1:1/0"), 10))

    entry = app.conf.beat_schedule["purge"]

    assert entry["task"] == broker.PURGE
    assert entry["schedule"] == crontab(hour="3", minute="17")
    app.close()
