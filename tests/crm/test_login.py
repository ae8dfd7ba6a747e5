"""One login: what proves who we are, what each refusal means, what ends trying."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from worker.crm.failures import STOP_SECONDS
from worker.crm.salesforce import SalesforceCrm
from worker.crm.session import Session
from worker.crm.token_store import Grant, OwnTokens
from worker.errors import CrmUnavailable, SessionExpired
from worker.localorg import LocalOrg
from worker.model import OrgLogin

from .logins import OUR_KEY, jwt_app, jwt_login, key_pair

KEY = "External_Call_Id__c"
TOKEN_PATH = "/services/oauth2/token"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def crm_of(login: OrgLogin, clock: Clock | None = None) -> Iterator[SalesforceCrm]:
    session = Session(login, OwnTokens(clock or Clock()))
    try:
        yield SalesforceCrm(session, blip_wait_seconds=0.0)
    finally:
        session.close()


def write(crm: SalesforceCrm) -> None:
    (result,) = crm.upsert("Task", KEY, [{KEY: "call"}])
    assert result.code is None


def unavailable(crm: SalesforceCrm) -> CrmUnavailable:
    with pytest.raises(CrmUnavailable) as caught:
        write(crm)
    return caught.value


def test_an_assertion_signed_by_the_apps_key_logs_in(org: LocalOrg) -> None:
    org.register(jwt_app())

    with crm_of(jwt_login(org.url)) as crm:
        write(crm)

    assert (org.stats()["logins"], org.stats()["api_requests"]) == (1, 1)


def test_an_expired_session_is_renewed_by_another_assertion(org: LocalOrg) -> None:
    org.register(jwt_app())

    with crm_of(jwt_login(org.url)) as crm:
        write(crm)
        org.faults.add("session_expired")
        write(crm)

    assert org.stats()["logins"] == 2


@pytest.mark.parametrize(
    ("changes", "login_changes", "said"),
    [
        ({}, {"key_name": "a stranger's"}, "invalid assertion"),
        ({}, {"audience": "https://test.salesforce.com"}, "audience"),
        ({"is_approved": False}, {}, "approved this consumer"),
        ({"is_active": False}, {}, "inactive user"),
    ],
)
def test_what_only_a_person_can_mend_stops_logging_in_and_says_so_once(
    org: LocalOrg,
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, bool],
    login_changes: dict[str, str],
    said: str,
) -> None:
    org.register(jwt_app(**changes))
    clock = Clock()

    with crm_of(jwt_login(org.url, **login_changes), clock) as crm:
        first = unavailable(crm)
        clock.now = STOP_SECONDS - 10
        second = unavailable(crm)

    assert first.code == second.code == f"login invalid_grant ({said})"
    assert (first.retry_after_seconds, second.retry_after_seconds) == (STOP_SECONDS, 10)
    assert (org.stats()["logins"], org.stats()["api_requests"]) == (1, 0)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert said in record.message


def test_after_the_stop_one_login_finds_it_mended(org: LocalOrg) -> None:
    org.register(jwt_app(is_approved=False))
    clock = Clock()

    with crm_of(jwt_login(org.url), clock) as crm:
        unavailable(crm)
        org.register(jwt_app())
        clock.now = STOP_SECONDS
        write(crm)

    assert org.stats()["logins"] == 2


def test_too_many_logins_wait_an_hour(org: LocalOrg) -> None:
    org.faults.add("login_rate_exceeded", path=TOKEN_PATH, times=1)
    clock = Clock()

    with crm_of(OrgLogin(org.url, "local", "local", "67.0"), clock) as crm:
        error = unavailable(crm)
        clock.now = 3600.0 - 1
        unavailable(crm)
        assert org.stats()["logins"] == 1
        clock.now = 3600.0
        write(crm)

    assert error.code == "login LOGIN_RATE_EXCEEDED"
    assert error.retry_after_seconds == 3600


@pytest.mark.parametrize("kind", ["unavailable", "drop_before"])
def test_a_login_that_breaks_off_is_tried_at_the_next_request(
    org: LocalOrg, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    org.faults.add(kind, path=TOKEN_PATH, times=1)

    with crm_of(OrgLogin(org.url, "local", "local", "67.0")) as crm:
        error = unavailable(crm)
        write(crm)

    assert error.retry_after_seconds is None
    assert org.stats()["logins"] == 2
    assert caplog.records == []


@pytest.mark.parametrize("kind", ["session_not_valid", "session_not_attached"])
def test_a_session_that_no_login_cures_stops_requests_and_logins(
    org: LocalOrg, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    org.faults.add(kind)
    clock = Clock()

    with crm_of(OrgLogin(org.url, "local", "local", "67.0"), clock) as crm:
        first, second = unavailable(crm), unavailable(crm)
        assert (org.stats()["logins"], org.stats()["api_requests"]) == (1, 1)
        org.faults.clear()
        clock.now = STOP_SECONDS
        write(crm)

    assert first.code == second.code
    assert first.retry_after_seconds == second.retry_after_seconds == STOP_SECONDS
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_new_session_that_is_refused_too_makes_no_storm_of_logins(
    org: LocalOrg,
) -> None:
    org.faults.add("session_expired", times=9)

    with crm_of(OrgLogin(org.url, "local", "local", "67.0")) as crm:
        with pytest.raises(SessionExpired):
            write(crm)
        later = unavailable(crm)

    assert "a new session is refused too" in str(later)
    assert later.retry_after_seconds == 60
    assert (org.stats()["logins"], org.stats()["api_requests"]) == (2, 2)


def test_no_secret_is_in_a_repr_an_error_or_the_log(
    org: LocalOrg, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    login = replace(jwt_login(org.url), client_secret="secret-of-the-app")
    org.register(jwt_app())

    with crm_of(login) as crm:
        write(crm)
        token = crm._session.client().session_id
        org.register(jwt_app(is_active=False))
        org.faults.add("session_expired")
        error = unavailable(crm)

    private_line = key_pair(OUR_KEY)[0].splitlines()[3]
    said = [repr(login), repr(error), str(error), repr(Grant("https://x", token))]
    shown = "\n".join([*said, caplog.text])
    for secret in (token, private_line, "secret-of-the-app"):
        assert secret not in shown
    assert error.__cause__ is None
