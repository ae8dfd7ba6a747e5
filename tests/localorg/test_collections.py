from __future__ import annotations

from .client import Client


def test_an_upsert_creates_and_then_updates_the_same_record(client: Client) -> None:
    (created,) = client.upsert_tasks({"Vendor_Call_Id__c": "c-1", "Subject": "One"})
    (updated,) = client.upsert_tasks({"Vendor_Call_Id__c": "C-1", "Subject": "Two"})

    assert created == {
        "id": created["id"],
        "success": True,
        "errors": [],
        "created": True,
    }
    assert updated == created | {"created": False}
    (task,) = client.org.records("Task")
    assert (task["Subject"], task["Vendor_Call_Id__c"]) == ("Two", "c-1")


def test_results_come_in_request_order_and_failed_rows_have_no_id(
    client: Client,
) -> None:
    results = client.upsert_tasks(
        {"Vendor_Call_Id__c": "c-1"},
        {"Vendor_Call_Id__c": "c-2", "Subject": "x" * 256},
        {"Vendor_Call_Id__c": "c-3"},
    )

    assert [result["success"] for result in results] == [True, False, True]
    message = f"Subject: data value too large: {'x' * 256} (max length=255)"
    error = {"statusCode": "STRING_TOO_LONG", "message": message, "fields": ["Subject"]}
    assert results[1] == {"success": False, "errors": [error]}


def test_a_call_whose_rows_all_fail_is_still_200(client: Client) -> None:
    results = client.upsert_tasks({"Subject": "no key"}, {"Nope__c": 1})

    codes = [result["errors"][0]["statusCode"] for result in results]
    assert codes == ["MISSING_ARGUMENT", "MISSING_ARGUMENT"]


def test_the_same_external_id_twice_fails_both_rows_and_writes_neither(
    client: Client,
) -> None:
    results = client.upsert_tasks(
        {"Vendor_Call_Id__c": "same"},
        {"Vendor_Call_Id__c": "other"},
        {"Vendor_Call_Id__c": "SAME"},
    )

    assert [result["success"] for result in results] == [False, True, False]
    assert results[0]["errors"][0]["statusCode"] == "DUPLICATE_EXTERNAL_ID"
    assert results[2]["errors"][0]["statusCode"] == "DUPLICATE_EXTERNAL_ID"
    keys = [task["Vendor_Call_Id__c"] for task in client.org.records("Task")]
    assert keys == ["other"]


def test_a_case_sensitive_external_id_tells_cases_apart(client: Client) -> None:
    results = client.upsert(
        "Debt_Account__c/Exact_Key__c",
        {"Exact_Key__c": "k", "Account_Number__c": "1"},
        {"Exact_Key__c": "K", "Account_Number__c": "2"},
    )

    assert [result["created"] for result in results] == [True, True]


def test_an_external_id_that_two_records_have_fails_the_row(client: Client) -> None:
    ids = client.org.insert(
        "Debt_Account__c",
        [{"Account_Number__c": number, "Legacy_Key__c": "same"} for number in "12"],
    )

    (result,) = client.upsert(
        "Debt_Account__c/Legacy_Key__c", {"Legacy_Key__c": "same"}
    )

    (error,) = result["errors"]
    assert error["statusCode"] == "DUPLICATE_EXTERNAL_ID"
    text = "Legacy Key: more than one record found for external id field:"
    assert error["message"] == f"{text} [{ids[0]}, {ids[1]}]"


def test_all_or_none_rolls_the_good_rows_back_and_says_so(client: Client) -> None:
    results = client.upsert_tasks(
        {"Vendor_Call_Id__c": "good"},
        {"Vendor_Call_Id__c": "bad", "Started_At__c": "yesterday"},
        allOrNone=True,
    )

    codes = [result["errors"][0]["statusCode"] for result in results]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "JSON_PARSER_ERROR"]
    assert client.org.records("Task") == []


def test_create_takes_mixed_types(client: Client) -> None:
    records = [
        {"attributes": {"type": "Contact"}, "LastName": "Doe"},
        {"attributes": {"type": "Task"}, "Subject": "Call"},
        {"attributes": {"type": "Lead"}, "LastName": "Nobody"},
        {"LastName": "No attributes"},
    ]

    answer = client.api("POST", "composite/sobjects", json={"records": records})

    results = answer.json()
    assert results[0] == {"id": results[0]["id"], "success": True, "errors": []}
    assert (results[0]["id"][:3], results[1]["id"][:3]) == ("003", "00T")
    assert results[2]["errors"][0]["statusCode"] == "INVALID_TYPE"
    assert results[3]["errors"][0] == {
        "statusCode": "JSON_PARSER_ERROR",
        "message": "Nested object for polymorphic foreign key must have an attributes "
        "field before any other fields.",
        "fields": [],
    }


def test_update_goes_by_id_and_leaves_absent_fields(client: Client) -> None:
    (task_id,) = client.org.insert("Task", [{"Subject": "Old", "Status": "Completed"}])
    type_of = {"attributes": {"type": "Task"}}
    records = [
        type_of | {"id": task_id[:15], "Subject": "New"},
        type_of | {"Subject": "No id"},
        type_of | {"Id": "00TLo0000009999", "Subject": "Not there"},
        type_of | {"Id": "nonsense", "Subject": "No id at all"},
    ]

    answer = client.api("PATCH", "composite/sobjects", json={"records": records})

    results = answer.json()
    assert results[0] == {"id": task_id, "success": True, "errors": []}
    codes = [result["errors"][0]["statusCode"] for result in results[1:]]
    assert codes == ["MISSING_ARGUMENT", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID"]
    (task,) = client.org.records("Task")
    assert (task["Subject"], task["Status"]) == ("New", "Completed")


def test_upsert_by_id_creates_where_the_id_is_null(client: Client) -> None:
    (made,) = client.upsert("Task/Id", {"Id": None, "Subject": "New"})
    (changed,) = client.upsert("Task/Id", {"Id": made["id"], "Subject": "Changed"})

    assert (made["created"], changed["created"]) == (True, False)
    assert client.org.records("Task")[0]["Subject"] == "Changed"


def test_more_than_200_records_refuse_the_whole_call(client: Client) -> None:
    row = {"attributes": {"type": "Task"}, "Vendor_Call_Id__c": "c"}

    answer = client.api(
        "PATCH",
        "composite/sobjects/Task/Vendor_Call_Id__c",
        json={"records": [row] * 201},
    )

    assert answer.status_code == 400
    (error,) = answer.json()
    assert error["errorCode"] == "EXCEEDED_ID_LIMIT"
    assert client.org.records("Task") == []


def test_more_than_ten_runs_of_types_refuse_the_whole_call(client: Client) -> None:
    pair = [
        {"attributes": {"type": "Contact"}, "LastName": "Doe"},
        {"attributes": {"type": "Task"}},
    ]

    answer = client.api("POST", "composite/sobjects", json={"records": pair * 6})

    assert (
        answer.status_code,
        answer.json()[0]["errorCode"],
    ) == (400, "LIMIT_EXCEEDED")


def test_a_body_that_is_not_json_is_400(client: Client) -> None:
    for body in (b"{", b"[]", b'{"records": 1}', b'{"records": [NaN]}'):
        answer = client.api("POST", "composite/sobjects", data=body)

        assert answer.status_code == 400
        assert answer.json()[0]["errorCode"] == "JSON_PARSER_ERROR"


def test_an_external_id_field_that_is_none_is_404(client: Client) -> None:
    for field in ("Subject", "Nope__c"):
        answer = client.api(
            "PATCH", f"composite/sobjects/Task/{field}", json={"records": []}
        )

        message = "Provided external ID field does not exist or is not accessible:"
        assert answer.status_code == 404
        error = {"message": f"{message} {field}", "errorCode": "NOT_FOUND"}
        assert [error] == answer.json()


def test_rows_of_another_type_or_with_an_id_fail(client: Client) -> None:
    results = client.upsert_tasks(
        {"attributes": {"type": "Contact"}, "Vendor_Call_Id__c": "1"},
        {"Vendor_Call_Id__c": "2", "Id": "00TLo0000000001"},
    )

    codes = [result["errors"][0]["statusCode"] for result in results]
    assert codes == ["INVALID_TYPE", "INVALID_FIELD"]


def test_a_whole_collections_call_is_one_api_request(client: Client) -> None:
    client.upsert_tasks(*({"Vendor_Call_Id__c": f"c-{n}"} for n in range(200)))

    assert client.org.stats() == {
        "api_requests": 1,
        "logins": 1,
        "by_path": {"PATCH composite/sobjects/Task": 1},
    }
