"""Person accounts: with them in the describe, an Account is a person or not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from worker.localorg import LocalOrg

from .client import Client

ACCOUNT = {
    "name": "Account",
    "label": "Account",
    "labelPlural": "Accounts",
    "keyPrefix": "001",
    "fields": [
        {"name": "Name", "label": "Account Name", "length": 255, "nillable": False},
        {"name": "FirstName", "label": "First Name", "length": 40},
        {"name": "LastName", "label": "Last Name", "length": 80},
        {
            "name": "IsPersonAccount",
            "label": "Is Person Account",
            "type": "boolean",
            "createable": False,
            "updateable": False,
        },
        {"name": "PersonEmail", "label": "Email", "type": "email"},
        {"name": "PersonMobilePhone", "label": "Mobile", "type": "phone", "length": 40},
        {"name": "Language__pc", "label": "Language", "length": 20},
        {"name": "Number__c", "label": "Number", "externalId": True, "unique": True},
    ],
}
PERSON = {
    "FirstName": "Jo",
    "LastName": "Doe",
    "PersonEmail": "jo@example.com",
    "PersonMobilePhone": "+12025550100",
}


@pytest.fixture
def org(tmp_path: Path) -> Iterator[LocalOrg]:
    (tmp_path / "Account.json").write_text(json.dumps(ACCOUNT), encoding="utf-8")
    with LocalOrg(tmp_path) as org:
        yield org


def upsert(client: Client, **row: Any) -> dict[str, Any]:
    (result,) = client.upsert("Account/Number__c", {"Number__c": "A-1", **row})
    return result


def refused(client: Client, **row: Any) -> tuple[str, str, list[str]]:
    result = upsert(client, **row)
    assert result["success"] is False
    (error,) = result["errors"]
    return error["statusCode"], error["message"], error["fields"]


def test_an_account_with_a_last_name_is_a_person_named_by_it(
    client: Client, org: LocalOrg
) -> None:
    assert upsert(client, **PERSON)["success"] is True
    (record,) = org.records("Account")
    assert (record["Name"], record["IsPersonAccount"]) == ("Jo Doe", True)
    assert record["PersonMobilePhone"] == "+12025550100"

    assert upsert(client, LastName="Roe", PersonEmail=None)["created"] is False
    (record,) = org.records("Account")
    assert (record["Name"], record["PersonEmail"]) == ("Jo Roe", None)


def test_an_account_with_a_name_is_a_business(client: Client, org: LocalOrg) -> None:
    assert upsert(client, Name="Acme", PersonEmail=None)["success"] is True
    assert upsert(client, Name="Acme Ltd")["success"] is True

    (record,) = org.records("Account")
    assert (record["Name"], record["IsPersonAccount"]) == ("Acme Ltd", False)
    assert (
        client.names("SELECT Id FROM Account WHERE IsPersonAccount = true", "Id") == []
    )


def test_a_business_takes_no_fields_of_persons(client: Client) -> None:
    code = "INVALID_FIELD_FOR_INSERT_UPDATE"
    text = "Account: bad field names on insert/update call:"
    bad = ["PersonEmail", "Language__pc"]
    row = {"Name": "Acme", "PersonEmail": "jo@example.com", "Language__pc": "English"}

    assert refused(client, **row) == (code, f"{text} {', '.join(bad)}", bad)
    assert upsert(client, Name="Acme")["success"] is True
    assert refused(client, LastName="Doe") == (code, f"{text} LastName", ["LastName"])


def test_a_persons_name_is_not_written(client: Client, org: LocalOrg) -> None:
    upsert(client, **PERSON)

    assert refused(client, Name="Acme") == (
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "Account: bad field names on insert/update call: Name",
        ["Name"],
    )
    missing = ("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]")
    assert refused(client, LastName=None) == (*missing, ["LastName"])
    assert org.records("Account")[0]["Name"] == "Jo Doe"


def test_an_account_needs_a_name_of_either_kind(client: Client) -> None:
    assert refused(client) == (
        "REQUIRED_FIELD_MISSING",
        "Required fields are missing: [Name]",
        ["Name"],
    )
