"""Card numbers and SSNs that were said stay in the body, and go nowhere else."""

from __future__ import annotations

import json
import logging

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import Harness, add_account, cora_call, default_mappings
from tests.orgs import client_of
from worker.localorg import LocalOrg

SAID = "Card 4111 1111 1111 1111, and my SSN is 123-45-6789."
TRANSCRIPT = [{"role": "user", "content": SAID}]


def test_neither_the_org_nor_a_log_nor_the_ledger_has_them(
    database: Engine, org: LocalOrg, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    add_account(org)
    call = cora_call(
        summary=SAID,
        transcript=TRANSCRIPT,
        outcomes={"promiseToPay": {"amount": 50, "note": SAID}, "notes": SAID},
    )
    with client_of(org.url) as crm:
        harness = Harness(database, crm, default_mappings())
        answer = harness.send(call)
        harness.drain()

        assert harness.ended(answer) == ("synced", None)
        sent = json.dumps([row.fields for row in harness.records(answer)])
        names = {row.object for row in harness.records(answer)}

    arrived = json.dumps([org.records(name) for name in names])
    assert "[card ending 1111]" in arrived
    assert "[SSN removed]" in arrived
    for number in ("4111 1111", "41111111", "123-45-6789", "123456789"):
        assert number not in arrived
        assert number not in sent
        assert number not in caplog.text
