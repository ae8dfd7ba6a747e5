from __future__ import annotations

from typing import Any

import pytest
import requests

from worker.localorg.fault_kinds import FAULT_KINDS

from .client import Client

TASK_UPSERT = "composite/sobjects/Task/Vendor_Call_Id__c"


def limits_error(client: Client) -> tuple[int, str, str]:
    answer = client.api("GET", "limits")
    (error,) = answer.json()
    return answer.status_code, error["errorCode"], error["message"]


def row_codes(results: list[dict[str, Any]]) -> list[str]:
    return [
        "ok" if each["success"] else each["errors"][0]["statusCode"] for each in results
    ]


def test_latency_waits_for_the_request_and_for_each_record(client: Client) -> None:
    waits: list[float] = []
    client.org.faults.wait = waits.append
    client.org.faults.add("latency", seconds=0.5, per_record_seconds=0.25)

    client.upsert_tasks(*({"Vendor_Call_Id__c": str(n)} for n in range(4)))
    client.api("POST", "sobjects/Contact", json={"LastName": "Doe"})
    client.api("GET", "limits")

    # 0.5 + 4 * 0.25, then one record, then none
    assert waits == [1.5, 0.75, 0.5]


def test_expired_sessions_are_refused_until_a_new_login(client: Client) -> None:
    client.org.faults.add("session_expired")

    first, second = limits_error(client), limits_error(client)
    client.log_in()

    expired = (401, "INVALID_SESSION_ID", "Session expired or invalid")
    assert (expired, expired) == (first, second)
    assert client.api("GET", "limits").status_code == 200


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "session_not_valid",
            (
                401,
                "INVALID_SESSION_ID",
                "This session is not valid for use with the REST API",
            ),
        ),
        (
            "total_requests",
            (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        ),
        (
            "concurrent_requests",
            (
                403,
                "REQUEST_LIMIT_EXCEEDED",
                "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
            ),
        ),
    ],
)
def test_a_refusing_fault_lasts_until_it_is_cleared(
    client: Client, kind: str, expected: tuple[int, str, str]
) -> None:
    client.org.faults.add(kind)

    first, second = limits_error(client), limits_error(client)
    client.log_in()
    third = limits_error(client)
    client.org.faults.clear()

    assert [expected] * 3 == [first, second, third]
    assert client.api("GET", "limits").status_code == 200


def test_unavailable_is_503_with_a_page_of_html(client: Client) -> None:
    client.org.faults.add("unavailable", times=1)

    down = client.api("GET", "limits")

    assert down.status_code == 503
    assert down.headers["Content-Type"].startswith("text/html")
    assert "Service Unavailable" in down.text
    assert client.api("GET", "limits").status_code == 200


def test_times_is_how_many_requests_a_fault_hits(client: Client) -> None:
    client.org.faults.add("total_requests", times=2)

    statuses = [client.api("GET", "limits").status_code for _ in range(3)]

    assert statuses == [403, 403, 200]
    assert client.org.faults.active() == []


def test_a_fault_with_a_path_hits_only_that_path(client: Client) -> None:
    client.org.faults.add("total_requests", path="GET /services/data/v67.0/limits")

    assert client.api("GET", "sobjects").status_code == 200
    assert client.api("GET", "limits").status_code == 403


def test_a_login_is_hit_only_by_a_fault_that_names_its_path(client: Client) -> None:
    client.org.faults.add("unavailable", times=1)
    client.log_in()
    client.org.faults.replace([{"kind": "unavailable", "path": "oauth2"}])

    answer = client.send("POST", "/services/oauth2/token")

    assert answer.status_code == 503
    assert client.api("GET", "limits").status_code == 200


def test_a_locked_row_fails_by_its_key_and_by_its_parents_key(client: Client) -> None:
    client.org.insert("Debt_Account__c", [{"Account_Number__c": "A-1"}])
    client.org.faults.add("row_lock", object="Task", keys=["c-1", "A-1"], times=1)
    rows = [
        {"Vendor_Call_Id__c": "c-1"},
        {"Vendor_Call_Id__c": "c-2"},
        {
            "Vendor_Call_Id__c": "c-3",
            "Debt_Account__r": {"Account_Number__c": "A-1"},
        },
    ]

    locked = client.upsert_tasks(*rows)
    later = client.upsert_tasks(*rows)

    assert row_codes(locked) == ["UNABLE_TO_LOCK_ROW", "ok", "UNABLE_TO_LOCK_ROW"]
    assert row_codes(later) == ["ok", "ok", "ok"]
    message = locked[0]["errors"][0]["message"]
    assert message.startswith("unable to obtain exclusive access to this record")


def test_a_locked_update_names_the_record(client: Client) -> None:
    (task_id,) = client.org.insert("Task", [{"Vendor_Call_Id__c": "c-1"}])
    client.org.faults.add("row_lock", keys=["c-1"])

    (result,) = client.upsert_tasks({"Vendor_Call_Id__c": "c-1"})

    assert result["errors"][0]["message"].endswith(f"1 records: {task_id}")


def test_every_nth_row_can_be_locked(client: Client) -> None:
    client.org.faults.add("row_lock", every=3)

    results = client.upsert_tasks(*({"Vendor_Call_Id__c": str(n)} for n in range(6)))

    lock = "UNABLE_TO_LOCK_ROW"
    assert row_codes(results) == ["ok", "ok", lock, "ok", "ok", lock]


def test_a_row_error_hits_rows_by_object_field_and_value(client: Client) -> None:
    client.org.faults.add(
        "row_error",
        object="Task",
        field="subject",
        value="Bad",
        statusCode="FIELD_CUSTOM_VALIDATION_EXCEPTION",
        message="Not on a Sunday",
        fields=["Subject"],
    )

    results = client.upsert_tasks(
        {"Vendor_Call_Id__c": "1", "Subject": "Good"},
        {"Vendor_Call_Id__c": "2", "Subject": "Bad"},
    )
    contact = client.api("POST", "sobjects/Contact", json={"LastName": "Bad"})
    single = client.api("POST", "sobjects/Task", json={"Subject": "Bad"})

    code = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    error = {"statusCode": code, "message": "Not on a Sunday", "fields": ["Subject"]}
    assert results[0]["success"] is True
    assert results[1]["errors"] == [error]
    assert contact.status_code == 201
    assert (400, code) == (single.status_code, single.json()[0]["errorCode"])


def test_duplicates_fail_unless_the_header_allows_them(client: Client) -> None:
    client.org.faults.add("duplicates", object="Contact")
    header = {"Sforce-Duplicate-Rule-Header": "allowSave=true; runAsCurrentUser=true"}
    doe = {"LastName": "Doe"}

    refused = client.api("POST", "sobjects/Contact", json=doe)
    saved = client.api("POST", "sobjects/Contact", json=doe, headers=header)
    (task,) = client.upsert_tasks({"Vendor_Call_Id__c": "c-1"})

    (error,) = refused.json()
    assert (refused.status_code, error["errorCode"]) == (400, "DUPLICATES_DETECTED")
    assert error["duplicateResut"]["allowSave"] is True
    assert saved.status_code == 201
    assert task["success"] is True


@pytest.mark.parametrize("member", ["duplicateResut", "duplicateResult"])
def test_duplicates_name_the_records_that_match(client: Client, member: str) -> None:
    ids = client.org.insert("Contact", [{"LastName": "Doe"}, {"LastName": "Doe"}])
    client.org.faults.add("duplicates", ids=ids, member=member)

    single = client.api("POST", "sobjects/Contact", json={"LastName": "Doe"})
    (row,) = client.upsert_tasks({"Vendor_Call_Id__c": "c-1"})

    for error, name in ((single.json()[0], "Contact"), (row["errors"][0], "Task")):
        (result,) = error[member]["matchResults"]
        records = [match["record"] for match in result["matchRecords"]]
        assert records == [{"attributes": {"type": name}, "Id": i} for i in ids]
        assert result["size"] == 2


@pytest.mark.parametrize(
    ("options", "content_type", "text"),
    [
        ({"status": 420, "page": "<h1>Busy</h1>"}, "text/html", "<h1>Busy</h1>"),
        ({"status": 401, "body": {"error": "x"}}, "application/json", '{"error":"x"}'),
        ({"status": 300, "body": ["/a/b"]}, "application/json", '["/a/b"]'),
        ({"body": []}, "application/json", "[]"),
    ],
)
def test_any_answer_can_stand_in_for_the_orgs_own(
    client: Client, options: dict[str, Any], content_type: str, text: str
) -> None:
    client.org.faults.add("answer", times=1, **options)

    answer = client.api(
        "POST", "sobjects/Contact", json={"LastName": "Doe"}, allow_redirects=False
    )

    assert answer.status_code == options.get("status", 200)
    assert answer.headers["Content-Type"].startswith(content_type)
    assert answer.text == text
    assert client.org.records("Contact") == []


def test_a_cut_answer_is_no_json_and_all_is_written(client: Client) -> None:
    client.org.faults.add("answer_cut", times=1)

    answer = client.api("POST", "sobjects/Contact", json={"LastName": "Doe"})

    assert answer.status_code == 201
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert len(client.org.records("Contact")) == 1


def test_a_short_answer_lacks_the_last_row_and_all_is_written(client: Client) -> None:
    client.org.faults.add("answer_short", times=1)

    results = client.upsert_tasks(*({"Vendor_Call_Id__c": str(n)} for n in range(3)))

    assert row_codes(results) == ["ok", "ok"]
    assert len(client.org.records("Task")) == 3


def test_a_short_answer_that_is_no_list_stays_whole(client: Client) -> None:
    client.org.faults.add("answer_short")

    answer = client.api("POST", "sobjects/Contact", json={"LastName": "Doe"})

    assert answer.json()["success"] is True


def test_a_connection_dropped_before_has_written_nothing(client: Client) -> None:
    client.org.faults.add("drop_before", times=1)

    with pytest.raises(requests.ConnectionError, match="closed connection"):
        client.upsert_tasks({"Vendor_Call_Id__c": "c-1"})

    assert client.org.records("Task") == []
    assert client.upsert_tasks({"Vendor_Call_Id__c": "c-1"})[0]["created"] is True


def test_a_connection_dropped_after_commit_has_written_everything(
    client: Client,
) -> None:
    client.org.faults.add("drop_after_commit", times=1, path=TASK_UPSERT)

    with pytest.raises(requests.ConnectionError, match="closed connection"):
        client.upsert_tasks({"Vendor_Call_Id__c": "c-1"})

    assert len(client.org.records("Task")) == 1
    assert client.upsert_tasks({"Vendor_Call_Id__c": "c-1"})[0]["created"] is False


def test_faults_act_in_the_order_given_and_a_refusal_spares_the_rest(
    client: Client,
) -> None:
    client.org.faults.add("total_requests", times=1)
    client.org.faults.add("unavailable", times=1)

    statuses = [client.api("GET", "limits").status_code for _ in range(3)]

    assert statuses == [403, 503, 200]


def test_faults_are_switched_over_http(client: Client) -> None:
    faults = [
        {"kind": "latency", "seconds": 0},
        {"kind": "unavailable", "times": 3, "path": "query"},
    ]

    put = client.send("PUT", "/_local/faults", json=faults)
    got = client.send("GET", "/_local/faults")
    cleared = client.send("PUT", "/_local/faults", json=[])

    assert (200, faults) == (put.status_code, put.json())
    assert got.json() == faults
    assert cleared.json() == []


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"kind": "nope"}, "no fault kind 'nope'; there are latency, "),
        ({}, "no fault kind None"),
        ({"kind": "latency", "second": 1}, "latency: no option 'second'"),
        ({"kind": "latency", "seconds": "1"}, "latency: 'seconds' has a wrong type"),
        ({"kind": "latency", "times": 0}, "latency: 'times' has to be 1 or more"),
        ({"kind": "latency", "path": 5}, "latency: 'path' has to be text"),
    ],
)
def test_a_fault_that_is_wrong_changes_nothing(
    client: Client, fault: dict[str, Any], message: str
) -> None:
    client.org.faults.add("latency", seconds=0)

    answer = client.send("PUT", "/_local/faults", json=[fault])

    assert answer.status_code == 400
    assert message in answer.json()["error"]
    assert client.org.faults.active() == [{"kind": "latency", "seconds": 0}]


def test_every_kind_acts_at_exactly_one_moment() -> None:
    for name, kind in FAULT_KINDS.items():
        moments = [kind.before, kind.row, kind.after]

        assert sum(moment is not None for moment in moments) == 1, name
