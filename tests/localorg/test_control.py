from __future__ import annotations

from .client import Client


def test_seeding_over_http_counts_no_api_request(client: Client) -> None:
    answer = client.send("POST", "/_local/records/Contact", json=[{"LastName": "Doe"}])

    assert answer.status_code == 200
    assert answer.json()[0]["success"] is True
    assert client.org.stats()["api_requests"] == 0
    assert client.org.records("Contact")[0]["LastName"] == "Doe"


def test_seeds_are_all_written_or_none(client: Client) -> None:
    rows = [{"LastName": "Doe"}, {"LastName": None}]

    answer = client.send("POST", "/_local/records/Contact", json=rows)

    assert answer.status_code == 400
    assert client.org.records("Contact") == []


def test_seeds_pass_by_the_faults(client: Client) -> None:
    client.org.faults.add("row_lock")
    client.org.faults.add("unavailable", path="_local")

    client.org.insert("Contact", [{"LastName": "Doe"}])
    answer = client.send("POST", "/_local/records/Contact", json=[{"LastName": "Roe"}])

    assert answer.status_code == 200


def test_stats_count_requests_by_path(client: Client) -> None:
    client.query("SELECT Id FROM Task")
    client.api("POST", "sobjects/contact/", json={"LastName": "Doe"})
    client.api("GET", "sobjects/Task/Vendor_Call_Id__c/none")
    client.api("GET", "sobjects/Task/describe")
    client.api("POST", "composite/sobjects", json={"records": []})
    client.api("GET", "nope")

    assert client.send("GET", "/_local/stats").json() == {
        "api_requests": 6,
        "logins": 1,
        "by_path": {
            "GET (no such resource)": 1,
            "GET query": 1,
            "GET sobjects/Task": 1,
            "GET sobjects/Task/describe": 1,
            "POST composite/sobjects": 1,
            "POST sobjects/Contact": 1,
        },
    }


def test_a_request_that_a_fault_refuses_or_drops_is_counted(client: Client) -> None:
    client.org.faults.add("unavailable")
    client.api("GET", "limits")

    assert client.org.stats()["by_path"] == {"GET limits": 1}


def test_stats_start_again_from_zero(client: Client) -> None:
    client.api("GET", "limits")

    answer = client.send("POST", "/_local/reset-stats")

    empty = {"api_requests": 0, "logins": 0, "by_path": {}}
    assert answer.json() == empty
    assert client.org.stats() == empty


def test_a_control_request_that_is_wrong_is_refused(client: Client) -> None:
    assert client.send("GET", "/_local/nope").status_code == 404
    assert client.send("PUT", "/_local/faults", json={}).status_code == 400
    assert client.send("PUT", "/_local/faults", data=b"{").status_code == 400
    assert client.send("POST", "/_local/records/Nope", json=[]).status_code == 404
    assert client.send("POST", "/_local/records/Task", json=[1]).status_code == 400
