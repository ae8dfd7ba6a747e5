from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from worker.localorg import LocalOrg

from .client import Client


def test_a_request_under_another_host_name_is_refused(client: Client) -> None:
    answer = client.send("GET", "/", headers={"Host": "evil.example"})

    assert answer.status_code == 403


def test_a_request_from_a_web_page_of_another_site_is_refused(client: Client) -> None:
    foreign = client.send(
        "POST",
        "/_local/records/Contact",
        data=b'[{"LastName": "Doe"}]',
        headers={"Origin": "http://evil.example"},
    )

    assert foreign.status_code == 403
    assert client.org.records("Contact") == []
    own = client.send("GET", "/", headers={"Origin": client.org.url})
    assert own.status_code == 200


def test_the_org_listens_on_loopback_only(org: LocalOrg) -> None:
    assert org.url.startswith("http://127.0.0.1:")
    assert org._server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": "99999999"}, 413),
        ({"Content-Length": "-1"}, 411),
        ({"Content-Length": "x"}, 411),
        ({"Transfer-Encoding": "gzip, chunked"}, 411),
        ({"Transfer-Encoding": "chunked", "Content-Length": "2"}, 411),
        ({"X-Big": "x" * 17_000}, 431),
    ],
)
def test_a_request_out_of_bounds_is_refused_before_its_body_is_read(
    org: LocalOrg, headers: dict[str, str], status: int
) -> None:
    connection = http.client.HTTPConnection(org.url.removeprefix("http://"))
    connection.putrequest("POST", "/services/data/v67.0/sobjects/Task")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()

    assert (status, "close") == (answer.status, answer.headers["Connection"])
    answer.read()
    connection.close()


def test_a_query_that_makes_the_uri_too_long_is_414(client: Client) -> None:
    soql = f"SELECT Id FROM Contact WHERE LastName = '{'x' * 17_000}'"

    answer = client.api("GET", "query", params={"q": soql})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (414, "URI_TOO_LONG")


def test_an_answer_after_a_204_arrives_whole_on_the_same_connection(
    client: Client,
) -> None:
    (record_id,) = client.org.insert("Contact", [{"LastName": "Doe"}])
    for _ in range(3):
        client.api("PATCH", f"sobjects/Contact/{record_id}", json={"FirstName": "Jo"})

        assert client.query("SELECT Id FROM Contact")["totalSize"] == 1


def test_threads_that_upsert_the_same_keys_make_each_record_once(
    client: Client,
) -> None:
    rows = [{"Vendor_Call_Id__c": f"c-{number}"} for number in range(50)]
    created: list[bool] = []

    def upsert() -> None:
        created.extend(result["created"] for result in client.upsert_tasks(*rows))

    threads = [threading.Thread(target=upsert) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (created.count(True), created.count(False)) == (50, 150)
    assert len(client.org.records("Task")) == 50


def test_a_fault_of_the_org_itself_is_500_and_is_logged(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(client.org._backend, "tokens", None)

    answer = client.api("GET", "limits")

    assert answer.status_code == 500
    assert answer.json()[0]["errorCode"] == "UNKNOWN_EXCEPTION"
    assert "local org: a request failed" in caplog.text


def test_a_stopped_org_frees_its_port_and_stopping_twice_is_nothing(
    schema_dir: Path,
) -> None:
    org = LocalOrg(schema_dir)
    org.start()
    client = Client(org)
    port = int(org.url.rpartition(":")[2])
    org.stop()
    org.stop()

    with pytest.raises(requests.ConnectionError, match=r"refused|closed|reset"):
        client.api("GET", "limits")
    with LocalOrg(schema_dir, port=port) as again:
        assert org.url == again.url
    client.session.close()


def test_a_port_that_is_taken_is_an_error(schema_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            LocalOrg(schema_dir, port=port)


def test_an_org_that_was_never_started_can_be_stopped(schema_dir: Path) -> None:
    LocalOrg(schema_dir).stop()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("Bad.json", "{", "Bad.json: not a describe"),
        ("Bad.json", '{"label": "No name"}', "Bad.json: not a describe"),
        ("Bad.json", '{"name": "Robert\\"; --"}', "is not a name of an object"),
        ("Bad.json", '{"name": "Other", "keyPrefix": "003"}', "same keyPrefix"),
    ],
)
def test_a_schema_that_is_wrong_is_named(
    schema_dir: Path, name: str, text: str, message: str
) -> None:
    (schema_dir / name).write_text(text)

    with pytest.raises(ValueError, match=message):
        LocalOrg(schema_dir)


def test_a_folder_without_a_schema_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no <Object>\.json files"):
        LocalOrg(tmp_path)


def run_in_foreground(schema_dir: Path, database: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-m", "worker.localorg", "--port", "0"]
    return subprocess.Popen(
        [*command, "--schema", str(schema_dir), "--database", str(database)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_ready_and_stops_cleanly_on_a_signal(
    schema_dir: Path, tmp_path: Path, number: signal.Signals
) -> None:
    with run_in_foreground(schema_dir, tmp_path / "org.sqlite") as process:
        ready = json.loads(process.stdout.readline())
        page = requests.get(ready["url"] + "/")
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)

    assert (ready["ready"], page.status_code) == (True, 200)
    assert (process.returncode, output, errors) == (0, "", "")


def test_what_was_answered_survives_a_kill(schema_dir: Path, tmp_path: Path) -> None:
    database = tmp_path / "org.sqlite"
    with run_in_foreground(schema_dir, database) as process:
        url = json.loads(process.stdout.readline())["url"]
        answer = requests.post(
            url + "/_local/records/Contact", json=[{"LastName": "Doe"}]
        )
        process.kill()
        process.communicate(timeout=10)

    with LocalOrg(schema_dir, database) as org:
        ids = [record["Id"] for record in org.records("Contact")]
    assert ids == [answer.json()[0]["id"]]
