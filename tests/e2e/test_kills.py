"""A worker that is killed in the middle of its work: all is done, nothing twice."""

from __future__ import annotations

import signal
from collections import Counter

import pytest

from .deliveries import cora_call
from .polling import eventually
from .processes import Pid, Process
from .stacks import Pieces

EVENTS = 200
STOP_SECONDS = 10.0
CALLS = [f"call-{number:03}" for number in range(EVENTS)]


@pytest.fixture
def busy(pieces: Pieces) -> Pieces:
    """Pieces with 200 events waiting, a slow org, beat, and no worker yet."""
    pieces.org.insert(
        "Debt_Account__c",
        [{"Name": call, "Account_Number__c": f"ACC-{call}"} for call in CALLS],
    )
    pieces.org.faults.add("latency", seconds=0.15, path="composite/sobjects")
    pieces.start_redis()
    promised = {"outcomes": {"promiseToPayDays": 7}}
    pieces.take_in("cora", [cora_call(c, f"ACC-{c}", **promised) for c in CALLS])
    pieces.start("beat")
    return pieces


def synced(pieces: Pieces) -> int:
    return pieces.ledger.counts().get("synced", 0)


def written(pieces: Pieces, object_name: str) -> int:
    return len(pieces.org.records(object_name))


def await_the_middle(pieces: Pieces, worker: Process) -> None:
    """Wait until some calls are done, and others have a part of their records."""
    eventually(
        lambda: worker.answers(
            synced(pieces)
            and written(pieces, "Task") != written(pieces, "Promise_To_Pay__c")
        ),
        "the middle of the work",
    )


def check_all_synced_once(pieces: Pieces) -> None:
    assert pieces.ledger.await_all_settled() == {"synced": EVENTS}
    tasks = pieces.org.records("Task")
    assert Counter(t["External_Call_Id__c"] for t in tasks) == dict.fromkeys(CALLS, 1)
    assert len({task["WhatId"] for task in tasks}) == EVENTS
    promises = pieces.org.records("Promise_To_Pay__c")
    assert Counter(p["Source_Call_Id__c"] for p in promises) == dict.fromkeys(CALLS, 1)
    for account in pieces.org.records("Debt_Account__c"):
        assert account["Last_Call_At__c"], account["Name"]


def test_a_worker_killed_with_all_its_children_loses_and_doubles_nothing(
    busy: Pieces,
) -> None:
    worker = busy.start("worker")
    await_the_middle(busy, worker)
    worker.kill_group()

    assert 0 < synced(busy) < EVENTS
    # Salesforce has what the database does not know of.
    assert written(busy, "Task") > synced(busy)
    busy.start("worker")
    check_all_synced_once(busy)


def test_a_worker_whose_children_are_killed_goes_on_by_itself(busy: Pieces) -> None:
    worker = busy.start("worker")
    await_the_middle(busy, worker)
    children: set[Pid] = worker.descendants()
    for child in children:
        child.kill()

    assert 0 < synced(busy) < EVENTS
    assert len(children) == 2
    check_all_synced_once(busy)
    assert worker.is_running


def test_a_worker_told_to_stop_finishes_what_it_has_begun(busy: Pieces) -> None:
    worker = busy.start("worker")
    await_the_middle(busy, worker)
    worker.send(signal.SIGTERM)

    assert worker.exit_code(STOP_SECONDS) == 0
    assert 0 < synced(busy) == written(busy, "Task") < EVENTS
    busy.start("worker")
    check_all_synced_once(busy)
