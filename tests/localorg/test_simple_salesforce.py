"""The local org as simple-salesforce sees it, through an adapter that rewrites URLs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)
from simple_salesforce.format import format_external_id, format_soql

from worker.localorg import LocalOrg

from .client import Client


class LoopbackAdapter(HTTPAdapter):
    """Sends what is meant for https to the local org."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        super().__init__(max_retries=0)

    def send(self, request: requests.PreparedRequest, **options: Any) -> Any:
        parts = urlsplit(request.url)
        query = f"?{parts.query}" if parts.query else ""
        request.url = f"{self.base_url}{parts.path}{query}"
        return super().send(request, **options)


@pytest.fixture
def salesforce(org: LocalOrg, client: Client) -> Iterator[Salesforce]:
    with requests.Session() as session:
        session.mount("https://", LoopbackAdapter(org.url))
        token = client.session.headers["Authorization"].removeprefix("Bearer ")
        yield Salesforce(
            session_id=token, instance_url=org.url, version="67.0", session=session
        )


def test_create_get_update_and_delete_work(salesforce: Salesforce) -> None:
    made = salesforce.Contact.create({"LastName": "Doe"})
    salesforce.Contact.update(made["id"], {"FirstName": "Jo"})
    record = salesforce.Contact.get(made["id"])
    salesforce.Contact.delete(made["id"])

    assert record["Name"] == "Jo Doe"
    with pytest.raises(SalesforceResourceNotFound, match="ENTITY_IS_DELETED"):
        salesforce.Contact.get(made["id"])


def test_upsert_by_external_id_works_with_any_value(
    salesforce: Salesforce, org: LocalOrg
) -> None:
    place = format_external_id("Vendor_Call_Id__c", "a/b?c#d+e")

    statuses = [salesforce.Task.upsert(place, {"Subject": each}) for each in "12"]

    assert statuses == [201, 200]
    assert org.records("Task")[0]["Vendor_Call_Id__c"] == "a/b?c#d+e"
    found = salesforce.Task.get_by_custom_id("Vendor_Call_Id__c", "a/b?c#d+e")
    assert found["Subject"] == "2"


def test_queries_of_several_pages_work(salesforce: Salesforce, org: LocalOrg) -> None:
    org.insert("Contact", ({"LastName": "O'Neil"} for _ in range(2001)))
    soql = format_soql("SELECT Id FROM Contact WHERE LastName = {}", "O'Neil")

    assert salesforce.query_all(soql)["totalSize"] == 2001
    assert len(list(salesforce.query_all_iter(soql))) == 2001
    assert salesforce.api_usage["api-usage"].total == 15000


def test_describe_and_limits_work(salesforce: Salesforce) -> None:
    assert salesforce.Task.describe()["keyPrefix"] == "00T"
    assert salesforce.describe()["maxBatchSize"] == 200
    assert salesforce.limits()["DailyApiRequests"]["Max"] == 15000


def test_a_collections_upsert_works(salesforce: Salesforce) -> None:
    rows = [{"attributes": {"type": "Task"}, "Vendor_Call_Id__c": "c-1"}]

    answer = salesforce._call_salesforce(
        "PATCH",
        salesforce.base_url + "composite/sobjects/Task/Vendor_Call_Id__c",
        name="collections",
        json={"allOrNone": False, "records": rows},
    )

    assert answer.json()[0]["created"] is True
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=1/15000"


@pytest.mark.parametrize(
    ("kind", "error", "text"),
    [
        ("session_expired", SalesforceExpiredSession, "INVALID_SESSION_ID"),
        ("session_not_valid", SalesforceExpiredSession, "not valid for use"),
        ("total_requests", SalesforceRefusedRequest, "TotalRequests"),
        ("concurrent_requests", SalesforceRefusedRequest, "ConcurrentRequests"),
        ("unavailable", SalesforceGeneralError, "503 Service Unavailable"),
    ],
)
def test_a_fault_comes_as_the_exception_of_its_status(
    salesforce: Salesforce, org: LocalOrg, kind: str, error: type[Exception], text: str
) -> None:
    org.faults.add(kind)

    with pytest.raises(error, match=text):
        salesforce.limits()


def test_refused_writes_come_as_the_exception_of_their_status(
    salesforce: Salesforce, org: LocalOrg
) -> None:
    rows = [{"Account_Number__c": number, "Legacy_Key__c": "k"} for number in "12"]
    org.insert("Debt_Account__c", rows)

    with pytest.raises(SalesforceMalformedRequest, match="REQUIRED_FIELD_MISSING"):
        salesforce.Contact.create({"FirstName": "Jo"})
    with pytest.raises(SalesforceMoreThanOneRecord, match="Debt_Account__c"):
        salesforce.Debt_Account__c.upsert("Legacy_Key__c/k", {"Balance__c": 1})


def test_a_new_token_is_taken_up_without_a_new_client(
    salesforce: Salesforce, org: LocalOrg, client: Client
) -> None:
    org.faults.add("session_expired")
    with pytest.raises(SalesforceExpiredSession, match="INVALID_SESSION_ID"):
        salesforce.limits()

    client.log_in()
    salesforce.session_id = client.session.headers["Authorization"][len("Bearer ") :]
    salesforce._generate_headers()

    assert salesforce.limits()["DailyApiRequests"]["Max"] == 15000


def test_its_bulk_client_upserts_and_reads_the_results(
    salesforce: Salesforce, org: LocalOrg
) -> None:
    org.jobs.configure(looks=1)
    key = "Vendor_Call_Id__c"
    rows = [
        {key: "c-1", "Subject": 'a "call", twice', "TaskSubtype": "Call"},
        {key: "c-2", "Subject": "two\nlines", "TaskSubtype": "Fax"},
    ]

    (job,) = salesforce.bulk2.Task.upsert(
        records=rows, external_id_field=key, batch_size=10, wait=0
    )

    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (2, 1)
    assert [t["Subject"] for t in org.records("Task")] == ['a "call", twice']
    assert '"c-2"' in salesforce.bulk2.Task.get_failed_records(job["job_id"])
