"""Processes of the version before beside new ones, on the new version's database.

They name the columns that they know and leave out the others.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, update

from tests.delivery.harness import (
    LANES,
    START,
    Harness,
    add_account,
    cora_call,
    default_mappings,
)
from tests.store.test_migrations import OLD_EVENT, OLD_RECORD, as_it_was
from worker.crm.salesforce import SalesforceCrm
from worker.lane_numbers import lane_of
from worker.localorg import LocalOrg
from worker.store.events import EVENT
from worker.store.outcomes import RECORD

SYNCED = ("synced", None)


@pytest.fixture
def mixed(engine: Engine, crm: SalesforceCrm, org: LocalOrg) -> Harness:
    """A new worker, on both engines, and a debtor."""
    return Harness(engine, crm, default_mappings())


def store_as_before(engine: Engine, body: dict[str, Any], **changes: object) -> int:
    """Store a call as an old door does."""
    call = body["payload"]["callId"]
    values = {
        **OLD_EVENT,
        "dedupe_key": body["idempotencyKey"],
        "content_hash": call,
        "call_id": call,
        "lane": lane_of("ACC-1", LANES),
        "occurred_at": START,
        "received_at": START,
        "next_attempt_at": START,
        "headers": {},
        "body": json.dumps(body).encode(),
        "attempts": 0,
        **changes,
    }
    old = as_it_was(EVENT, ["id", *values])
    with engine.begin() as connection:
        added = connection.execute(insert(old).values(values).returning(old.c.id))
        return int(added.scalar_one())


def settle_as_before(engine: Engine, event_id: int, **record: object) -> None:
    """Settle an event with one record as an old worker does."""
    settled = {"state": "synced", "reason": None, "attempts": 1, "settled_at": START}
    old = as_it_was(EVENT, ["id", *settled])
    row = {**OLD_RECORD, "event_id": event_id, "state": "synced", **record}
    with engine.begin() as connection:
        connection.execute(update(old).where(old.c.id == event_id).values(settled))
        connection.execute(insert(as_it_was(RECORD, row)).values(row))


@pytest.mark.parametrize("urgent", [False, True])
def test_what_an_old_door_takes_in_a_new_worker_delivers(
    mixed: Harness, org: LocalOrg, urgent: bool
) -> None:
    """An old door puts urgent calls among the usual ones."""
    add_account(org)
    body = cora_call(outcomes={"doNotCall": urgent})
    event_id = store_as_before(mixed.engine, body, urgent=urgent)

    mixed.drain()

    row = mixed.event(event_id)
    assert (row.state, row.reason) == SYNCED
    assert len(org.records("Task")) == 1
    (account,) = org.records("Debt_Account__c")
    assert account["Do_Not_Call__c"] is urgent


def test_what_an_old_worker_settled_stays_settled_and_is_a_duplicate(
    mixed: Harness, org: LocalOrg
) -> None:
    answer = mixed.send(cora_call())
    settle_as_before(mixed.engine, answer.event_id)

    again = mixed.send(cora_call())
    mixed.drain()

    assert (again.status, again.event_id) == ("duplicate", answer.event_id)
    assert mixed.ended(answer) == SYNCED
    assert org.records("Task") == []


def test_an_older_call_does_not_go_over_what_an_old_worker_wrote(
    mixed: Harness, org: LocalOrg
) -> None:
    account_id = add_account(org, Last_Call_Result__c="Cora: Newer.")
    newer = START + timedelta(hours=1)
    event_id = store_as_before(mixed.engine, cora_call("newer"), occurred_at=newer)
    settle_as_before(
        mixed.engine,
        event_id,
        object="Debt_Account__c",
        key="Account_Number__c=ACC-1",
        fields={"Last_Call_Result__c": "Cora: Newer."},
        salesforce_id=account_id,
        occurred_at=newer,
    )
    older = mixed.send(cora_call("older", summary="Older."))

    mixed.drain()

    assert mixed.ended(older) == SYNCED
    (account,) = org.records("Debt_Account__c")
    assert account["Last_Call_Result__c"] == "Cora: Newer."
