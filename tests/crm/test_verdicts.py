"""Every Salesforce error has a meaning."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from simple_salesforce import exceptions

from worker.crm.failures import Blip, NoLoginCures
from worker.crm.rest_api import meaning
from worker.crm.verdicts import Act, row_verdict
from worker.errors import CrmRefused, CrmUnavailable, SessionExpired

HTTP_ERRORS = [
    value
    for _, value in inspect.getmembers(exceptions, inspect.isclass)
    if issubclass(value, exceptions.SalesforceError)
]


def http_error(status: int, content: Any) -> exceptions.SalesforceError:
    return exceptions.SalesforceGeneralError("https://x/y", status, "query", content)


def listed(code: str, message: str = "") -> list[dict[str, Any]]:
    return [{"errorCode": code, "message": message}]


@pytest.mark.parametrize("kind", HTTP_ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_of_the_library_has_a_meaning(kind: type) -> None:
    try:
        error = kind("https://x/y", 400, "query", listed("SOMETHING_NEW"))
    except TypeError:
        error = kind("code", "message")

    assert isinstance(meaning(error), CrmRefused | CrmUnavailable)


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (
            401,
            listed("INVALID_SESSION_ID", "Session expired or invalid"),
            SessionExpired,
        ),
        (401, {"error": "invalid_token"}, SessionExpired),
        (401, "<html>", SessionExpired),
        (
            401,
            listed("INVALID_SESSION_ID", "Connected app is not attached to Agent"),
            NoLoginCures,
        ),
        (403, listed("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit"), CrmUnavailable),
        (403, listed("API_DISABLED_FOR_ORG"), CrmUnavailable),
        (403, listed("INSUFFICIENT_ACCESS"), CrmRefused),
        (503, "<html>maintenance</html>", Blip),
        (500, listed("UNKNOWN_EXCEPTION"), Blip),
        (429, "", CrmUnavailable),
        (400, listed("UNABLE_TO_LOCK_ROW"), CrmUnavailable),
        (400, listed("INVALID_TYPE"), CrmRefused),
        (404, listed("NOT_FOUND"), CrmRefused),
        (404, "<html>not ours</html>", CrmUnavailable),
        (400, [{"errorCode": "X"}], CrmRefused),
        (300, ["/services/data/v67.0/sobjects/Task/00T1"], CrmRefused),
    ],
)
def test_a_failed_request_means(status: int, content: Any, expected: type) -> None:
    assert type(meaning(http_error(status, content))) is expected


def test_a_meaning_shows_no_url_and_no_text_of_the_answer() -> None:
    error = http_error(400, listed("STRING_TOO_LONG", "Name: too large: Rosa Delgado"))

    assert "Rosa" not in str(meaning(error))
    assert "https" not in str(meaning(error))


@pytest.mark.parametrize(
    ("code", "message", "act"),
    [
        ("UNABLE_TO_LOCK_ROW", "", Act.RETRY),
        ("STRING_TOO_LONG", "", Act.PARK),
        ("INVALID_FIELD_FOR_INSERT_UPDATE", "", Act.SEND_WITHOUT_INSERT_ONLY),
        ("CANNOT_EXECUTE_FLOW_TRIGGER", "a flow: UNABLE_TO_LOCK_ROW", Act.RETRY),
        ("CANNOT_EXECUTE_FLOW_TRIGGER", "a flow: null", Act.PARK),
        ("INVALID_FIELD", "No such column", Act.PARK),
        ("INVALID_FIELD", "Foreign key external ID: x not found", Act.AWAIT_PARENT),
        ("NEVER_SEEN_BEFORE", "", Act.PARK),
    ],
)
def test_a_failed_row_means(code: str, message: str, act: Act) -> None:
    verdict = row_verdict(code, message)

    assert verdict.act is act
    assert verdict.hint
