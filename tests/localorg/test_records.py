from __future__ import annotations

import pytest

from .client import API, Client


def test_a_created_record_is_201_with_its_place(client: Client) -> None:
    answer = client.api("POST", "sobjects/Contact", json={"LastName": "Doe"})

    body = answer.json()
    assert answer.status_code == 201
    assert body == {"id": body["id"], "success": True, "errors": []}
    assert answer.headers["Location"] == f"{API}sobjects/Contact/{body['id']}"
    assert len(body["id"]) == 18


def test_a_record_is_read_by_either_form_of_its_id(client: Client) -> None:
    (record_id,) = client.org.insert("Contact", [{"LastName": "Doe"}])
    for given in (record_id, record_id[:15], record_id.upper()):
        record = client.api("GET", f"sobjects/contact/{given}").json()

        url = f"{API}sobjects/Contact/{record_id}"
        assert record["attributes"] == {"type": "Contact", "url": url}
        assert (record["LastName"], record["IsDeleted"]) == ("Doe", False)
        assert record["CreatedDate"].endswith(".000+0000")


def test_only_the_fields_asked_for_are_read(client: Client) -> None:
    (record_id,) = client.org.insert("Contact", [{"LastName": "Doe"}])

    record = client.api("GET", f"sobjects/Contact/{record_id}?fields=lastname").json()

    assert {"attributes", "Id", "LastName"} == set(record)


def test_an_update_by_id_is_204_without_a_limit_header(client: Client) -> None:
    (record_id,) = client.org.insert("Contact", [{"LastName": "Doe"}])

    answer = client.api(
        "PATCH",
        f"sobjects/Contact/{record_id}",
        json={"firstname": "Jo", "Phone": None},
    )

    assert (answer.status_code, answer.content) == (204, b"")
    assert "Sforce-Limit-Info" not in answer.headers
    (record,) = client.org.records("Contact")
    assert (record["FirstName"], record["Name"]) == ("Jo", "Jo Doe")


def test_a_deleted_record_is_gone_and_frees_its_external_id(client: Client) -> None:
    (record_id,) = client.org.insert("Task", [{"Vendor_Call_Id__c": "c-1"}])

    deleted = client.api("DELETE", f"sobjects/Task/{record_id}")
    again = client.api("GET", f"sobjects/Task/{record_id}")
    (remade,) = client.upsert_tasks({"Vendor_Call_Id__c": "c-1"})

    assert deleted.status_code == 204
    assert again.status_code == 404
    assert again.json()[0]["errorCode"] == "ENTITY_IS_DELETED"
    assert remade["created"] is True
    assert remade["id"] != record_id


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("sobjects/Nope/003Lo0000000009", "The requested resource does not exist"),
        ("sobjects/Contact/003Lo0000000009", "The requested resource does not exist"),
        ("nope", "The requested resource does not exist"),
        (
            "sobjects/Contact/nope",
            "Provided external ID field does not exist or is not accessible: nope",
        ),
        (
            "sobjects/Task/00TLo/x/y",
            "The requested resource does not exist",
        ),
    ],
)
def test_what_is_not_there_is_404(client: Client, path: str, message: str) -> None:
    answer = client.api("GET", path)

    assert answer.status_code == 404
    assert [{"message": message, "errorCode": "NOT_FOUND"}] == answer.json()


def test_a_single_upsert_is_201_then_200(client: Client) -> None:
    path = "sobjects/Task/Vendor_Call_Id__c/call%2F1%20%C3%A9"
    created = client.api("PATCH", path, json={"Subject": "One"})
    updated = client.api("PATCH", path, json={"Subject": "Two"})
    read = client.api("GET", path)

    assert (created.status_code, created.json()["created"]) == (201, True)
    assert created.headers["Location"].endswith(created.json()["id"])
    assert (updated.status_code, updated.json()["created"]) == (200, False)
    assert read.json()["Vendor_Call_Id__c"] == "call/1 é"
    assert read.json()["Subject"] == "Two"


def test_an_update_only_upsert_of_an_unknown_value_is_404(client: Client) -> None:
    path = "sobjects/Task/Vendor_Call_Id__c/none?updateOnly=true"

    answer = client.api("PATCH", path, json={"Subject": "One"})

    assert answer.status_code == 404
    assert client.org.records("Task") == []


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_value_of_two_records_is_300_with_their_paths(
    client: Client, method: str
) -> None:
    ids = client.org.insert(
        "Debt_Account__c",
        [{"Account_Number__c": number, "Legacy_Key__c": "same"} for number in "12"],
    )

    path = "sobjects/Debt_Account__c/Legacy_Key__c/same"
    answer = client.api(method, path, json={})

    assert answer.status_code == 300
    assert answer.json() == [f"{API}sobjects/Debt_Account__c/{each}" for each in ids]


@pytest.mark.parametrize("name", ["Id", "Vendor_Call_Id__c"])
def test_a_single_upsert_with_its_key_in_the_body_is_400(
    client: Client, name: str
) -> None:
    path = "sobjects/Task/Vendor_Call_Id__c/c-1"

    answer = client.api("PATCH", path, json={name: "c-1"})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_FIELD")


def test_an_empty_external_id_value_is_405(client: Client) -> None:
    answer = client.api("PATCH", "sobjects/Task/Vendor_Call_Id__c/", json={})

    assert answer.status_code == 405
    assert answer.json()[0]["errorCode"] == "METHOD_NOT_ALLOWED"


def test_a_method_that_a_path_does_not_take_is_405(client: Client) -> None:
    answer = client.api("DELETE", "query")

    assert answer.status_code == 405


def test_a_single_write_error_has_its_code_under_error_code(client: Client) -> None:
    answer = client.api("POST", "sobjects/Contact", json={"FirstName": "Jo"})

    assert answer.status_code == 400
    error = {
        "message": "Required fields are missing: [LastName]",
        "errorCode": "REQUIRED_FIELD_MISSING",
        "fields": ["LastName"],
    }
    assert [error] == answer.json()


def test_every_answer_tells_the_api_usage(client: Client) -> None:
    client.api("GET", "limits")
    answer = client.api("GET", "limits")

    assert answer.headers["Sforce-Limit-Info"] == "api-usage=2/15000"
    allowance = {"Max": 15000, "Remaining": 14998}
    assert answer.json() == {"DailyApiRequests": allowance}


def test_describe_fills_in_what_the_snapshot_leaves_out(client: Client) -> None:
    described = client.api("GET", "sobjects/task/describe").json()

    fields = {field["name"]: field for field in described["fields"]}
    assert (
        described["name"],
        described["keyPrefix"],
        described["custom"],
    ) == ("Task", "00T", False)
    assert {"Id", "CreatedDate", "LastModifiedDate", "SystemModstamp"} <= set(fields)
    assert fields["Subject"]["nillable"] is True
    assert fields["Subject"]["externalId"] is False
    assert fields["TaskSubtype"]["updateable"] is False
    assert fields["Vendor_Call_Id__c"]["idLookup"] is True
    assert fields["Debt_Account__c"]["relationshipName"] == "Debt_Account__r"
    assert fields["TaskSubtype"]["picklistValues"][2] == {
        "active": False,
        "defaultValue": False,
        "label": "Fax",
        "validFor": None,
        "value": "Fax",
    }


def test_the_objects_are_listed_with_key_prefixes_of_their_own(client: Client) -> None:
    objects = client.api("GET", "sobjects").json()["sobjects"]

    assert [each["name"] for each in objects] == ["Contact", "Debt_Account__c", "Task"]
    prefixes = {each["keyPrefix"] for each in objects}
    assert len(prefixes) == 3
    assert all(len(prefix) == 3 for prefix in prefixes)


def test_a_version_that_is_retired_is_410(client: Client) -> None:
    old = client.send("GET", "/services/data/v30.0/limits")
    oldest_known = client.send("GET", "/services/data/v31.0/limits")

    assert (old.status_code, oldest_known.status_code) == (410, 200)
