"""A day's allowance of API requests: answered, settable, and enforced."""

from __future__ import annotations

import pytest

from .client import Client

USAGE = "Sforce-Limit-Info"


def test_every_answer_names_the_usage_and_the_limit(client: Client) -> None:
    client.org.limit(200, used_by_others=10)

    found = client.api("GET", "limits")
    missing = client.api("GET", "nope")

    assert found.headers[USAGE] == "api-usage=11/200"
    assert missing.status_code == 404
    assert missing.headers[USAGE] == "api-usage=12/200"


def test_a_refusal_by_a_fault_names_the_usage_and_a_page_does_not(
    client: Client,
) -> None:
    client.org.faults.add("total_requests", times=1)
    refused = client.api("GET", "limits")
    client.org.faults.add("unavailable", times=1)
    page = client.api("GET", "limits")

    assert refused.headers[USAGE] == "api-usage=1/15000"
    assert USAGE not in page.headers


def test_the_limits_resource_gives_what_remains(client: Client) -> None:
    client.org.limit(200, used_by_others=150)

    answer = client.api("GET", "limits")

    assert answer.json() == {"DailyApiRequests": {"Max": 200, "Remaining": 49}}


def test_over_the_limit_requests_are_refused_until_usage_falls(
    client: Client,
) -> None:
    put = client.send("PUT", "/_local/limits", json={"max": 2})
    statuses = [client.api("GET", "limits").status_code for _ in range(3)]
    refused = client.api("GET", "limits")
    client.send("PUT", "/_local/limits", json={"max": 9})

    assert put.status_code == 200
    assert statuses == [200, 200, 403]
    assert refused.json() == [
        {
            "message": "TotalRequests Limit exceeded.",
            "errorCode": "REQUEST_LIMIT_EXCEEDED",
        }
    ]
    assert refused.headers[USAGE] == "api-usage=4/2"
    assert client.api("GET", "limits").status_code == 200


@pytest.mark.parametrize(
    "limits", [{"max": -1}, {"max": "9"}, {"max": True}, {"max": 1, "a": 9}, {}, []]
)
def test_limits_that_are_none_are_refused(client: Client, limits: object) -> None:
    answer = client.send("PUT", "/_local/limits", json=limits)

    assert answer.status_code == 400
    assert client.api("GET", "limits").headers[USAGE] == "api-usage=1/15000"
