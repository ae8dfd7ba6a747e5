"""Bulk API 2.0 ingest of the local org, over HTTP."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
import requests

from .client import Client

KEY = "Vendor_Call_Id__c"
JOBS = "jobs/ingest"


def begin(client: Client, **changes: Any) -> str:
    asked = {"object": "Task", "operation": "upsert", "externalIdFieldName": KEY}
    wanted = {**asked, "contentType": "CSV", "lineEnding": "LF", **changes}
    body = {name: value for name, value in wanted.items() if value is not None}
    answer = client.api("POST", JOBS, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "Open"
    return str(answer.json()["id"])


def put(client: Client, job: str, text: str) -> requests.Response:
    headers = {"Content-Type": "text/csv; charset=UTF-8"}
    path = f"{JOBS}/{job}/batches"
    return client.api("PUT", path, data=text.encode(), headers=headers)


def set_state(client: Client, job: str, state: str) -> requests.Response:
    return client.api("PATCH", f"{JOBS}/{job}", json={"state": state})


def look(client: Client, job: str) -> dict[str, Any]:
    return client.api("GET", f"{JOBS}/{job}").json()


def results(client: Client, job: str, name: str) -> list[dict[str, str]]:
    answer = client.api("GET", f"{JOBS}/{job}/{name}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def run(client: Client, text: str, **changes: Any) -> str:
    """A job that has been looked at until it ended."""
    job = begin(client, **changes)
    assert put(client, job, text).status_code == 201
    assert set_state(client, job, "UploadComplete").json()["state"] == "UploadComplete"
    while look(client, job)["state"] == "InProgress":
        pass
    return job


def code(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()[0]["errorCode"]


def test_a_job_is_done_after_as_many_looks_as_it_is_told(client: Client) -> None:
    client.send("PUT", "/_local/jobs", json={"looks": 3})
    job = begin(client)
    put(client, job, f"{KEY}\nc-1\nc-2\nc-3\n")
    set_state(client, job, "UploadComplete")

    looks = [look(client, job) for _ in range(4)]

    assert [each["state"] for each in looks] == [
        "InProgress",
        "InProgress",
        "JobComplete",
        "JobComplete",
    ]
    assert [each["numberRecordsProcessed"] for each in looks] == [1, 2, 3, 3]
    assert client.org.stats()["by_path"][f"GET {JOBS}"] == 4


@pytest.mark.parametrize("body", [{"looks": 0}, {"fails_after": -1}, {"x": 1}, []])
def test_jobs_cannot_be_told_nonsense(client: Client, body: Any) -> None:
    assert client.send("PUT", "/_local/jobs", json=body).status_code == 400
    assert client.org.jobs.looks == 2


def test_rows_are_created_updated_and_refused(client: Client) -> None:
    client.org.insert("Task", [{KEY: "old", "Subject": "Before"}])

    job = run(client, f"{KEY},Subject,TaskSubtype\nOLD,After,\nnew,New,\nbad,,Fax\n")

    saved = results(client, job, "successfulResults")
    (failed,) = results(client, job, "failedResults")
    assert [(row[KEY], row["sf__Created"]) for row in saved] == [
        ("OLD", "false"),
        ("new", "true"),
    ]
    assert [task["Id"] for task in client.org.records("Task")] == [
        row["sf__Id"] for row in saved
    ]
    assert failed == {
        "sf__Id": "",
        "sf__Error": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:Task Subtype: bad value"
        " for restricted picklist field: Fax:TaskSubtype --",
        KEY: "bad",
        "Subject": "",
        "TaskSubtype": "Fax",
    }
    assert results(client, job, "unprocessedrecords") == []
    assert look(client, job)["numberRecordsFailed"] == 1


def test_an_empty_cell_leaves_a_field_and_na_empties_it(client: Client) -> None:
    record = {KEY: "c-1", "Subject": "Kept", "Description": "Gone"}
    client.org.insert("Task", [record])

    run(client, f"{KEY},Subject,Description\nc-1,,#N/A\n")

    (task,) = client.org.records("Task")
    assert (task["Subject"], task["Description"]) == ("Kept", None)


def test_cells_become_flags_numbers_and_moments(client: Client) -> None:
    head = "Account_Number__c,Balance__c,Do_Not_Call__c"
    changes = {"object": "Debt_Account__c", "externalIdFieldName": "Account_Number__c"}

    run(client, f"{head}\nA-1,12.5,true\nA-2,0,False\n", **changes)
    run(client, f"{KEY},Started_At__c\nc-1,2026-03-01T10:00:00Z\n")

    accounts = client.org.records("Debt_Account__c")
    assert [(a["Balance__c"], a["Do_Not_Call__c"]) for a in accounts] == [
        (12.5, True),
        (0, False),
    ]
    (task,) = client.org.records("Task")
    assert task["Started_At__c"] == "2026-03-01T10:00:00.000+0000"


def test_a_lookup_may_be_by_external_id(client: Client) -> None:
    (account,) = client.org.insert("Debt_Account__c", [{"Account_Number__c": "A-1"}])
    (contact,) = client.org.insert("Contact", [{"LastName": "Doe", "Email": "a@b.de"}])

    job = run(
        client,
        f"{KEY},Debt_Account__r.Account_Number__c,Contact:Who.Email\n"
        "c-1,A-1,a@b.de\nc-2,A-9,\n",
    )

    (task,) = client.org.records("Task")
    assert (task["Debt_Account__c"], task["WhoId"]) == (account, contact)
    (failed,) = results(client, job, "failedResults")
    assert failed["sf__Error"].startswith("INVALID_FIELD:Foreign key external ID: A-9")


def test_updates_and_inserts_are_jobs_too(client: Client) -> None:
    (known,) = client.org.insert("Task", [{"Subject": "Before"}])

    run(
        client,
        f"Id,Subject\n{known},After\n",
        operation="update",
        externalIdFieldName=None,
    )
    run(client, "Subject\nNew\n", operation="insert", externalIdFieldName=None)

    assert [t["Subject"] for t in client.org.records("Task")] == ["After", "New"]


def test_an_aborted_job_leaves_the_rest_unprocessed(client: Client) -> None:
    job = begin(client)
    put(client, job, f"{KEY}\nc-1\nc-2\n")
    set_state(client, job, "UploadComplete")
    look(client, job)

    assert set_state(client, job, "Aborted").json()["state"] == "Aborted"

    assert [r[KEY] for r in results(client, job, "successfulResults")] == ["c-1"]
    assert results(client, job, "unprocessedrecords") == [{KEY: "c-2"}]
    assert len(client.org.records("Task")) == 1


def test_an_unknown_column_fails_the_job(client: Client) -> None:
    job = run(client, f"{KEY},Nope__c\nc-1,x\n")

    ended = look(client, job)
    assert ended["state"] == "Failed"
    assert ended["errorMessage"] == "InvalidBatch : Field name not found : Nope__c"
    assert len(results(client, job, "unprocessedrecords")) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"object": "Nope"},
        {"operation": "hardDelete"},
        {"contentType": "XML"},
        {"columnDelimiter": "TAB"},
        {"lineEnding": "CR"},
        {"externalIdFieldName": "Subject"},
        {"externalIdFieldName": None},
        {"operation": "update"},
    ],
)
def test_a_job_that_cannot_be_is_refused(
    client: Client, changes: dict[str, Any]
) -> None:
    asked = {"object": "Task", "operation": "upsert", "externalIdFieldName": KEY}

    answer = client.api("POST", JOBS, json={**asked, **changes})

    assert code(answer) == (400, "INVALIDJOB")


@pytest.mark.parametrize(
    "text", ["", "Subject\r\nx\r\n", 'Subject\n"x\n', "Subject\nx,y\n"]
)
def test_a_csv_that_cannot_be_read_is_refused(client: Client, text: str) -> None:
    assert code(put(client, begin(client), text)) == (400, "InvalidBatch")


def test_states_are_kept(client: Client) -> None:
    job = begin(client)
    early = client.api("GET", f"{JOBS}/{job}/failedResults")
    put(client, job, f"{KEY}\nc-1\n")
    again = put(client, job, f"{KEY}\nc-2\n")
    nonsense = set_state(client, job, "JobComplete")
    set_state(client, job, "UploadComplete")
    late = put(client, job, f"{KEY}\nc-3\n")
    closed = set_state(client, job, "UploadComplete")

    assert {code(a) for a in (early, again, late, closed)} == {(400, "INVALIDJOBSTATE")}
    assert code(nonsense) == (400, "INVALIDJOB")
    assert code(client.api("GET", f"{JOBS}/7500")) == (404, "NOT_FOUND")


def test_an_expired_session_is_refused_at_each_step(client: Client) -> None:
    job = begin(client)
    client.org.faults.add("session_expired")
    answers = [
        client.api("POST", JOBS, json={}),
        put(client, job, f"{KEY}\nc-1\n"),
        set_state(client, job, "UploadComplete"),
        client.api("GET", f"{JOBS}/{job}"),
        client.api("GET", f"{JOBS}/{job}/successfulResults"),
    ]

    assert {code(answer) for answer in answers} == {(401, "INVALID_SESSION_ID")}
    assert [each.state for each in client.org.jobs.all()] == ["Open"]
