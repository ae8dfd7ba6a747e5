"""The endpoint as a WSGI server calls it, under the standard library's validator."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import CONNECTIONS, START, cora_call, default_mappings
from worker import sources
from worker.errors import BrokerUnavailable
from worker.intake import Intake
from worker.store.engine import open_engine
from worker.store.events import Events
from worker.store.tables import SQLModel
from worker.wsgi import Endpoint

MAX_BODY_BYTES = 4096
REJECTION = SQLModel.metadata.tables["rejection"]


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Calls an app as PEP 3333 says, and has it validated."""

    def __init__(self, app: Endpoint) -> None:
        self.app = validator(app)

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        **environ: Any,
    ) -> Reply:
        env: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
        }
        for name, value in (headers or {}).items():
            key = name.upper().replace("-", "_")
            env[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        env.update(environ)
        env = {name: value for name, value in env.items() if value is not None}
        setup_testing_defaults(env)
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: Any, _exc: Any = None) -> Any:
            started.append((status, headers))
            return lambda _data: None

        result = self.app(env, start_response)
        try:
            body = b"".join(result)
        finally:
            result.close()
        ((status, sent),) = started
        return Reply(int(status.split()[0]), dict(sent), body)

    def deliver(self, body: bytes, connection: str = "cora") -> Reply:
        source = CONNECTIONS[connection]
        headers = sources.load(source.source).sign(body, source, now=START)
        return self.request("POST", f"/webhooks/{connection}", body, headers)


@pytest.fixture
def endpoint(database: Engine) -> Endpoint:
    intake = Intake(
        Events(database), default_mappings(), CONNECTIONS, 8, lambda _: None
    )
    return Endpoint(intake, MAX_BODY_BYTES, dict, lambda: START)


@pytest.fixture
def client(endpoint: Endpoint) -> Client:
    return Client(endpoint)


def call(**payload: Any) -> bytes:
    return json.dumps(cora_call(**payload)).encode()


def rejections(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        rows = connection.execute(REJECTION.select())
        return [(row.connection, row.reason) for row in rows]


def test_a_delivery_is_accepted_and_then_a_duplicate(client: Client) -> None:
    first, second = client.deliver(call()), client.deliver(call())

    assert (first.status, first.json()) == (200, {"status": "accepted", "event": 1})
    assert (second.status, second.json()) == (200, {"status": "duplicate", "event": 1})
    assert first.headers["Content-Type"] == "application/json"


def test_of_headers_that_nobody_signs_only_the_beginning_is_stored(
    client: Client, endpoint: Endpoint
) -> None:
    body = call()
    signed = sources.load("cora").sign(body, CONNECTIONS["cora"], now=START)
    long = {"User-Agent": "u" * 100_000, "X-Other": "o" * 100_000}

    client.request("POST", "/webhooks/cora", body, {**signed, **long})

    stored = endpoint.intake.events.get(1)
    assert stored is not None
    assert stored.headers["user-agent"] == "u" * 1024
    assert "x-other" not in stored.headers


def test_an_unmapped_event_is_stored_and_ignored(client: Client) -> None:
    body = b'{"requestType":"dequeue","callId":"CA1","accountId":"AC1"}'

    reply = client.deliver(body, "freeclimb")

    assert (reply.status, reply.json()) == (200, {"status": "ignored", "event": 1})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Webhook-Signature": ""},
        {"X-Webhook-Signature": "0" * 64},
        {"X-Webhook-Signature": "\xff\xfe not ascii"},
        {"X-Webhook-Signature": "a" * 100_000},
    ],
    ids=["missing", "empty", "wrong", "non-ascii", "absurd"],
)
def test_a_bad_signature_is_401_and_nothing_is_stored(
    client: Client, endpoint: Endpoint, database: Engine, headers: dict[str, str]
) -> None:
    reply = client.request("POST", "/webhooks/cora", call(), headers)

    assert (reply.status, reply.json()) == (401, {"error": "bad_signature"})
    assert endpoint.intake.events.count_by_state() == {}
    assert rejections(database) == [("cora", "bad_signature")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'{"event":"call.completed"}',
        b'{"event":"call.completed","event":"x"}',
        b'{"event":"\xff"}',
        b"[" * 2000,
        b'{"event":"call.completed","n":1e999999}',
        b'{"event":"call.completed","s":"\\u0000"}',
        b'{"event":"call.completed","s":"\\ud800"}',
    ],
)
def test_a_signed_body_that_the_vendor_never_sends_is_400(
    client: Client, database: Engine, body: bytes
) -> None:
    reply = client.deliver(body)

    assert (reply.status, reply.json()) == (400, {"error": "bad_payload"})
    assert rejections(database) == [("cora", "bad_payload")]


def test_the_signature_is_checked_before_the_body_is_parsed(client: Client) -> None:
    reply = client.request("POST", "/webhooks/cora", b"not json", {})

    assert reply.status == 401


def test_an_unknown_connection_is_404_and_counted_as_nobody(
    client: Client, database: Engine
) -> None:
    reply = client.request("POST", "/webhooks/nobody", b"{}")

    assert (reply.status, reply.json()) == (404, {"error": "unknown_connection"})
    assert rejections(database) == [("?", "unknown_connection")]


@pytest.mark.parametrize("path", ["/", "/webhooks", "/admin", "/webhooks/cora/x"])
def test_other_paths_are_404(client: Client, path: str) -> None:
    assert client.request("POST", path, b"{}").status == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/webhooks/cora", "POST"),
        ("PUT", "/webhooks/cora", "POST"),
        ("POST", "/healthz", "GET, HEAD"),
        ("DELETE", "/readyz", "GET, HEAD"),
    ],
)
def test_another_method_is_405_and_says_which_are_allowed(
    client: Client, method: str, path: str, allowed: str
) -> None:
    reply = client.request(method, path)

    assert (reply.status, reply.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("length", ["", "abc", "-1", "1_0", "²"])
def test_a_body_without_a_length_is_411(client: Client, length: str) -> None:
    app = client.app
    client.app = client.app if length == "" else _without_validator(app)

    reply = client.request("POST", "/webhooks/cora", b"{}", CONTENT_LENGTH=length)

    assert reply.status == 411


def _without_validator(app: Any) -> Any:
    """The validator itself refuses such lengths, which a server lets through."""
    endpoint = app.__closure__[0].cell_contents

    class Result(list[bytes]):
        def close(self) -> None: ...

    return lambda environ, start: Result(endpoint(environ, start))


def test_a_body_longer_than_allowed_is_413_and_is_not_read(client: Client) -> None:
    class Unread(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise AssertionError("the body was read")

    reply = client.request(
        "POST",
        "/webhooks/cora",
        CONTENT_LENGTH=str(MAX_BODY_BYTES + 1),
        **{"wsgi.input": Unread()},
    )

    assert (reply.status, reply.json()) == (413, {"error": "too_large"})


def test_a_body_of_just_the_allowed_length_is_read(client: Client) -> None:
    body = call(summary="")
    padded = call(summary="x" * (MAX_BODY_BYTES - len(body)))

    assert len(padded) == MAX_BODY_BYTES
    assert client.deliver(padded).status == 200


def test_a_body_that_is_cut_short_is_400(client: Client) -> None:
    reply = client.request("POST", "/webhooks/cora", b"{}", CONTENT_LENGTH="10")

    assert reply.status == 400


def test_a_database_that_is_away_is_503_with_retry_after(endpoint: Endpoint) -> None:
    gone = replace(
        endpoint.intake, events=Events(open_engine("sqlite:////nowhere/at.db"))
    )
    client = Client(replace(endpoint, intake=gone))

    reply = client.deliver(call())
    refused = client.request("POST", "/webhooks/cora", call())

    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
    assert reply.json() == {"error": "store_unavailable"}
    assert refused.status == 401


def test_a_broken_doorbell_does_not_refuse_a_delivery(endpoint: Endpoint) -> None:
    def broken(_lane: int) -> None:
        raise BrokerUnavailable("ConnectionError")

    client = Client(replace(endpoint, intake=replace(endpoint.intake, ring=broken)))

    assert client.deliver(call()).json() == {"status": "accepted", "event": 1}


def test_healthz_says_up_and_head_has_no_body(client: Client) -> None:
    assert client.request("GET", "/healthz").json() == {"status": "up"}
    assert client.request("HEAD", "/healthz").body == b""


def test_readyz_names_what_is_not_reachable(endpoint: Endpoint) -> None:
    faults = {"broker": "unreachable: OperationalError"}
    client = Client(replace(endpoint, is_ready=lambda: faults))

    reply = client.request("GET", "/readyz")

    assert reply.status == 503
    assert reply.json() == {"status": "not ready", **faults}
    assert Client(endpoint).request("GET", "/readyz").json() == {"status": "ready"}


def test_either_of_two_secrets_signs_while_one_replaces_the_other(
    endpoint: Endpoint,
) -> None:
    old = CONNECTIONS["cora"]
    rotating = replace(old, secrets=("the new secret", *old.secrets))
    intake = replace(endpoint.intake, connections={"cora": rotating})
    client = Client(replace(endpoint, intake=intake))

    assert client.deliver(call()).status == 200


def test_a_replayed_delivery_of_long_ago_is_refused_where_time_is_signed(
    endpoint: Endpoint,
) -> None:
    body = b'{"event":"session.completed","data":{"session_id":"s-1"}}'
    late = datetime(2026, 5, 4, 11, 0, tzinfo=UTC)
    client = Client(replace(endpoint, clock=lambda: late))

    assert client.deliver(body, "vocobase").status == 401


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever is logged, it holds nothing of a payload."""
    yield
    for record in caplog.records:
        text = record.getMessage()
        assert "+15125550101" not in text
        assert "ACC-1" not in text
        assert "They talked" not in text
