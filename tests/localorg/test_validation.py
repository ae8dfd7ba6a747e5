from __future__ import annotations

from typing import Any

import pytest

from .client import Client


@pytest.mark.parametrize(
    ("row", "code", "fields"),
    [
        ({"Nope__c": 1}, "INVALID_FIELD", []),
        ({"Subject": "x" * 256}, "STRING_TOO_LONG", ["Subject"]),
        ({"Subject": 5}, "JSON_PARSER_ERROR", []),
        ({"Subject": ["x"]}, "JSON_PARSER_ERROR", []),
        ({"CreatedDate": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["CreatedDate"]),
        (
            {"TaskSubtype": "Fax"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            ["TaskSubtype"],
        ),
        (
            {"Tags__c": "Promise;Nonsense"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            ["Tags__c"],
        ),
        ({"CallDurationInSeconds": "long"}, "JSON_PARSER_ERROR", []),
        ({"CallDurationInSeconds": 1.5}, "JSON_PARSER_ERROR", []),
        ({"CallDurationInSeconds": True}, "JSON_PARSER_ERROR", []),
        (
            {"CallDurationInSeconds": 2**31},
            "NUMBER_OUTSIDE_VALID_RANGE",
            ["CallDurationInSeconds"],
        ),
        ({"Started_At__c": "2026-01-02"}, "JSON_PARSER_ERROR", []),
        ({"Started_At__c": "2026-01-02T03:04:05"}, "JSON_PARSER_ERROR", []),
        ({"Started_At__c": "2026-13-02T03:04:05Z"}, "JSON_PARSER_ERROR", []),
        ({"WhoId": "nonsense"}, "MALFORMED_ID", ["WhoId"]),
        ({"WhoId": "00TLo0000000001"}, "MALFORMED_ID", ["WhoId"]),
        ({"WhoId": "003Lo0000000009"}, "INVALID_CROSS_REFERENCE_KEY", ["WhoId"]),
    ],
)
def test_a_row_that_the_describe_does_not_allow_fails(
    client: Client, row: dict[str, Any], code: str, fields: list[str]
) -> None:
    error = client.task_error(**row)

    assert (code, fields) == (error["statusCode"], error["fields"])
    assert client.org.records("Task") == []


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"Started_At__c": "2026-01-02T05:04+02:00"}, "2026-01-02T03:04:00.000+0000"),
        ({"Started_At__c": "2026-01-02T03:04:05.9Z"}, "2026-01-02T03:04:05.000+0000"),
        ({"Tags__c": "Promise;Dispute"}, "Promise;Dispute"),
        ({"Subject": ""}, None),
        ({"Subject": "é" * 255}, "é" * 255),
        ({"CallDurationInSeconds": "61"}, 61),
        # An object that this org has no describe for is not looked into.
        ({"WhoId": "00QLo0000000009"}, "00QLo0000000009MAA"),
    ],
)
def test_a_row_that_the_describe_allows_is_stored(
    client: Client, given: dict[str, Any], stored: Any
) -> None:
    (result,) = client.upsert_tasks({"Vendor_Call_Id__c": "ok", **given})

    assert result["success"], result
    (field,) = given
    assert client.org.records("Task")[0][field] == stored


def test_all_faults_of_a_row_are_told_together(client: Client) -> None:
    (result,) = client.upsert(
        "Debt_Account__c/Legacy_Key__c",
        {"Legacy_Key__c": "k", "Balance__c": 1_000_000},
    )

    codes = [error["statusCode"] for error in result["errors"]]
    assert codes == ["NUMBER_OUTSIDE_VALID_RANGE", "REQUIRED_FIELD_MISSING"]


def test_a_boolean_rejects_null_and_starts_as_false(client: Client) -> None:
    (created, refused) = client.upsert(
        "Debt_Account__c/Account_Number__c",
        {"Account_Number__c": "A-1"},
        {"Account_Number__c": "A-2", "Do_Not_Call__c": None},
    )

    assert created["success"] is True
    assert refused["errors"][0]["statusCode"] == "JSON_PARSER_ERROR"
    assert client.org.records("Debt_Account__c")[0]["Do_Not_Call__c"] is False


def test_a_number_is_rounded_to_its_scale(client: Client) -> None:
    client.org.insert(
        "Debt_Account__c", [{"Account_Number__c": "A-1", "Balance__c": 1.005}]
    )

    assert client.org.records("Debt_Account__c")[0]["Balance__c"] == 1.01


def test_a_required_field_cannot_be_emptied(client: Client) -> None:
    (record_id,) = client.org.insert("Contact", [{"LastName": "Doe"}])

    answer = client.api(
        "PATCH", f"sobjects/Contact/{record_id}", json={"LastName": None}
    )

    assert answer.json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"


def test_a_field_that_is_not_updateable_can_only_be_created(client: Client) -> None:
    row = {"Vendor_Call_Id__c": "c-1", "TaskSubtype": "Call"}
    (created,) = client.upsert_tasks(row)
    (updated,) = client.upsert_tasks(row)

    assert created["success"] is True
    assert updated["errors"][0]["statusCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert updated["errors"][0]["fields"] == ["TaskSubtype"]
    assert updated["errors"][0]["message"].startswith(
        "Unable to update fields: TaskSubtype. Please check the security settings"
    )


def test_a_default_picklist_value_is_applied_on_create(client: Client) -> None:
    client.org.insert("Task", [{}, {"Status": "Completed"}])

    statuses = [task["Status"] for task in client.org.records("Task")]
    assert statuses == ["Not Started", "Completed"]


def test_a_unique_field_refuses_the_value_of_another_record(client: Client) -> None:
    rows = [{"Account_Number__c": n, "Legacy_Key__c": n} for n in ("a", "b")]
    (first_id, _) = client.org.insert("Debt_Account__c", rows)

    (result,) = client.upsert(
        "Debt_Account__c/Legacy_Key__c",
        {"Legacy_Key__c": "b", "Account_Number__c": "A"},
    )

    (error,) = result["errors"]
    text = "duplicate value found: Account_Number__c duplicates value on record"
    assert error["statusCode"] == "DUPLICATE_VALUE"
    assert error["message"] == f"{text} with id: {first_id}"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"Email": "no at sign"}, "INVALID_EMAIL_ADDRESS"),
        ({"Birthdate": "02.01.1970"}, "JSON_PARSER_ERROR"),
        ({"Birthdate": "1970-02-30"}, "JSON_PARSER_ERROR"),
        ({"Name": "Jo Doe"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
    ],
)
def test_a_contact_is_validated_by_type(
    client: Client, given: dict[str, str], code: str
) -> None:
    answer = client.api("POST", "sobjects/Contact", json={"LastName": "Doe", **given})

    assert (400, code) == (answer.status_code, answer.json()[0]["errorCode"])


def test_a_parent_is_found_by_its_external_id(client: Client) -> None:
    (account_id,) = client.org.insert("Debt_Account__c", [{"Account_Number__c": "A-1"}])

    (result,) = client.upsert_tasks(
        {
            "Vendor_Call_Id__c": "c-1",
            "debt_account__R": {"account_number__c": "a-1"},
        }
    )

    assert result["success"] is True
    assert client.org.records("Task")[0]["Debt_Account__c"] == account_id


def test_a_parent_that_is_missing_fails_the_row(client: Client) -> None:
    error = client.task_error(Debt_Account__r={"Account_Number__c": "A-9"})

    text = "Foreign key external ID: A-9 not found for field Account_Number__c"
    assert error == {
        "statusCode": "INVALID_FIELD",
        "message": f"{text} in entity Debt_Account__c",
        "fields": [],
    }


@pytest.mark.parametrize(
    ("nested", "code"),
    [
        ({}, "INVALID_FIELD"),
        ({"Balance__c": 1}, "INVALID_FIELD"),
        ("A-1", "JSON_PARSER_ERROR"),
        ({"attributes": {"type": "Nope"}, "Account_Number__c": "A"}, "INVALID_TYPE"),
    ],
)
def test_a_relationship_that_names_no_key_fails_the_row(
    client: Client, nested: Any, code: str
) -> None:
    assert client.task_error(Debt_Account__r=nested)["statusCode"] == code


def test_a_polymorphic_parent_needs_its_type(client: Client) -> None:
    (contact_id,) = client.org.insert(
        "Contact", [{"LastName": "Doe", "Email": "jo@example.org"}]
    )
    who = {"Email": "jo@example.org"}
    error = client.task_error(Who=who)
    typed = {"attributes": {"type": "Contact"}, **who}
    (result,) = client.upsert_tasks({"Vendor_Call_Id__c": "c-1", "Who": typed})

    assert error["statusCode"] == "JSON_PARSER_ERROR"
    assert result["success"] is True
    assert client.org.records("Task")[0]["WhoId"] == contact_id


def test_a_lookup_to_a_deleted_record_fails_the_row(client: Client) -> None:
    (contact_id,) = client.org.insert("Contact", [{"LastName": "Doe"}])
    client.api("DELETE", f"sobjects/Contact/{contact_id}")

    assert client.task_error(WhoId=contact_id)["statusCode"] == "ENTITY_IS_DELETED"


def test_text_that_is_not_unicode_is_stored_as_question_marks(client: Client) -> None:
    body = b'{"LastName": "a\\ud800b"}'

    answer = client.api("POST", "sobjects/Contact", data=body)

    assert answer.status_code == 201
    assert client.org.records("Contact")[0]["LastName"] == "a?b"


def test_seeding_a_record_that_is_not_valid_is_an_error(client: Client) -> None:
    with pytest.raises(ValueError, match="REQUIRED_FIELD_MISSING"):
        client.org.insert("Contact", [{"LastName": "Doe"}, {"FirstName": "Jo"}])
    with pytest.raises(ValueError, match="no object Lead"):
        client.org.insert("Lead", [])

    assert client.org.records("Contact") == []
