"""What a full queue costs: events that pile up go out together."""

from __future__ import annotations

from collections import Counter

from .deliveries import cora_call
from .polling import eventually
from .stacks import Pieces

DELIVERIES = 1_000
MOST_API_REQUESTS = 40


def test_a_thousand_queued_calls_cost_at_most_forty_api_requests(
    pieces: Pieces,
) -> None:
    calls = [f"call-{number:04}" for number in range(DELIVERIES)]
    pieces.org.insert(
        "Debt_Account__c",
        [
            {
                "Name": call,
                "Account_Number__c": f"ACC-{call}",
                "Phone__c": f"+1512555{call[-4:]}",
            }
            for call in calls
        ],
    )
    pieces.start_redis()
    bodies = (
        cora_call(
            call,
            f"ACC-{call}",
            phoneNumber=f"+1512555{call[-4:]}",
            outcomes={"doNotCall": number % 10 == 0, "paymentMade": True},
        )
        for number, call in enumerate(calls)
    )
    pieces.take_in(("cora", body) for body in bodies)
    pieces.org.reset_stats()
    worker = pieces.start("worker")
    eventually(
        lambda: worker.answers("pending" not in pieces.ledger.counts()),
        "all are settled",
        within_seconds=60,
    )
    stats = pieces.org.stats()

    assert pieces.ledger.counts() == {"synced": DELIVERIES}
    assert stats["api_requests"] <= MOST_API_REQUESTS, stats
    tasks = pieces.org.records("Task")
    assert Counter(t["External_Call_Id__c"] for t in tasks) == dict.fromkeys(calls, 1)
    assert len({task["WhatId"] for task in tasks}) == DELIVERIES
    accounts = pieces.org.records("Debt_Account__c")
    assert sum(account["Do_Not_Call__c"] for account in accounts) == DELIVERIES / 10
    assert all(account["Last_Call_At__c"] for account in accounts)
