"""The local org as jsforce sees it: a client that knows nothing of this project."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.orgs import running_org
from worker.localorg import LocalOrg

from .npm import installed

FOLDER = Path(__file__).parent / "jsforce"
RUN_TIMEOUT_SECONDS = 60
Drive = Callable[..., Any]


@pytest.fixture(scope="session")
def jsforce_dir() -> Path:
    return installed(FOLDER)


@pytest.fixture
def org() -> Iterator[LocalOrg]:
    with running_org() as running:
        yield running


@pytest.fixture
def drive(jsforce_dir: Path, org: LocalOrg) -> Drive:
    """Run one step of drive.mjs against the org."""

    def run(step: str, **given: Any) -> Any:
        done = subprocess.run(
            ["node", str(FOLDER / "drive.mjs"), step, str(jsforce_dir)],
            input=json.dumps({"url": org.url, "version": "67.0", **given}),
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def calls(count: int) -> list[dict[str, Any]]:
    """Calls of 10 accounts, each found by the account's own external id."""
    return [
        {
            "External_Call_Id__c": f"call-{number}",
            "Transcript__c": 'line one\nline "two", ünï 😀',
            "Debt_Account__r": {"Account_Number__c": f"A-{number % 10}"},
        }
        for number in range(count)
    ]


def accounts(count: int) -> list[dict[str, Any]]:
    return [{"Account_Number__c": f"A-{number}"} for number in range(count)]


def test_it_logs_in_by_client_credentials(drive: Drive, org: LocalOrg) -> None:
    seen = drive("login")

    assert seen["instanceUrl"] == org.url
    assert seen["hasToken"] is True
    assert seen["user"]["id"][:3] == "005"
    assert seen["user"]["organizationId"][:3] == "00D"
    assert org.stats()["logins"] == 1


def test_a_refused_login_has_its_code(drive: Drive) -> None:
    assert drive("refusedLogin", secret="wrong") == {
        "name": "invalid_client",
        "message": "invalid client credentials",
        "data": None,
    }


def test_it_upserts_500_records_in_three_requests_a_round(
    drive: Drive, org: LocalOrg
) -> None:
    account_ids = org.insert("Debt_Account__c", accounts(10))
    given = {"object": "Call_Detail__c", "key": "External_Call_Id__c"}

    seen = drive("upsert", **given, records=calls(500), rounds=2)

    first, second = seen["rounds"]
    assert [row["created"] for row in first] == [True] * 500
    assert [row["created"] for row in second] == [False] * 500
    assert all(row["success"] and row["errors"] == [] for row in first + second)
    stored = org.records("Call_Detail__c")
    assert [row["id"] for row in first] == [record["Id"] for record in stored]
    assert [row["id"] for row in second] == [row["id"] for row in first]
    assert stored[499]["Debt_Account__c"] == account_ids[9]
    assert stored[499]["Transcript__c"] == calls(1)[0]["Transcript__c"]
    path = "PATCH composite/sobjects/Call_Detail__c"
    assert org.stats()["by_path"] == {path: 6}
    assert seen["limitInfo"] == {"apiUsage": {"used": 6, "limit": 15000}}


def test_one_bad_row_fails_alone(drive: Drive, org: LocalOrg) -> None:
    org.insert("Debt_Account__c", accounts(10))
    records = calls(500)
    records[300]["Debt_Account__r"] = {"Account_Number__c": "A-10"}
    given = {"object": "Call_Detail__c", "key": "External_Call_Id__c"}

    (rows,) = drive("upsert", **given, records=records, rounds=1)["rounds"]

    (bad,) = [row for row in rows if not row["success"]]
    assert rows.index(bad) == 300
    (error,) = bad["errors"]
    assert error["statusCode"] == "INVALID_FIELD"
    assert "A-10 not found for field Account_Number__c" in error["message"]
    assert len(org.records("Call_Detail__c")) == 499


def test_it_reads_a_query_of_three_pages(drive: Drive, org: LocalOrg) -> None:
    account_ids = org.insert("Debt_Account__c", accounts(4100))

    seen = drive(
        "query",
        soql="SELECT Id, Account_Number__c FROM Debt_Account__c",
        object="Debt_Account__c",
        conditions={"Account_Number__c": {"$in": ["A-7", "A-9"]}},
        fields=["Id", "Do_Not_Call__c"],
    )

    assert seen["pages"] == [
        {"size": 2000, "done": False, "totalSize": 4100},
        {"size": 2000, "done": False, "totalSize": 4100},
    ]
    assert [record["Id"] for record in seen["all"]] == account_ids
    assert seen["all"][4099]["Account_Number__c"] == "A-4099"
    assert [record["Id"] for record in seen["found"]] == [
        account_ids[7],
        account_ids[9],
    ]
    assert org.stats()["api_requests"] == 1 + 1 + 3 + 1


def test_it_describes_the_org_and_an_object(drive: Drive, org: LocalOrg) -> None:
    seen = drive("describe", object="Task")

    names = {entry["name"]: entry["keyPrefix"] for entry in seen["all"]["sobjects"]}
    assert names["Task"] == "00T"
    assert set(names) == {
        path.stem
        for path in (Path(__file__).parents[2] / "config" / "salesforce").glob("*.json")
    }
    fields = {field["name"]: field for field in seen["one"]["fields"]}
    assert fields["WhoId"]["referenceTo"]
    assert fields["Id"]["type"] == "id"


def test_it_creates_updates_reads_and_deletes_one_record(
    drive: Drive, org: LocalOrg
) -> None:
    seen = drive(
        "record",
        object="Debt_Account__c",
        fields={"Account_Number__c": "A-1", "Balance__c": 10.25},
        changes={"Do_Not_Call__c": True, "Balance__c": None},
    )

    made_id = seen["made"]["id"]
    assert seen["made"] == {"id": made_id, "success": True, "errors": []}
    assert seen["updated"] == seen["deleted"] == seen["made"]
    assert seen["record"]["Account_Number__c"] == "A-1"
    assert seen["record"]["Do_Not_Call__c"] is True
    assert seen["record"]["Balance__c"] is None
    assert seen["gone"]["name"] == "ENTITY_IS_DELETED"
    assert seen["refused"]["name"] == "INVALID_FIELD"
    assert org.records("Debt_Account__c") == []


def test_an_unknown_object_is_its_error(drive: Drive) -> None:
    assert drive("refusedDescribe", object="Nope__c")["name"] == "NOT_FOUND"


def test_it_reads_the_limits(drive: Drive) -> None:
    seen = drive("limits")

    assert seen["limits"]["DailyApiRequests"]["Max"] == 15000
    assert seen["limitInfo"] == {"apiUsage": {"used": 1, "limit": 15000}}


def test_it_logs_in_again_when_its_session_has_expired(
    drive: Drive, org: LocalOrg
) -> None:
    org.faults.add("session_expired")

    seen = drive("limits")

    assert seen["limits"]["DailyApiRequests"]["Max"] == 15000
    assert org.stats()["logins"] == 2
    assert org.stats()["api_requests"] == 2


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("total_requests", "REQUEST_LIMIT_EXCEEDED", "TotalRequests"),
        ("unavailable", "ERROR_HTTP_503", "503 Service Unavailable"),
        ("session_not_valid", "INVALID_SESSION_ID", "not valid for use with the REST"),
    ],
)
def test_a_write_that_the_org_does_not_take_is_its_error(
    drive: Drive, org: LocalOrg, kind: str, name: str, text: str
) -> None:
    org.faults.add(kind)

    seen = drive("refusedWrite", object="Task", fields={"Subject": "Call"})

    assert seen["name"] == name
    assert text in seen["message"]
    assert org.stats()["api_requests"] == 1
    assert org.records("Task") == []
