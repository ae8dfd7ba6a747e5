"""Faults of requests with many rows."""

from __future__ import annotations

import threading
from typing import Any

from worker.localorg.batch_faults import BATCH_FAULT_KINDS

from .client import Client
from .test_faults import row_codes

GOVERNED = "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
LOCK = "UNABLE_TO_LOCK_ROW"


def calls(*names: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"Vendor_Call_Id__c": name, **fields} for name in names]


def test_more_rows_than_a_trigger_bears_fail_all(client: Client) -> None:
    client.org.faults.add("max_rows", object="Task", rows=2)

    many = client.upsert_tasks(*calls("c-1", "c-2", "c-3"))
    few = client.upsert_tasks(*calls("c-1", "c-2"))

    assert row_codes(many) == [GOVERNED] * 3
    assert "Too many SOQL queries: 101" in many[0]["errors"][0]["message"]
    assert row_codes(few) == ["ok", "ok"]


def test_a_poisoned_row_fails_all_beside_it(client: Client) -> None:
    client.org.faults.add("poisoned", field="vendor_call_id__c", value="c-2")

    beside = client.upsert_tasks(*calls("c-1", "c-2"))
    without = client.upsert_tasks(*calls("c-1", "c-3"))

    assert row_codes(beside) == [GOVERNED] * 2
    assert row_codes(without) == ["ok", "ok"]


def test_a_request_of_too_many_rows_fails_as_a_whole(client: Client) -> None:
    client.org.faults.add("too_long", rows=1, status=503)
    rows = [{"attributes": {"type": "Task"}, **row} for row in calls("c-1", "c-2")]
    path = "composite/sobjects/Task/Vendor_Call_Id__c"

    whole = client.api("PATCH", path, json={"records": rows})
    single = client.api("PATCH", path, json={"records": rows[:1]})

    assert whole.status_code == 503
    assert whole.json()[0]["errorCode"] == "REQUEST_RUNNING_TOO_LONG"
    assert row_codes(single.json()) == ["ok"]


def test_a_request_that_came_before_holds_its_parents_until_its_answer(
    client: Client,
) -> None:
    number, other = client.org.insert(
        "Debt_Account__c", [{"Account_Number__c": n} for n in ("A-1", "A-2")]
    )
    inside, leave = threading.Event(), threading.Event()

    def hold(_seconds: float) -> None:
        inside.set()
        assert leave.wait(timeout=30)

    client.org.faults.wait = hold
    client.org.faults.add("parent_locks", fields=["Debt_Account__c"])
    client.org.faults.add("latency", seconds=1, times=1)
    first: list[Any] = []
    thread = threading.Thread(
        target=lambda: first.extend(
            client.upsert_tasks(*calls("c-1", Debt_Account__c=number))
        )
    )
    thread.start()
    assert inside.wait(timeout=30)

    held = client.upsert_tasks(
        *calls("c-2", Debt_Account__c=number), *calls("c-3", Debt_Account__c=other)
    )
    leave.set()
    thread.join(timeout=30)
    later = client.upsert_tasks(*calls("c-2", Debt_Account__c=number))

    assert row_codes(held) == [LOCK, "ok"]
    assert row_codes(first) == row_codes(later) == ["ok"]


def test_every_kind_of_a_batch_acts_at_exactly_one_moment() -> None:
    for name, kind in BATCH_FAULT_KINDS.items():
        moments = [kind.before, kind.row, kind.after]

        assert sum(moment is not None for moment in moments) == 1, name
