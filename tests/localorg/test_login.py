from __future__ import annotations

from pathlib import Path

import pytest
import requests

from worker.localorg import LocalOrg

from .client import API, Client

TOKEN_PATH = "/services/oauth2/token"
GRANT = {"grant_type": "client_credentials"}


def test_a_login_with_basic_credentials_gives_a_token(client: Client) -> None:
    answer = requests.post(client.org.url + TOKEN_PATH, GRANT, auth=("local", "local"))

    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {
        "access_token",
        "instance_url",
        "token_type",
        "id",
        "issued_at",
        "signature",
        "scope",
    }
    assert (client.org.url, "Bearer") == (body["instance_url"], body["token_type"])


def test_a_login_with_form_credentials_gives_a_token(client: Client) -> None:
    form = GRANT | {"client_id": "local", "client_secret": "local"}

    answer = requests.post(client.org.url + TOKEN_PATH, form)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_id": "other", "client_secret": "local"}, 400, "invalid_client_id"),
        ({"client_id": "local", "client_secret": "no"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({}, 400, "invalid_client_id"),
    ],
)
def test_a_wrong_login_is_refused_in_the_shape_of_oauth(
    client: Client, form: dict[str, str], status: int, error: str
) -> None:
    answer = requests.post(client.org.url + TOKEN_PATH, GRANT | form)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert "error_description" in answer.json()


def test_logins_are_counted_apart_from_api_requests(client: Client) -> None:
    client.log_in()
    client.api("GET", "limits")

    stats = client.org.stats()
    assert (stats["logins"], stats["api_requests"]) == (2, 1)


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer"])
def test_a_request_without_a_good_token_is_401(
    client: Client, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}

    answer = requests.get(client.org.url + API + "limits", headers=headers)

    assert answer.status_code == 401
    error = {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
    assert [error] == answer.json()


def test_another_scheme_in_the_authorization_header_is_named(client: Client) -> None:
    answer = client.api("GET", "limits", headers={"Authorization": "Digest x"})

    assert answer.status_code == 401
    assert answer.json()[0]["errorCode"] == "INVALID_AUTH_HEADER"


def test_a_token_and_the_records_survive_a_restart(
    schema_dir: Path, tmp_path: Path
) -> None:
    database = tmp_path / "state" / "org.sqlite"
    with LocalOrg(schema_dir, database) as org:
        client = Client(org)
        org.insert("Contact", [{"LastName": "Before"}])
    with LocalOrg(schema_dir, database) as org:
        client.org = org
        org.insert("Contact", [{"LastName": "After"}])

        names = client.names("SELECT LastName FROM Contact", "LastName")

        assert names == ["Before", "After"]
        ids = [record["Id"] for record in org.records("Contact")]
        assert len(set(ids)) == 2
    client.session.close()


def test_a_field_added_to_the_schema_appears_in_an_old_database(
    schema_dir: Path, tmp_path: Path
) -> None:
    database = tmp_path / "org.sqlite"
    with LocalOrg(schema_dir, database) as org:
        org.insert("Contact", [{"LastName": "Old"}])
    path = schema_dir / "Contact.json"
    new_field = '"fields": [{"name": "New__c", "type": "boolean"}, '
    path.write_text(path.read_text().replace('"fields": [', new_field))
    with LocalOrg(schema_dir, database) as org:
        (record,) = org.records("Contact")

    assert record["New__c"] is False
