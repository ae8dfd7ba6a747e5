"""Ids as long as a source reads them, signed well: stored on either engine."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import CONNECTIONS, START, default_mappings
from tests.http.test_wsgi import Client
from worker.intake import Intake
from worker.store.events import Events
from worker.wsgi import Endpoint


def long_id(first: int) -> str:
    """The most that one text may weigh, and nothing that a database packs."""
    return "".join(chr(0x10000 + first * 512 + n * 7 % 512) for n in range(512))


ONE, TWO, THREE, FOUR = map(long_id, range(1, 5))
BODIES: dict[str, dict[str, Any]] = {
    "cora": {
        "event": "payment.success",
        "organization": {"id": ONE},
        "payload": {"callId": TWO, "amount": THREE, "paymentDate": FOUR},
    },
    "altur": {
        "event_type": "on_call_end",
        "id": ONE,
        "campaign_user": {"f_id": TWO, "contact": THREE},
    },
    "vocobase": {
        "event": "session.completed",
        "data": {"session_id": ONE, "call": {"call_id": TWO, "to_number": THREE}},
    },
    "freeclimb": {
        "requestType": "callStatus",
        "accountId": ONE,
        "callId": TWO,
        "to": THREE,
    },
}


@pytest.mark.parametrize("name", BODIES)
def test_the_longest_ids_are_stored_once(engine: Engine, name: str) -> None:
    intake = Intake(Events(engine), default_mappings(), CONNECTIONS, 8, lambda _: None)
    client = Client(Endpoint(intake, 65_536, dict, lambda: START))
    body = json.dumps(BODIES[name], ensure_ascii=False).encode()

    found = [client.deliver(body, name).json() for _ in range(2)]

    assert [answer.get("status") for answer in found] == ["accepted", "duplicate"]
