"""`/metrics` is for who holds the token, whatever the header looks like."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import CONNECTIONS, START, default_mappings
from tests.http.test_wsgi import Client, call, rejections
from tests.metrics.test_figures import metrics_of
from worker.credentials import LONGEST_HEADER
from worker.door import Door
from worker.intake import Intake
from worker.store.engine import open_engine
from worker.store.events import Events
from worker.wsgi import Endpoint

TOKEN = "a-token-of-the-tests:with=signs"
FIGURES = b"crm_sync_database_up 1.0\n"


@pytest.fixture
def endpoint(database: Engine) -> Endpoint:
    intake = Intake(
        Events(database), default_mappings(), CONNECTIONS, 8, lambda _: None
    )
    return Endpoint(intake, 4096, dict, lambda: START, lambda: FIGURES, TOKEN)


@pytest.fixture
def client(endpoint: Endpoint) -> Client:
    return Client(endpoint)


def basic(text: str | bytes) -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    return "Basic " + base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    "header",
    [
        f"Bearer {TOKEN}",
        f"bearer   {TOKEN} ",
        basic(f"prometheus:{TOKEN}"),
        basic(f":{TOKEN}"),
        basic(f"Núñez:{TOKEN}").replace("Basic", "BASIC"),
    ],
)
def test_who_has_the_token_reads_the_figures(client: Client, header: str) -> None:
    reply = client.request("GET", "/metrics", headers={"Authorization": header})

    assert (reply.status, reply.body) == (200, FIGURES)
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert reply.headers["Cache-Control"] == "no-store"


def test_head_has_the_headers_alone(client: Client) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}

    reply = client.request("HEAD", "/metrics", headers=bearer)

    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["Content-Length"] == str(len(FIGURES))


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}, Bearer {TOKEN}",
        f"Bearer {TOKEN.upper()}",
        f"Token {TOKEN}",
        TOKEN,
        f"Bearer{TOKEN}",
        "Basic",
        "Basic !!!",
        "Basic YQ",
        f"Basic {TOKEN}",
        basic(""),
        basic(":"),
        basic(TOKEN.replace(":", "")),
        basic(f"{TOKEN}:"),
        basic(b"\xff\xfe:\xff"),
        basic("user:" + "x" * 100),
        "Bearer \xff\xfe",
        "\xa0Bearer \xa0",
        "Bearer \u20ac\u0100",
        "Bearer \udcff",
        "Basic \udcff",
        "Basic \u20ac",
        "Bearer \x00",
        "Bearer " + "a" * 1_000_000,
        "Basic " + "YQ" * 500_000,
        f"Bearer {TOKEN}" + " " * LONGEST_HEADER,
    ],
)
def test_who_has_not_is_401_whatever_was_sent(client: Client, header: str) -> None:
    reply = client.request("GET", "/metrics", headers={"Authorization": header})

    assert (reply.status, reply.json()) == (401, {"error": "unauthorized"})
    assert reply.headers["WWW-Authenticate"] == 'Basic realm="crm-sync metrics"'


def test_without_a_header_both_ways_to_log_in_are_named(endpoint: Endpoint) -> None:
    sent: list[tuple[str, str]] = []

    def start(_status: str, headers: list[tuple[str, str]]) -> None:
        sent.extend(headers)

    endpoint({"REQUEST_METHOD": "GET", "PATH_INFO": "/metrics"}, start)

    challenges = [value for name, value in sent if name == "WWW-Authenticate"]
    assert challenges == ["Bearer", 'Basic realm="crm-sync metrics"']


def test_the_figures_are_not_made_for_who_has_no_token(endpoint: Endpoint) -> None:
    def made() -> bytes:
        raise AssertionError("figures were made")

    client = Client(replace(endpoint, metrics=made))

    assert client.request("GET", "/metrics").status == 401


def test_who_guesses_tokens_is_told_to_wait_and_fills_no_log(
    endpoint: Endpoint, database: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(replace(endpoint, door=Door(refusals_per_minute=3)))
    wrong = {"Authorization": "Bearer wrong"}

    found = [client.request("GET", "/metrics", headers=wrong) for _ in range(50)]

    assert [reply.status for reply in found] == [401] * 3 + [429] * 47
    assert found[-1].headers["Retry-After"] == "20"
    assert caplog.text.count("refused unauthorized") == 3
    assert rejections(database) == [("?", "unauthorized")]
    good = {"Authorization": f"Bearer {TOKEN}"}
    assert client.request("GET", "/metrics", headers=good).status == 200


@pytest.mark.parametrize("header", ["Bearer ", "Basic Og==", f"Bearer {TOKEN}", ""])
def test_where_no_token_is_set_nobody_reads_and_the_answer_says_why(
    endpoint: Endpoint, header: str
) -> None:
    client = Client(replace(endpoint, metrics_token=""))

    reply = client.request("GET", "/metrics", headers={"Authorization": header})

    assert reply.status == 403
    assert reply.json() == {
        "error": "no_metrics_token",
        "fix": "set METRICS_TOKEN, and send it as a bearer token",
    }


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_another_method_is_405(client: Client, method: str) -> None:
    reply = client.request(method, "/metrics")

    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")


def test_the_token_is_in_no_repr_and_in_no_log(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = {"Authorization": "Bearer almost-the-token"}

    Client(endpoint).request("GET", "/metrics", headers=wrong)

    assert TOKEN not in repr(endpoint)
    assert "refused unauthorized from" in caplog.text
    assert "almost" not in caplog.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("POST", "/webhooks/nobody"),
        ("GET", "/webhooks/cora"),
        ("GET", "/nowhere"),
    ],
)
def test_every_answer_forbids_what_a_browser_might_do_with_it(
    client: Client, method: str, path: str
) -> None:
    headers = client.request(method, path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    policy = "default-src 'none'; frame-ancestors 'none'"
    assert headers["Content-Security-Policy"] == policy
    assert headers["Referrer-Policy"] == "no-referrer"


def test_a_delivery_is_answered_with_them_too(client: Client) -> None:
    reply = client.deliver(call())

    assert reply.status == 200
    assert reply.headers["Referrer-Policy"] == "no-referrer"


def test_a_database_that_is_away_is_a_figure_and_no_failure(
    endpoint: Endpoint,
) -> None:
    away = metrics_of(open_engine("sqlite:////nowhere/at.db"))
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    client = Client(replace(endpoint, metrics=away.text))

    reply = client.request("GET", "/metrics", headers=bearer)

    assert reply.status == 200
    assert b"crm_sync_database_up 0.0\n" in reply.body
