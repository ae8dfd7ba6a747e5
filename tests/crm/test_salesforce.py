"""The Salesforce client against a local org, over HTTP."""

from __future__ import annotations

import pytest

from tests.orgs import client_of
from worker.crm.salesforce import SalesforceCrm
from worker.errors import CrmRefused, CrmUnavailable
from worker.localorg import LocalOrg

KEY = "External_Call_Id__c"


def tasks(count: int, **fields: object) -> list[dict[str, object]]:
    return [{KEY: f"call-{number}", **fields} for number in range(count)]


def test_two_hundred_records_are_one_api_request(
    org: LocalOrg, crm: SalesforceCrm
) -> None:
    results = crm.upsert("Task", KEY, tasks(200, Subject="Call"))

    assert all(result.salesforce_id and result.created for result in results)
    assert org.stats()["api_requests"] == 1
    assert org.stats()["logins"] == 1


def test_a_repeated_upsert_updates_the_same_record(
    org: LocalOrg, crm: SalesforceCrm
) -> None:
    (first,) = crm.upsert("Task", KEY, tasks(1, Subject="Call"))
    (second,) = crm.upsert("Task", KEY, tasks(1, Subject="Called"))

    assert (first.salesforce_id, True) == (second.salesforce_id, first.created)
    assert second.created is False
    assert [task["Subject"] for task in org.records("Task")] == ["Called"]


def test_more_than_two_hundred_records_are_refused_here(crm: SalesforceCrm) -> None:
    with pytest.raises(ValueError, match="201 records in one request"):
        crm.upsert("Task", KEY, tasks(201))


def test_a_failed_row_has_its_code_and_fields(crm: SalesforceCrm) -> None:
    good, bad = crm.upsert(
        "Task",
        KEY,
        [
            {KEY: "good", "Subject": "Call"},
            {KEY: "bad", "CallType": "Sideways"},
        ],
    )

    assert good.code is None
    assert bad.salesforce_id is None
    assert bad.code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert bad.fields == ("CallType",)


def test_many_values_are_found_by_the_fewest_queries(
    org: LocalOrg, crm: SalesforceCrm
) -> None:
    numbers = [f"ACC-{number:06d}" for number in range(200)]
    org.insert("Debt_Account__c", [{"Account_Number__c": n} for n in numbers])

    found = crm.find("Debt_Account__c", [], {"Account_Number__c": numbers})

    assert (
        sorted(
            record["Account_Number__c"]
            for record in crm.find(
                "Debt_Account__c", ["Account_Number__c"], {"Account_Number__c": numbers}
            )
        )
        == numbers
    )
    assert len(found) == 200
    assert org.stats()["by_path"]["GET query"] == 2


def test_more_values_than_a_url_holds_are_several_queries_in_one_request(
    org: LocalOrg, crm: SalesforceCrm
) -> None:
    numbers = [f"account number {number:06d}" for number in range(1000)]
    org.insert("Debt_Account__c", [{"Account_Number__c": n} for n in numbers])

    found = crm.find("Debt_Account__c", [], {"Account_Number__c": numbers})

    assert len(found) == 1000
    assert org.stats()["by_path"] == {"POST composite": 1}


@pytest.mark.parametrize(
    "value", ["O'Neil", 'say "hi"', "back\\slash", "a\nb", "') OR Name != ('"]
)
def test_a_value_is_never_soql(org: LocalOrg, crm: SalesforceCrm, value: str) -> None:
    org.insert(
        "Debt_Account__c", [{"Account_Number__c": value}, {"Account_Number__c": "x"}]
    )

    found = crm.find(
        "Debt_Account__c", ["Account_Number__c"], {"Account_Number__c": [value]}
    )

    assert [record["Account_Number__c"] for record in found] == [value]


def test_an_expired_session_is_renewed_once(org: LocalOrg, crm: SalesforceCrm) -> None:
    crm.upsert("Task", KEY, tasks(1))
    org.faults.add("session_expired")

    crm.upsert("Task", KEY, tasks(1))

    assert org.stats()["logins"] == 2


def test_a_session_that_no_login_cures_is_not_renewed(
    org: LocalOrg, crm: SalesforceCrm
) -> None:
    org.faults.add("session_not_valid")

    with pytest.raises(CrmUnavailable, match="no login cures"):
        crm.upsert("Task", KEY, tasks(1))

    assert org.stats()["logins"] == 1


def test_a_wrong_client_secret_waits_for_a_person(org: LocalOrg) -> None:
    expected = pytest.raises(CrmUnavailable, match="login invalid_client")

    with client_of(org.url, client_secret="wrong") as crm, expected:
        crm.upsert("Task", KEY, tasks(1))


def test_a_dropped_answer_is_asked_for_again(org: LocalOrg, crm: SalesforceCrm) -> None:
    org.faults.add("drop_after_commit", times=1)

    (result,) = crm.upsert("Task", KEY, tasks(1))

    assert result.code is None
    assert len(org.records("Task")) == 1


@pytest.mark.parametrize("kind", ["unavailable", "drop_before"])
def test_an_org_that_stays_away_is_asked_three_times(
    org: LocalOrg, crm: SalesforceCrm, kind: str
) -> None:
    org.faults.add(kind)

    with pytest.raises(CrmUnavailable, match=r"HTTP 503|ConnectionError"):
        crm.upsert("Task", KEY, tasks(1))

    assert org.stats()["api_requests"] == 3


def test_the_daily_limit_is_left_alone_for_minutes(
    org: LocalOrg, crm: SalesforceCrm
) -> None:
    org.faults.add("total_requests")

    with pytest.raises(CrmUnavailable, match="REQUEST_LIMIT_EXCEEDED") as caught:
        crm.upsert("Task", KEY, tasks(1))

    assert caught.value.retry_after_seconds == 600
    assert org.stats()["api_requests"] == 1


def test_the_concurrent_limit_is_a_matter_of_seconds(
    org: LocalOrg, crm: SalesforceCrm
) -> None:
    org.faults.add("concurrent_requests")

    with pytest.raises(CrmUnavailable, match="REQUEST_LIMIT_EXCEEDED") as caught:
        crm.upsert("Task", KEY, tasks(1))

    assert caught.value.retry_after_seconds is None


def test_an_unknown_object_is_refused_with_a_hint(crm: SalesforceCrm) -> None:
    with pytest.raises(CrmRefused, match=r"no such object|does not exist"):
        crm.upsert("Nothing__c", KEY, tasks(1))


def test_nothing_listens_is_unavailable() -> None:
    expected = pytest.raises(CrmUnavailable, match="login ConnectionError")

    with client_of("http://127.0.0.1:1") as crm, expected:
        crm.upsert("Task", KEY, tasks(1))
