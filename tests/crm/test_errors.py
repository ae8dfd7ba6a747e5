"""Each row of the error table on the exact body that an org sends, over HTTP."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from tests.crm.error_cases import (
    ANSWERS,
    EVERYWHERE,
    LOGINS,
    ROWS_ONLY,
    VALUE,
    Answer,
    Case,
)
from worker.crm import session
from worker.crm.error_bodies import request_error
from worker.crm.salesforce import SalesforceCrm
from worker.crm.verdicts import Act, row_verdict
from worker.errors import CrmRefused, CrmUnavailable, SyncError
from worker.localorg import LocalOrg

KEY = "External_Call_Id__c"
TASK: dict[str, Any] = {KEY: "call-1", "Subject": "Call"}
IDS = ["00T000000000001AAA", "00T000000000002AAA"]


def name_of(case: Case | Answer) -> str:
    return f"{case.code} {case.body if isinstance(case, Answer) else case.message}"[:70]


def members(case: Case, code_member: str) -> dict[str, Any]:
    shape: dict[str, Any] = {"message": case.message, code_member: case.code}
    return shape if case.fields is None else shape | {"fields": case.fields}


def answer_with(org: LocalOrg, status: int, body: Any, path: str = "") -> None:
    content = {"page": body} if isinstance(body, str) else {"body": body}
    where = {"path": path} if path else {}
    org.faults.add("answer", status=status, **content, **where)


def raised_by(crm: SalesforceCrm) -> CrmRefused | CrmUnavailable:
    with pytest.raises((CrmRefused, CrmUnavailable)) as caught:
        crm.upsert("Task", KEY, [TASK])
    return caught.value


def shown(error: SyncError, caplog: pytest.LogCaptureFixture) -> str:
    return f"{error} {error!r} {error.__cause__!r} {caplog.text}"


@pytest.mark.parametrize("case", [*EVERYWHERE, *ROWS_ONLY], ids=name_of)
def test_a_row_that_is_refused(org: LocalOrg, crm: SalesforceCrm, case: Case) -> None:
    row = {"success": False, "errors": [members(case, "statusCode")]}
    answer_with(org, 200, [row])

    (result,) = crm.upsert("Task", KEY, [TASK])

    assert (result.code, result.fields) == (case.code, case.named)
    verdict = row_verdict(case.code, result.message)
    assert verdict.act is case.act
    assert VALUE not in f"{result!r} {verdict!r}"
    assert org.stats()["api_requests"] == 1


@pytest.mark.parametrize("case", EVERYWHERE, ids=name_of)
def test_a_request_that_is_refused(
    org: LocalOrg, crm: SalesforceCrm, case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    answer_with(org, case.status, [members(case, "errorCode")])

    error = raised_by(crm)

    assert error.code == case.code
    if case.act is Act.RETRY:
        assert type(error) is CrmUnavailable
        assert error.retry_after_seconds is None
    else:
        assert isinstance(error, CrmRefused)
        assert error.fields == case.named
        assert row_verdict(error.code, error.said).act is case.act
    assert VALUE not in shown(error, caplog)
    assert org.stats()["api_requests"] == 1


@pytest.mark.parametrize("answer", ANSWERS, ids=name_of)
def test_an_answer_of_its_own_kind(
    org: LocalOrg, crm: SalesforceCrm, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    answer_with(org, answer.status, answer.body)

    error = raised_by(crm)

    assert (type(error).__name__, error.code) == (answer.raised, answer.code)
    if isinstance(error, CrmUnavailable):
        assert error.retry_after_seconds == answer.wait_seconds
    assert VALUE not in shown(error, caplog)
    assert org.stats()["api_requests"] == answer.api_requests
    # A session is renewed once, and only where that may help.
    assert org.stats()["logins"] == (2 if answer.raised == "SessionExpired" else 1)


@pytest.mark.parametrize("answer", LOGINS, ids=name_of)
def test_a_login_that_fails(
    org: LocalOrg, crm: SalesforceCrm, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    answer_with(org, answer.status, answer.body, path="oauth2")

    error = raised_by(crm)

    assert isinstance(error, CrmUnavailable)
    assert (type(error).__name__, error.code) == (answer.raised, answer.code)
    assert error.retry_after_seconds == answer.wait_seconds
    assert VALUE not in shown(error, caplog)
    assert (org.stats()["logins"], org.stats()["api_requests"]) == (1, 0)


@pytest.mark.parametrize(
    ("path", "status", "body", "alarm"),
    [
        (
            "",
            401,
            [
                {
                    "message": "This session is not valid for use with the REST API",
                    "errorCode": "INVALID_SESSION_ID",
                }
            ],
            "no login cures this session",
        ),
        (
            "oauth2",
            400,
            {"error": "invalid_grant", "error_description": "inactive user"},
            "activate the integration user",
        ),
        ("", 403, [{"errorCode": "API_DISABLED_FOR_ORG"}], "the org has no API"),
        ("", 403, [{"errorCode": "STORAGE_LIMIT_EXCEEDED"}], "storage is full"),
        ("", 410, [{"errorCode": "UNSUPPORTED_API_VERSION"}], "this API version"),
    ],
)
def test_what_only_a_person_can_end_is_an_error_in_the_log(
    org: LocalOrg,
    crm: SalesforceCrm,
    caplog: pytest.LogCaptureFixture,
    path: str,
    status: int,
    body: Any,
    alarm: str,
) -> None:
    answer_with(org, status, body, path)

    error = raised_by(crm)

    assert alarm in str(error)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert alarm in record.getMessage()


def test_what_passes_by_itself_is_no_alarm(
    org: LocalOrg, crm: SalesforceCrm, caplog: pytest.LogCaptureFixture
) -> None:
    description = "token request is already being processed"
    body = {"error": "invalid_grant", "error_description": description}
    answer_with(org, 400, body, "oauth2")

    raised_by(crm)

    assert caplog.records == []


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("drop_before", "no answer: ConnectionError"),
        ("drop_after_commit", "no answer: ConnectionError"),
        ("answer_cut", "answer cut short"),
    ],
)
def test_an_exchange_that_breaks_off_is_asked_three_times(
    org: LocalOrg, crm: SalesforceCrm, kind: str, code: str
) -> None:
    org.faults.add(kind, path="composite")

    error = raised_by(crm)

    assert (type(error).__name__, error.code) == ("Blip", code)
    assert org.stats()["api_requests"] == 3
    assert len(org.records("Task")) == (0 if kind == "drop_before" else 1)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after_commit", "answer_cut"])
def test_an_exchange_that_breaks_off_once_makes_one_record(
    org: LocalOrg, crm: SalesforceCrm, kind: str
) -> None:
    org.faults.add(kind, path="composite", times=1)

    (result,) = crm.upsert("Task", KEY, [TASK])

    assert result.code is None
    assert [task["Id"] for task in org.records("Task")] == [result.salesforce_id]


def test_an_answer_with_a_row_less_says_nothing_of_any_row(
    org: LocalOrg, crm: SalesforceCrm
) -> None:
    org.faults.add("answer_short", path="composite", times=1)

    error = raised_by(crm)

    assert (type(error), error.code) == (CrmUnavailable, "answer of another length")
    assert org.stats()["api_requests"] == 1


def test_an_answer_that_takes_too_long_is_not_asked_for_again(
    org: LocalOrg, crm: SalesforceCrm, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    org.faults.wait = lambda _seconds: over.wait(10)
    org.faults.add("latency", seconds=1)
    monkeypatch.setattr(session, "READ_TIMEOUT_SECONDS", 0.1)

    error = raised_by(crm)
    over.set()

    assert (type(error), error.code) == (CrmUnavailable, "timeout")
    assert org.stats()["api_requests"] == 1


def test_a_value_that_is_no_json_is_refused_without_a_request(
    org: LocalOrg, crm: SalesforceCrm
) -> None:
    with pytest.raises(CrmRefused, match="INVALID_JSON: a value of the record"):
        crm.upsert("Task", KEY, [{**TASK, "CallDurationInSeconds": float("nan")}])

    assert org.stats()["api_requests"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"records": None},
        {"records": [], "done": False},
    ],
)
def test_a_query_answered_in_another_shape_finds_nothing_out(
    org: LocalOrg, crm: SalesforceCrm, body: Any
) -> None:
    answer_with(org, 200, body, "query")

    with pytest.raises(CrmUnavailable, match="answer of another shape"):
        crm.find("Task", [], {KEY: ["call-1"]})


@pytest.mark.parametrize("member", ["duplicateResut", "duplicateResult"])
def test_a_row_that_a_duplicate_rule_stops_names_the_records(
    org: LocalOrg, crm: SalesforceCrm, member: str
) -> None:
    org.faults.add("duplicates", object="Task", ids=IDS, member=member)

    (result,) = crm.upsert("Task", KEY, [TASK])

    assert (result.code, result.matches) == ("DUPLICATES_DETECTED", tuple(IDS))


@pytest.mark.parametrize("member", ["duplicateResut", "duplicateResult"])
def test_a_request_that_a_duplicate_rule_stops_names_the_records(
    org: LocalOrg, crm: SalesforceCrm, member: str
) -> None:
    records = [{"record": {"attributes": {"type": "Task"}, "Id": i}} for i in IDS]
    found = {"allowSave": True, "matchResults": [{"matchRecords": records}]}
    error = {"errorCode": "DUPLICATES_DETECTED", "message": VALUE, member: found}
    answer_with(org, 400, [error])

    refused = raised_by(crm)

    assert isinstance(refused, CrmRefused)
    assert refused.matches == tuple(IDS)
    assert ", ".join(IDS) in refused.hint


def test_several_records_of_an_external_id_are_named(
    org: LocalOrg, crm: SalesforceCrm
) -> None:
    answer_with(org, 300, [f"/services/data/v67.0/sobjects/Task/{i}" for i in IDS])

    refused = raised_by(crm)

    assert isinstance(refused, CrmRefused)
    assert refused.matches == tuple(IDS)


@pytest.mark.parametrize(
    "strange",
    [
        {"duplicateResut": None},
        {"duplicateResut": {"matchResults": [None, {"matchRecords": [VALUE, {}]}]}},
        {
            "duplicateResut": {
                "matchResults": [{"matchRecords": [{"record": {"Id": VALUE}}]}]
            }
        },
    ],
)
def test_only_ids_are_taken_for_ids(strange: dict[str, Any]) -> None:
    body = [{"errorCode": "DUPLICATES_DETECTED", **strange}]

    assert request_error(400, body).matches == ()
