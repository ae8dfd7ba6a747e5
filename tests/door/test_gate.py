"""The server's side: what becomes of a request before a thread has it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from wsgiref.validate import validator

import pytest
from granian.rsgi import ProtocolClosed
from sqlalchemy import Engine

from tests.delivery.harness import CONNECTIONS, START, default_mappings
from tests.http.test_wsgi import call, rejections
from worker import sources
from worker.intake import Intake
from worker.rsgi import Gate, environ_of
from worker.store.events import Events
from worker.wsgi import Endpoint


class Headers:
    """Headers as granian gives them: a name may come twice."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self._pairs = pairs

    def items(self) -> list[tuple[str, str]]:
        return list(self._pairs)


@dataclass
class Scope:
    proto: str = "http"
    method: str = "POST"
    path: str = "/webhooks/cora"
    query_string: str = ""
    server: str = "127.0.0.1:8000"
    client: str = "203.0.113.7:4711"
    http_version: str = "1.1"
    scheme: str = "http"
    headers: Any = field(default_factory=Headers)


@dataclass
class Protocol:
    """A connection. `body` is what arrives: None for nothing, ever."""

    body: bytes | Exception | None = b""
    reads: int = 0
    sent: list[tuple[int, list[tuple[str, str]], bytes]] = field(default_factory=list)

    async def __call__(self) -> bytes:
        self.reads += 1
        if self.body is None:
            await asyncio.Event().wait()
        if isinstance(self.body, Exception):
            raise self.body
        return self.body or b""

    def response_bytes(
        self, status: int, headers: list[tuple[str, str]], body: bytes
    ) -> None:
        self.sent.append((status, headers, body))


@pytest.fixture
def endpoint(database: Engine) -> Endpoint:
    intake = Intake(
        Events(database), default_mappings(), CONNECTIONS, 8, lambda _: None
    )
    return Endpoint(intake, 4096, dict, lambda: START)


@pytest.fixture
def gate(endpoint: Endpoint) -> Gate:
    return Gate(validator(endpoint), 4096, 0.05)


def ask(gate: Gate, protocol: Protocol, headers: Any, **scope: Any) -> int:
    asyncio.run(gate.__rsgi__(Scope(headers=headers, **scope), protocol))
    ((status, _, _),) = protocol.sent
    return status


def headers_for(body: bytes, **changes: str) -> Headers:
    signed: Mapping[str, str] = sources.load("cora").sign(
        body, CONNECTIONS["cora"], now=START
    )
    pairs = {**signed, "Content-Length": str(len(body)), **changes}
    return Headers(*((name.lower(), value) for name, value in pairs.items()))


def test_a_delivery_goes_through(gate: Gate) -> None:
    protocol = Protocol(call())

    assert ask(gate, protocol, headers_for(call())) == 200
    assert protocol.sent[0][2] == b'{"status": "accepted", "event": 1}\n'


def test_a_body_that_does_not_come_is_408_and_counted(
    gate: Gate, database: Engine
) -> None:
    protocol = Protocol(None)

    assert ask(gate, protocol, headers_for(call())) == 408
    assert b"too_slow" in protocol.sent[0][2]
    assert rejections(database) == [("cora", "too_slow")]


def test_a_client_that_leaves_is_counted_as_one_that_cut_short(
    gate: Gate, database: Engine
) -> None:
    assert ask(gate, Protocol(ProtocolClosed()), headers_for(call())) == 400
    assert rejections(database) == [("cora", "body_cut_short")]


@pytest.mark.parametrize(
    ("length", "status"),
    [("4097", 413), ("9" * 30, 413), ("-1", 411), ("", 411), ("\u00b2", 411)],
)
def test_a_body_of_no_good_length_is_never_read(
    endpoint: Endpoint, length: str, status: int
) -> None:
    protocol = Protocol(None)
    gate = Gate(endpoint, 4096, 0.05)

    assert (
        ask(gate, protocol, headers_for(call(), **{"Content-Length": length})) == status
    )
    assert protocol.reads == 0


def test_slow_clients_hold_no_thread(endpoint: Endpoint) -> None:
    running: list[int] = []

    def app(environ: Any, start: Any) -> Any:
        running.append(threading.active_count())
        return endpoint(environ, start)

    gate = Gate(app, 4096, 30, ThreadPoolExecutor(1))
    body = call()

    async def all_at_once() -> int:
        slow = [
            asyncio.create_task(
                gate.__rsgi__(Scope(headers=headers_for(body)), Protocol(None))
            )
            for _ in range(1000)
        ]
        await asyncio.sleep(0)
        good = Protocol(body)
        await gate.__rsgi__(Scope(headers=headers_for(body)), good)
        for task in slow:
            task.cancel()
        return good.sent[0][0]

    assert asyncio.run(all_at_once()) == 200
    assert len(running) == 1


def test_a_websocket_is_refused_before_a_thread_has_it(gate: Gate) -> None:
    closed: list[int] = []

    class Protocol:
        def close(self, status: int) -> None:
            closed.append(status)

    asyncio.run(gate.__rsgi__(Scope(proto="ws", method="GET"), Protocol()))

    assert closed == [403]


def test_the_environment_is_that_of_the_request() -> None:
    headers = Headers(
        ("host", "web"),
        ("content-type", "application/json"),
        ("content-length", "2"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-for", "198.51.100.1"),
        ("x_forwarded_for", "203.0.113.9"),
    )

    environ = environ_of(
        Scope(headers=headers, client="[2001:db8::1]:4711", path="/webhooks/\u00e9")
    )

    assert environ["REMOTE_ADDR"] == "2001:db8::1"
    assert environ["PATH_INFO"] == "/webhooks/\u00c3\u00a9"
    assert environ["HTTP_X_FORWARDED_FOR"] == "192.0.2.1,198.51.100.1"
    assert environ["CONTENT_LENGTH"] == "2"
    assert environ["CONTENT_TYPE"] == "application/json"
    assert "HTTP_CONTENT_LENGTH" not in environ
