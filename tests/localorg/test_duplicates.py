"""Duplicate rules that alert or block, and the header that passes the former."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localorg.client import Client

HEADER = "Sforce-Duplicate-Rule-Header"
ALLOW = "allowSave=true; includeRecordDetails=false; runAsCurrentUser=true"
CODE = "DUPLICATES_DETECTED"
MEMBERS = pytest.mark.parametrize("member", ["duplicateResut", "duplicateResult"])
DOE = {"LastName": "Doe"}


def refused(client: Client, **headers: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the errors of a contact made alone and of one in a collection."""
    single = client.api("POST", "sobjects/Contact", json=DOE, headers=headers)
    row = {"attributes": {"type": "Contact"}, **DOE}
    body = {"allOrNone": False, "records": [row]}
    several = client.api("POST", "composite/sobjects", json=body, headers=headers)
    assert (single.status_code, several.status_code) == (400, 200)
    (error,), (result,) = single.json(), several.json()
    assert result["success"] is False
    return error, result["errors"][0]


@MEMBERS
@pytest.mark.parametrize("action", ["alert", "block"])
def test_without_the_header_no_duplicate_is_saved(
    client: Client, action: str, member: str
) -> None:
    ids = client.org.insert("Contact", [DOE])
    client.org.faults.add("duplicates", ids=ids, member=member, action=action)

    for error in refused(client):
        assert CODE in (error.get("errorCode"), error.get("statusCode"))
        assert error[member]["allowSave"] is (action == "alert")
        (found,) = error[member]["matchResults"]
        assert [match["record"]["Id"] for match in found["matchRecords"]] == ids
    assert len(client.org.records("Contact")) == 1


def test_with_the_header_a_rule_that_alerts_saves(client: Client) -> None:
    client.org.faults.add("duplicates", object="Contact", action="alert")

    answer = client.api("POST", "sobjects/Contact", json=DOE, headers={HEADER: ALLOW})

    assert answer.status_code == 201
    assert len(client.org.records("Contact")) == 1


@MEMBERS
def test_with_the_header_a_rule_that_blocks_saves_nothing(
    client: Client, member: str
) -> None:
    client.org.faults.add("duplicates", member=member, action="block")

    for error in refused(client, **{HEADER: ALLOW}):
        assert error[member]["allowSave"] is False
    assert client.org.records("Contact") == []


def test_a_header_that_allows_nothing_is_as_none(client: Client) -> None:
    client.org.faults.add("duplicates", object="Contact")

    refused(client, **{HEADER: "allowSave=false; runAsCurrentUser=true"})

    assert client.org.records("Contact") == []


def test_a_rule_does_one_of_two_things(client: Client) -> None:
    with pytest.raises(ValueError, match="'action' is one of alert, block"):
        client.org.faults.add("duplicates", action="warn")
