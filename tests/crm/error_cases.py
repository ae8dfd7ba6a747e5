"""Salesforce's errors as real orgs word them, and what the worker has to make of each.

`VALUE` stands for a payload's value: it must not come out anywhere.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from worker.crm.verdicts import Act

VALUE = "Zanzibar"
_FLOW = "We can't save this record because the flow failed."
_LOCK = "unable to obtain exclusive access to this record or 1 records: 00T000000000001"


class Case(NamedTuple):
    """An error that a row can have, and a request as a whole. `fields` may be missing.

    `named` is which fields the worker has to name.
    """

    code: str
    message: str
    act: Act
    fields: list[str] | None = None
    named: tuple[str, ...] = ()
    status: int = 400


class Answer(NamedTuple):
    """A refused request's whole answer, and what the worker makes of it."""

    status: int
    body: Any
    raised: str
    code: str
    wait_seconds: float | None = None
    api_requests: int = 1


def refusal(code: str, message: str = VALUE, **members: Any) -> list[dict[str, Any]]:
    return [{"message": message, "errorCode": code, **members}]


EVERYWHERE = [
    Case("UNABLE_TO_LOCK_ROW", _LOCK, Act.RETRY, []),
    Case("QUERY_TIMEOUT", "Your query request was running for too long.", Act.RETRY),
    Case("REQUEST_RUNNING_TOO_LONG", VALUE, Act.RETRY, status=503),
    *(
        Case(code, f"{_FLOW} {VALUE}: {reason}", Act.RETRY, [])
        for code in (
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "CANNOT_EXECUTE_FLOW_TRIGGER",
        )
        for reason in (
            f"UNABLE_TO_LOCK_ROW, {_LOCK}",
            "System.LimitException: Too many SOQL queries: 101",
            "System.LimitException: Apex CPU time limit exceeded",
        )
    ),
    Case("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"OnTask: null {VALUE}", Act.PARK, []),
    Case("CANNOT_EXECUTE_FLOW_TRIGGER", f"{_FLOW} {VALUE}", Act.PARK, []),
    Case(
        "DUPLICATE_EXTERNAL_ID",
        f"External_Call_Id__c: more than one record found for external id: {VALUE}",
        Act.PARK,
        ["External_Call_Id__c"],
        ("External_Call_Id__c",),
    ),
    Case(
        "DUPLICATE_VALUE",
        "duplicate value found: X__c duplicates value on record with id:"
        " 00T000000000001",
        Act.SEND_AGAIN,
        [],
    ),
    Case(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "Unable to create/update fields: TaskSubtype, OwnerId. Please check the"
        " security settings of this field and verify that it is read/write for your"
        " profile or permission set.",
        Act.SEND_WITHOUT_INSERT_ONLY,
        None,
        ("TaskSubtype", "OwnerId"),
    ),
    Case("DUPLICATES_DETECTED", "You're creating a duplicate record.", Act.PARK, []),
    Case("MORE_THAN_ONE_RECORD", VALUE, Act.PARK, []),
    Case(
        "REQUIRED_FIELD_MISSING",
        "Required fields are missing: [LastName, Status__c]",
        Act.PARK,
        None,
        ("LastName", "Status__c"),
    ),
    Case(
        "STRING_TOO_LONG",
        f"Subject: data value too large: {VALUE} (max length=255)",
        Act.PARK,
        ["Subject"],
        ("Subject",),
    ),
    Case(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        f"Disposition: bad value for restricted picklist field: {VALUE}",
        Act.PARK,
        ["Disposition__c"],
        ("Disposition__c",),
    ),
    Case("FIELD_CUSTOM_VALIDATION_EXCEPTION", f"Not {VALUE}!", Act.PARK, []),
    Case(
        "FIELD_INTEGRITY_EXCEPTION",
        f"There's a problem with this country: {VALUE}",
        Act.PARK,
        ["MailingCountry"],
        ("MailingCountry",),
    ),
    Case(
        "NUMBER_OUTSIDE_VALID_RANGE",
        f"Amount: value outside of valid range on numeric field: {VALUE}",
        Act.PARK,
        ["Amount__c"],
        ("Amount__c",),
    ),
    Case(
        "INVALID_EMAIL_ADDRESS",
        f"Email: invalid email address: {VALUE}",
        Act.PARK,
        ["Email"],
        ("Email",),
    ),
    Case("JSON_PARSER_ERROR", f"Cannot deserialize date from {VALUE}", Act.PARK),
    Case(
        "INVALID_FIELD",
        f"Foreign key external ID: {VALUE} not found for field Number__c in entity"
        " A__c",
        Act.AWAIT_PARENT,
        [],
    ),
    Case(
        "INVALID_FIELD",
        "No such column 'Nope__c' on sobject of type Task",
        Act.PARK,
        None,
        ("Nope__c",),
    ),
    Case("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", Act.PARK, []),
    Case("ENTITY_IS_DELETED", "entity is deleted", Act.PARK, [], status=404),
    Case(
        "MALFORMED_ID",
        f"Related To ID: id value of incorrect type: {VALUE}",
        Act.PARK,
        ["WhatId"],
        ("WhatId",),
    ),
    Case("ENTITY_IS_LOCKED", "This record is locked.", Act.PARK, []),
    Case("INSUFFICIENT_ACCESS", VALUE, Act.PARK, status=403),
    Case("INSUFFICIENT_ACCESS_OR_READONLY", VALUE, Act.PARK, [], status=403),
    Case("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", VALUE, Act.PARK, []),
    Case("TXN_SECURITY_NO_ACCESS", VALUE, Act.PARK, status=403),
    Case("INVALID_TYPE", "sObject type 'Nope__c' is not supported.", Act.PARK),
    Case(
        "NOT_FOUND",
        "Provided external ID field does not exist or is not accessible: X__c",
        Act.PARK,
        status=404,
    ),
    Case("NEVER_SEEN_BEFORE", VALUE, Act.PARK, []),
]

ROWS_ONLY = [
    Case("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded", Act.RETRY, []),
    Case("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", VALUE, Act.RETRY, []),
    Case("UNKNOWN_EXCEPTION", "An unexpected error occurred.", Act.RETRY, []),
    Case("SERVER_UNAVAILABLE", "Server too busy", Act.RETRY, []),
    Case("ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back", Act.RETRY, []),
    Case("PROCESSING_HALTED", "The transaction was rolled back", Act.RETRY, []),
    Case(
        "DUPLICATE_EXTERNAL_ID",
        f"Duplicate external id specified: {VALUE}",
        Act.RETRY,
        ["External_Call_Id__c"],
        ("External_Call_Id__c",),
    ),
]

_WAITS, _REFUSED, _BLIP = "CrmUnavailable", "CrmRefused", "Blip"
_STOPPED = "LoginStopped"
_PAGE = f"<!DOCTYPE html><html><body><h1>{VALUE}</h1></body></html>"
_LIMIT = "REQUEST_LIMIT_EXCEEDED"

ANSWERS = [
    Answer(
        401,
        refusal(
            "INVALID_SESSION_ID", "This session is not valid for use with the REST API"
        ),
        "NoLoginCures",
        "INVALID_SESSION_ID",
        900,
    ),
    Answer(
        401,
        refusal("INVALID_SESSION_ID", "Connected app is not attached to Agent"),
        "NoLoginCures",
        "INVALID_SESSION_ID",
        900,
    ),
    *(
        Answer(401, body, "SessionExpired", code, api_requests=2)
        for body, code in (
            (
                refusal("INVALID_SESSION_ID", "Session expired or invalid"),
                "INVALID_SESSION_ID",
            ),
            (
                {"message": "Session expired", "errorCode": "INVALID_SESSION_ID"},
                "INVALID_SESSION_ID",
            ),
            (
                refusal("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"),
                "INVALID_AUTH_HEADER",
            ),
            ({"error": "invalid_token", "error_description": VALUE}, "invalid_token"),
            (_PAGE, "HTTP 401"),
        )
    ),
    Answer(403, refusal("LOGIN_RATE_EXCEEDED"), _WAITS, "LOGIN_RATE_EXCEEDED", 3600),
    Answer(403, refusal(_LIMIT, "TotalRequests Limit exceeded."), _WAITS, _LIMIT, 600),
    Answer(
        403,
        refusal(_LIMIT, "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
        _WAITS,
        _LIMIT,
    ),
    Answer(
        403, refusal(_LIMIT, "ConcurrentPerOrgLongTxn Limit exceeded"), _WAITS, _LIMIT
    ),
    Answer(
        403,
        refusal("TXN_SECURITY_METERING_ERROR"),
        _WAITS,
        "TXN_SECURITY_METERING_ERROR",
    ),
    *(Answer(status, _PAGE, _WAITS, f"HTTP {status}") for status in (408, 420, 429)),
    Answer(429, refusal("TOO_MANY_REQUESTS"), _WAITS, "TOO_MANY_REQUESTS"),
    *(
        Answer(status, _PAGE, _BLIP, f"HTTP {status}", api_requests=3)
        for status in (500, 502, 503, 504)
    ),
    Answer(
        503,
        refusal("SERVER_UNAVAILABLE", "Server too busy"),
        _BLIP,
        "SERVER_UNAVAILABLE",
        api_requests=3,
    ),
    Answer(
        500,
        refusal("UNKNOWN_EXCEPTION"),
        _BLIP,
        "UNKNOWN_EXCEPTION",
        api_requests=3,
    ),
    Answer(
        500,
        refusal("NEVER_SEEN_BEFORE"),
        _BLIP,
        "NEVER_SEEN_BEFORE",
        api_requests=3,
    ),
    *(
        Answer(status, refusal(code), _WAITS, code, 600)
        for status, code in (
            (403, "STORAGE_LIMIT_EXCEEDED"),
            (403, "API_CURRENTLY_DISABLED"),
            (503, "ORG_IN_MAINTENANCE"),
            (400, "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"),
        )
    ),
    Answer(403, refusal("API_DISABLED_FOR_ORG"), _WAITS, "API_DISABLED_FOR_ORG", 600),
    Answer(
        404,
        refusal("UNSUPPORTED_API_VERSION"),
        _WAITS,
        "UNSUPPORTED_API_VERSION",
        600,
    ),
    Answer(410, _PAGE, _WAITS, "HTTP 410", 600),
    Answer(413, _PAGE, _WAITS, "HTTP 413"),
    Answer(413, refusal("REQUEST_TOO_LARGE"), _WAITS, "HTTP 413"),
    Answer(
        300,
        ["/services/data/v67.0/sobjects/Task/00T000000000001AAA"],
        _REFUSED,
        "MORE_THAN_ONE_RECORD",
    ),
    Answer(400, refusal("MALFORMED_QUERY"), _REFUSED, "MALFORMED_QUERY"),
    Answer(
        400,
        refusal("INVALID_QUERY_FILTER_OPERATOR"),
        _REFUSED,
        "INVALID_QUERY_FILTER_OPERATOR",
    ),
    Answer(405, refusal("METHOD_NOT_ALLOWED"), _REFUSED, "METHOD_NOT_ALLOWED"),
    Answer(404, _PAGE, _WAITS, "HTTP 404"),
    Answer(400, {}, _WAITS, "HTTP 400"),
    Answer(400, [], _WAITS, "HTTP 400"),
    Answer(200, [], _WAITS, "answer of another length"),
    Answer(200, {"records": []}, _WAITS, "answer of another length"),
    Answer(200, [VALUE], _WAITS, "answer of another shape"),
    Answer(200, _PAGE, _BLIP, "answer cut short", api_requests=3),
]

LOGINS = [
    *(
        Answer(400, {"error": code, "error_description": text}, _WAITS, f"login {code}")
        for code, text in (
            ("invalid_grant", "expired authorization code"),
            ("invalid_grant", "token request is already being processed"),
            ("invalid_grant", VALUE),
            ("invalid_request", VALUE),
            ("server_error", VALUE),
            ("never_seen_before", VALUE),
        )
    ),
    *(
        Answer(
            400,
            {"error": "invalid_grant", "error_description": f"{VALUE} {said.title()}"},
            _STOPPED,
            f"login invalid_grant ({said})",
            wait_seconds,
        )
        for said, wait_seconds in (
            ("invalid assertion", 900),
            ("approved this consumer", 900),
            ("audience", 900),
            ("inactive user", 900),
            ("no client credentials user", 900),
            ("login rate exceeded", 3600),
        )
    ),
    *(
        Answer(400, {"error": code, "error_description": VALUE}, _STOPPED, *rest)
        for code, *rest in (
            ("inactive_user", "login inactive_user", 900),
            ("inactive_org", "login inactive_org", 900),
            ("invalid_app_access", "login invalid_app_access", 900),
            ("invalid_client_id", "login invalid_client_id", 900),
            ("invalid_client", "login invalid_client", 900),
            ("unsupported_grant_type", "login unsupported_grant_type", 900),
            ("unauthorized_client", "login unauthorized_client", 900),
            ("login_rate_exceeded", "login login_rate_exceeded", 3600),
        )
    ),
    Answer(
        403,
        refusal("LOGIN_RATE_EXCEEDED"),
        _STOPPED,
        "login LOGIN_RATE_EXCEEDED",
        3600,
    ),
    *(
        Answer(status, _PAGE, _WAITS, f"login HTTP {status}")
        for status in (404, 420, 429, 503)
    ),
]
