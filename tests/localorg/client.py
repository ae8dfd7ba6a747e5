"""What the tests share: a small schema, and a client of a local org over real HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import requests

from worker.localorg import LocalOrg

API = "/services/data/v67.0/"

ACCOUNT = {
    "name": "Debt_Account__c",
    "label": "Debt Account",
    "labelPlural": "Debt Accounts",
    "fields": [
        {
            "name": "Account_Number__c",
            "label": "Account Number",
            "length": 20,
            "externalId": True,
            "unique": True,
            "nillable": False,
        },
        {
            "name": "Balance__c",
            "label": "Balance",
            "type": "currency",
            "precision": 8,
            "scale": 2,
        },
        {"name": "Do_Not_Call__c", "label": "Do Not Call", "type": "boolean"},
        {"name": "Legacy_Key__c", "label": "Legacy Key", "externalId": True},
        {
            "name": "Exact_Key__c",
            "label": "Exact Key",
            "externalId": True,
            "caseSensitive": True,
        },
    ],
}

CONTACT = {
    "name": "Contact",
    "label": "Contact",
    "labelPlural": "Contacts",
    "keyPrefix": "003",
    "fields": [
        {"name": "FirstName", "label": "First Name", "length": 40},
        {"name": "LastName", "label": "Last Name", "length": 80, "nillable": False},
        {
            "name": "Name",
            "label": "Full Name",
            "createable": False,
            "updateable": False,
        },
        {"name": "Phone", "label": "Phone", "type": "phone", "length": 40},
        {"name": "Email", "label": "Email", "type": "email", "idLookup": True},
        {"name": "Birthdate", "label": "Birthdate", "type": "date"},
    ],
}

TASK = {
    "name": "Task",
    "label": "Task",
    "labelPlural": "Tasks",
    "keyPrefix": "00T",
    "fields": [
        {"name": "Subject", "label": "Subject", "length": 255},
        {
            "name": "Status",
            "label": "Status",
            "type": "picklist",
            "nillable": False,
            "defaultedOnCreate": True,
            "picklistValues": [
                {"value": "Not Started", "defaultValue": True},
                {"value": "Completed"},
            ],
        },
        {
            "name": "TaskSubtype",
            "label": "Task Subtype",
            "type": "picklist",
            "updateable": False,
            "restrictedPicklist": True,
            "picklistValues": [
                {"value": "Task"},
                {"value": "Call"},
                {"value": "Fax", "active": False},
            ],
        },
        {
            "name": "Tags__c",
            "label": "Tags",
            "type": "multipicklist",
            "restrictedPicklist": True,
            "picklistValues": [{"value": "Promise"}, {"value": "Dispute"}],
        },
        {
            "name": "WhoId",
            "label": "Name ID",
            "type": "reference",
            "referenceTo": ["Contact", "Lead"],
            "relationshipName": "Who",
            "polymorphicForeignKey": True,
        },
        {
            "name": "Debt_Account__c",
            "label": "Debt Account",
            "type": "reference",
            "referenceTo": ["Debt_Account__c"],
        },
        {"name": "CallDurationInSeconds", "label": "Call Duration", "type": "int"},
        {
            "name": "Description",
            "label": "Comments",
            "type": "textarea",
            "length": 32000,
        },
        {
            "name": "Vendor_Call_Id__c",
            "label": "Vendor Call Id",
            "length": 80,
            "externalId": True,
            "unique": True,
        },
        {"name": "Started_At__c", "label": "Started At", "type": "datetime"},
    ],
}


def write_schema(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for described in (ACCOUNT, CONTACT, TASK):
        path = folder / f"{described['name']}.json"
        path.write_text(json.dumps(described), encoding="utf-8")
    return folder


class Client:
    """A logged-in client; `api` paths are relative to the API's version."""

    def __init__(self, org: LocalOrg) -> None:
        self.org = org
        self.session = requests.Session()
        self.session.trust_env = False
        self.log_in()

    def log_in(self) -> None:
        answer = self.session.post(
            self.org.url + "/services/oauth2/token",
            data={"grant_type": "client_credentials"},
            auth=("local", "local"),
        )
        token = answer.json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.org.url + path, **options)

    def api(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.send(method, API + path, **options)

    def query(self, soql: str) -> dict[str, Any]:
        answer = self.api("GET", "query", params={"q": soql})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def names(self, soql: str, field: str) -> list[Any]:
        return [record[field] for record in self.query(soql)["records"]]

    def query_error(self, soql: str) -> tuple[str, str]:
        answer = self.api("GET", "query", params={"q": soql})
        assert answer.status_code == 400, answer.text
        (error,) = answer.json()
        return error["errorCode"], error["message"]

    def upsert(
        self, path: str, *rows: dict[str, Any], **body: Any
    ) -> list[dict[str, Any]]:
        type_name = path.split("/")[0]
        records = [{"attributes": {"type": type_name}, **row} for row in rows]
        answer = self.api(
            "PATCH", f"composite/sobjects/{path}", json={"records": records, **body}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def upsert_tasks(self, *rows: dict[str, Any], **body: Any) -> list[dict[str, Any]]:
        return self.upsert("Task/Vendor_Call_Id__c", *rows, **body)

    def task_error(self, **row: Any) -> dict[str, Any]:
        """The one error of a Task that the org refuses to create."""
        (result,) = self.upsert_tasks({"Vendor_Call_Id__c": "error", **row})
        assert result["success"] is False
        assert "id" not in result
        (error,) = result["errors"]
        return error
