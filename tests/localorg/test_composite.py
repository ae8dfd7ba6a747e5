"""Several requests in one."""

from __future__ import annotations

from typing import Any

import pytest

from .client import API, Client

TASKS = f"{API}composite/sobjects/Task/Vendor_Call_Id__c"


def part(reference: str, method: str, url: str, body: Any = ...) -> dict[str, Any]:
    given = {} if body is ... else {"body": body}
    return {"method": method, "url": url, "referenceId": reference, **given}


def tasks(reference: str, *names: str) -> dict[str, Any]:
    rows = [{"attributes": {"type": "Task"}, "Vendor_Call_Id__c": n} for n in names]
    return part(reference, "PATCH", TASKS, {"records": rows})


def query(reference: str, soql: str) -> dict[str, Any]:
    return part(reference, "GET", f"{API}query?q={soql.replace(' ', '+')}")


def ask(client: Client, *parts: Any, **body: Any) -> Any:
    return client.api(
        "POST", "composite", json={"compositeRequest": list(parts), **body}
    )


def test_parts_are_done_in_their_order_and_count_as_one_request(client: Client) -> None:
    client.org.reset_stats()

    answer = ask(
        client,
        tasks("made", "c-1", "c-2"),
        query("found", "SELECT Vendor_Call_Id__c FROM Task"),
    )

    made, found = answer.json()["compositeResponse"]
    assert [row["created"] for row in made["body"]] == [True, True]
    assert found["body"]["totalSize"] == 2
    assert [made["referenceId"], found["referenceId"]] == ["made", "found"]
    assert client.org.stats()["by_path"] == {"POST composite": 1}


def test_a_part_that_fails_leaves_the_others(client: Client) -> None:
    answer = ask(client, query("bad", "SELECT Nothing__c FROM Task"), tasks("ok", "c"))

    bad, ok = answer.json()["compositeResponse"]
    assert answer.status_code == 200
    assert bad["httpStatusCode"] == 400
    assert bad["body"][0]["errorCode"] == "INVALID_FIELD"
    assert ok["body"][0]["success"] is True


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([], "JSON_PARSER_ERROR"),
        (["text"], "JSON_PARSER_ERROR"),
        ([part("", "GET", "/x")], "JSON_PARSER_ERROR"),
        ([tasks("twice", "a"), tasks("twice", "b")], "JSON_PARSER_ERROR"),
        ([part("refers", "GET", "/x/@{other.id}")], "JSON_PARSER_ERROR"),
        ([tasks(f"t{number}", "c") for number in range(6)], "LIMIT_EXCEEDED"),
        ([part(f"l{n}", "GET", f"{API}limits") for n in range(26)], "LIMIT_EXCEEDED"),
    ],
    ids=["none", "text", "nameless", "twice", "reference", "large", "many"],
)
def test_what_is_no_composite_request_is_refused(
    client: Client, parts: list[Any], code: str
) -> None:
    answer = ask(client, *parts)

    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == code
    assert not client.org.records("Task")


def test_all_or_none_of_all_parts_is_refused_as_unknown(client: Client) -> None:
    assert ask(client, tasks("t", "c"), allOrNone=True).status_code == 400


@pytest.mark.parametrize("path", ["/x", f"{API}nothing", f"{API}composite"])
def test_a_part_for_no_resource_is_not_found(client: Client, path: str) -> None:
    (answer,) = ask(client, part("p", "POST", path)).json()["compositeResponse"]

    assert answer["httpStatusCode"] == 404


def test_a_fault_may_hit_one_part(client: Client) -> None:
    client.org.faults.add("unavailable", path="sobjects/Task", times=1)

    first = ask(client, tasks("t", "c-1"), query("q", "SELECT Id FROM Task")).json()
    again = ask(client, tasks("t", "c-1")).json()

    statuses = [p["httpStatusCode"] for p in first["compositeResponse"]]
    assert statuses == [503, 200]
    assert again["compositeResponse"][0]["httpStatusCode"] == 200


def test_a_row_fault_hits_the_rows_of_parts_once(client: Client) -> None:
    client.org.faults.add("row_error", field="Vendor_Call_Id__c", value="c-1")

    (answer,) = ask(client, tasks("t", "c-1", "c-2")).json()["compositeResponse"]

    assert [row["success"] for row in answer["body"]] == [False, True]


def test_latency_counts_the_records_of_all_parts(client: Client) -> None:
    waits: list[float] = []
    client.org.faults.wait = waits.append
    client.org.faults.add("latency", seconds=1, per_record_seconds=0.5)

    ask(client, tasks("a", "c-1", "c-2"), tasks("b", "c-3"))

    assert waits == [2.5]
