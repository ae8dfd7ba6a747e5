"""Redis or the database gone: what was accepted is kept, the rest is put off."""

from __future__ import annotations

import os
import signal

import requests

from tests.databases import DATABASES

from .deliveries import cora_call, new_id
from .polling import eventually
from .stacks import Pieces, Stack


def call_of(pieces: Pieces) -> bytes:
    """A call whose debtor is in the org."""
    number = new_id("ACC")
    pieces.org.insert("Debt_Account__c", [{"Name": "A", "Account_Number__c": number}])
    return cora_call(new_id("call"), number)


def check_put_off(answer: requests.Response) -> None:
    assert answer.status_code == 503
    assert answer.json() == {"error": "store_unavailable"}
    assert int(answer.headers["Retry-After"]) > 0


def test_without_redis_deliveries_are_accepted_and_delivered_later(
    pieces: Pieces,
) -> None:
    """It is not there yet; then it dies in the middle of a drain, and comes back."""
    pieces.start_web()
    event_id = pieces.vendor.accepted("cora", call_of(pieces))
    readiness = pieces.vendor.get("/readyz")
    assert readiness.status_code == 503
    assert readiness.json()["status"] == "not ready"
    assert "unreachable" in readiness.json()["broker"]
    assert "database" not in readiness.json()

    redis = pieces.start_redis()
    worker, beat = pieces.start("worker"), pieces.start("beat")
    assert pieces.ledger.settled(event_id)["state"] == "synced"
    assert pieces.vendor.get("/readyz").status_code == 200

    pieces.org.faults.add("latency", seconds=0.5)
    before = pieces.org.stats()["api_requests"]
    begun = pieces.vendor.accepted("cora", call_of(pieces))
    eventually(lambda: pieces.org.stats()["api_requests"] > before, "a drain")
    redis.kill_group()
    meanwhile = [pieces.vendor.accepted("cora", call_of(pieces)) for _ in range(3)]
    assert pieces.vendor.get("/readyz").status_code == 503
    assert pieces.ledger.settled(begun)["state"] == "synced"
    pieces.org.faults.clear()

    pieces.start_redis()
    later = pieces.vendor.accepted("cora", call_of(pieces))
    for event_id in (*meanwhile, later):
        assert pieces.ledger.settled(event_id)["state"] == "synced"
    assert worker.is_running
    assert beat.is_running


def test_a_redis_that_hangs_does_not_make_the_vendor_wait(stack: Stack) -> None:
    """It is connected to and takes commands, but answers none of them."""
    number = new_id("ACC")
    stack.new_account(number)
    (redis,) = [p for p in stack.process.descendants() if "-server " in p.command]
    os.kill(redis.number, signal.SIGSTOP)
    try:
        event_id = stack.vendor.accepted("cora", cora_call(new_id("call"), number))
        assert "unreachable" in stack.vendor.get("/readyz").json()["broker"]
    finally:
        os.kill(redis.number, signal.SIGCONT)
    assert stack.ledger.settled(event_id)["state"] == "synced"


def test_a_database_that_is_not_there_puts_the_vendor_off(pieces: Pieces) -> None:
    pieces.start_redis()
    give_back = DATABASES.take_away(pieces.environment["DATABASE_URL"])
    pieces.start_web()

    check_put_off(pieces.vendor.post("cora", call_of(pieces)))
    readiness = pieces.vendor.get("/readyz")
    assert readiness.status_code == 503
    assert "unreachable" in readiness.json()["database"]
    assert "broker" not in readiness.json()
    give_back()
    pieces.vendor.accepted("cora", call_of(pieces))
    assert pieces.vendor.get("/readyz").status_code == 200


def test_a_database_that_vanishes_puts_the_vendor_off(pieces: Pieces) -> None:
    """A row in a file that nobody can find any more is not accepted."""
    pieces.start_redis()
    pieces.start_web()
    pieces.vendor.accepted("cora", call_of(pieces))
    pieces.ledger.close()
    DATABASES.take_away(pieces.environment["DATABASE_URL"])

    check_put_off(pieces.vendor.post("cora", call_of(pieces)))
    assert pieces.vendor.get("/readyz").status_code == 503
