from __future__ import annotations

import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from worker.localorg import LocalOrg
from worker.localorg.jwt_bearer import JwtApp, refusal

from .client import API, Client

TOKEN_PATH = "/services/oauth2/token"
GRANT = {"grant_type": "client_credentials"}
JWT = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}
APP_USER = "integration@example.com"
NOW = 1_795_000_000


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


@cache
def keys(name: str) -> tuple[rsa.RSAPrivateKey, str]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    return private, pem.decode()


def app() -> JwtApp:
    return JwtApp(keys("app")[1], APP_USER)


def signed(
    key: str = "app", algorithm: str = "RS256", **changes: object
) -> dict[str, str]:
    claims = {
        "iss": "local",
        "sub": APP_USER,
        "aud": "https://login.salesforce.com",
        "exp": NOW + 180,
    }
    return {"assertion": jwt.encode(claims | changes, keys(key)[0], algorithm)}


def refused(**changes: Any) -> str:
    return refusal(app(), "local", signed(**changes)["assertion"], NOW)


def test_an_assertion_of_a_registered_app_gives_a_token(client: Client) -> None:
    client.org.register(app())
    form = JWT | signed(exp=int(time.time()) + 180)

    answer = requests.post(client.org.url + TOKEN_PATH, form)

    body = answer.json()
    assert answer.status_code == 200
    assert {*body} == {"access_token", "instance_url", "token_type", "id", "scope"}
    client.session.headers["Authorization"] = f"Bearer {body['access_token']}"
    assert client.api("GET", "limits").status_code == 200
    assert client.org.stats()["logins"] == 2


def test_a_refused_assertion_is_an_invalid_grant_and_counts(client: Client) -> None:
    client.org.register(app())

    answer = requests.post(client.org.url + TOKEN_PATH, JWT | signed(exp=NOW - 1))

    error = {"error": "invalid_grant", "error_description": "invalid assertion"}
    assert (answer.status_code, answer.json()) == (400, error)
    assert client.org.stats()["logins"] == 2


def test_an_assertion_is_a_login_for_three_minutes() -> None:
    assertion = signed()["assertion"]

    assert refused() == ""
    assert refusal(app(), "local", assertion, NOW + 179) == ""
    assert refusal(app(), "local", assertion, NOW + 180) == "invalid assertion"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"key": "stranger"}, "invalid assertion"),
        ({"algorithm": "RS512"}, "invalid assertion"),
        ({"iss": "other"}, "invalid assertion"),
        ({"exp": NOW + 301}, "invalid assertion"),
        ({"exp": None}, "invalid assertion"),
        ({"aud": "https://test.salesforce.com"}, "audience is invalid"),
        ({"sub": "other@example.com"}, "user hasn't approved this consumer"),
    ],
)
def test_a_wrong_assertion_is_refused(changes: dict[str, Any], reason: str) -> None:
    assert refused(**changes) == reason


@pytest.mark.parametrize("text", ["", "a.b.c", "a.b", "....", "é.é.é", "e30.e30.AAAA"])
def test_what_is_no_assertion_is_refused(text: str) -> None:
    assert refusal(app(), "local", text, NOW) == "invalid assertion"


def test_claims_that_were_changed_after_signing_are_refused() -> None:
    header, _, signature = signed()["assertion"].split(".")
    claims = signed(sub="other@example.com")["assertion"].split(".")[1]
    changed = f"{header}.{claims}.{signature}"

    assert refusal(app(), "local", changed, NOW) == "invalid assertion"


def test_an_org_without_an_app_refuses_every_assertion() -> None:
    assertion = signed()["assertion"]

    assert refusal(None, "local", assertion, NOW) == "invalid assertion"


def test_the_app_says_who_may_log_in() -> None:
    assertion = signed()["assertion"]
    unapproved = replace(app(), is_approved=False)
    inactive = replace(app(), is_active=False)

    assert "approved" in refusal(unapproved, "local", assertion, NOW)
    assert refusal(inactive, "local", assertion, NOW) == "inactive user"
