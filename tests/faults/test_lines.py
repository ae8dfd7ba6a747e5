"""A line to Salesforce that is slow, half-open or cut: late, and never twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import Harness, add_account, cora_call, default_mappings
from tests.orgs import client_of
from worker.crm import login, session
from worker.localorg import LocalOrg

from .line import Line

AWAY = ("pending", "crm_unavailable")
SYNCED = ("synced", None)


@pytest.fixture
def far(
    database: Engine, org: LocalOrg, line: Line, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Harness]:
    """The way of a call, on which nobody waits long for an answer."""
    monkeypatch.setattr(session, "READ_TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(login, "TIMEOUT_SECONDS", (0.3, 0.3))
    add_account(org)
    with client_of(line.url) as crm:
        yield Harness(database, crm, default_mappings())


def test_a_slow_line_is_waited_for(far: Harness, org: LocalOrg, line: Line) -> None:
    line.delay_seconds = 0.02
    answer = far.send(cora_call())

    far.drain()

    assert far.ended(answer) == SYNCED
    assert len(org.records("Task")) == 1


def test_a_line_that_is_half_open_from_the_start_holds_the_call_up(
    far: Harness, org: LocalOrg, line: Line
) -> None:
    answer = far.send(cora_call())
    with line.held():
        far.drain()
    held = far.ended(answer)
    far.clock.move(minutes=1)

    far.drain()

    assert held == AWAY
    assert far.ended(answer) == SYNCED
    assert len(org.records("Task")) == 1


def test_what_was_written_over_a_line_that_never_answered_is_written_once(
    far: Harness, org: LocalOrg, line: Line
) -> None:
    """Salesforce has all of it, and nobody here knows."""
    far.send(cora_call("first"))
    far.drain()
    second = far.send(cora_call("second", outcomes={"promiseToPayDays": 7}))
    with line.held(b"Cora call"):
        far.drain()
    ended, written = far.ended(second), len(org.records("Task"))
    far.clock.move(minutes=1)

    far.drain()

    assert (ended, written) == (AWAY, 2)
    assert far.ended(second) == SYNCED
    assert len(org.records("Task")) == 2
    assert len(org.records("Promise_To_Pay__c")) == 1


def test_connections_that_were_cut_while_idle_are_made_again(
    far: Harness, org: LocalOrg, line: Line
) -> None:
    answers = []
    for number in range(3):
        answers.append(far.send(cora_call(f"call-{number}")))
        far.drain()
        line.cut()
        far.clock.move(minutes=1)
    far.drain()

    assert {far.ended(answer) for answer in answers} == {SYNCED}
    assert len(org.records("Task")) == 3
