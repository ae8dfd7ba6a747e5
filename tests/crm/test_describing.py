"""Asking a local org for its describes, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.orgs import client_of
from worker.crm.describing import describe, is_api_name
from worker.crm.salesforce import SalesforceCrm
from worker.errors import CrmRefused, CrmUnavailable
from worker.localorg import LocalOrg


class Answers:
    """An org that answers a describe with whatever it is told."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def describe(self, object_name: str) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_an_object_is_described_by_one_api_request(
    org: LocalOrg, crm: SalesforceCrm
) -> None:
    described = describe(crm, "Task")

    assert described is not None
    assert described["name"] == "Task"
    fields = {field["name"]: field for field in described["fields"]}
    assert fields["TaskSubtype"]["updateable"] is False
    assert org.stats()["by_path"] == {"GET sobjects/Task/describe": 1}


def test_what_the_org_does_not_have_is_none(crm: SalesforceCrm) -> None:
    assert describe(crm, "Nothing__c") is None


def test_an_expired_session_is_renewed_once(org: LocalOrg, crm: SalesforceCrm) -> None:
    describe(crm, "Task")
    org.faults.add("session_expired")

    assert describe(crm, "Task") is not None
    assert org.stats()["logins"] == 2


@pytest.mark.parametrize(
    "name",
    ["", "../Task", "Task/x", "Task?x=1", "Täsk", "1Task", "Task ", "T\n", "A" * 81],
)
def test_no_other_name_gets_into_a_url(
    org: LocalOrg, crm: SalesforceCrm, name: str
) -> None:
    assert not is_api_name(name)
    with pytest.raises(CrmRefused, match=r"INVALID_NAME: .* is no API name"):
        describe(crm, name)

    assert org.stats()["api_requests"] == 0


def test_names_of_installed_packages_are_api_names() -> None:
    assert is_api_name("Task")
    assert is_api_name("Debt_Account__c")
    assert is_api_name("FinServ__FinancialAccount__c")


def test_an_org_that_is_away_is_no_missing_object(
    org: LocalOrg, crm: SalesforceCrm
) -> None:
    org.faults.add("unavailable")

    with pytest.raises(CrmUnavailable, match="503"):
        describe(crm, "Task")


def test_a_wrong_secret_is_no_missing_object(org: LocalOrg) -> None:
    expected = pytest.raises(CrmUnavailable, match="login invalid_client")

    with client_of(org.url, client_secret="wrong") as crm, expected:
        describe(crm, "Task")


def test_another_refusal_is_no_missing_object() -> None:
    refused = Answers(CrmRefused("FUNCTIONALITY_NOT_ENABLED"))

    with pytest.raises(CrmRefused, match="FUNCTIONALITY_NOT_ENABLED"):
        describe(refused, "Task")


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"name": "Task"},
        {"name": "../Task", "fields": []},
        {"name": "Task", "fields": [{}]},
        {"name": "Task", "fields": ["Subject"]},
    ],
)
def test_an_answer_that_is_no_describe_is_not_taken(answer: Any) -> None:
    with pytest.raises(CrmUnavailable, match="no describe"):
        describe(Answers(answer), "Task")
