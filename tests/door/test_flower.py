"""Flower as it is served: nothing of it without its login, and headers on all."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from celery import Celery
from flower.options import default_options
from flower.urls import handlers, settings
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.testing import bind_unused_port

from worker.flower_door import ClosedFlower

LOGIN = "reader:of-the-tests"
Fetch = Callable[..., Awaitable[HTTPResponse]]


@pytest.fixture(autouse=True)
def _login() -> Iterator[None]:
    default_options.basic_auth = [LOGIN, "another:one"]
    yield
    default_options.basic_auth = []


def basic(login: bytes) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(login).decode()}"}


def asked(*requests: tuple[str, str, dict[str, str]]) -> list[HTTPResponse]:
    """Serve Flower, and return its answers to method, path and headers."""

    async def serve() -> list[HTTPResponse]:
        app = ClosedFlower(
            capp=Celery(broker="memory://"),
            options=default_options,
            io_loop=IOLoop.current(),
            **settings,
        )
        server = HTTPServer(app)
        listening, port = bind_unused_port()
        server.add_socket(listening)
        client = AsyncHTTPClient()
        try:
            return [
                await client.fetch(
                    f"http://127.0.0.1:{port}{path}",
                    method=method,
                    headers=headers,
                    body=b"" if method == "POST" else None,
                    raise_error=False,
                )
                for method, path, headers in requests
            ]
        finally:
            server.stop()
            await server.close_all_connections()
            client.close()
            app.executor.shutdown()

    return asyncio.run(serve())


def paths() -> list[str]:
    """Every address that Flower has."""
    patterns: list[Any] = [
        handler.regex.pattern if hasattr(handler, "regex") else handler[0]
        for handler in handlers
    ]
    return [
        p.rstrip("$").replace("/?", "").split("(")[0] + "x" * ("(" in p)
        for p in patterns[:-1]
    ]


def test_no_address_of_flower_is_open_without_its_login() -> None:
    addresses = [*paths(), "/nowhere"]
    assert {"/", "/metrics", "/healthcheck", "/api/workers"} <= set(addresses)

    answers = asked(
        *[(method, path, {}) for path in addresses for method in ("GET", "POST")]
    )

    assert {answer.code for answer in answers} == {401}
    assert {answer.body for answer in answers} == {b"Access denied"}


@pytest.mark.parametrize(
    "headers",
    [
        basic(b"reader:wrong"),
        basic(b"reader"),
        basic(b""),
        basic(b":"),
        basic("r\u00e9ader:\u20ac".encode()),
        basic(b"\xff\xfe:\xff"),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": f"Bearer {LOGIN}"},
        {"Authorization": "Basic " + "YQ" * 10_000},
    ],
)
def test_another_login_is_401_whatever_it_is(headers: dict[str, str]) -> None:
    (answer,) = asked(("GET", "/metrics", headers))

    assert answer.code == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="flower"'


def test_who_logs_in_sees_pages_that_no_other_page_may_use() -> None:
    page, script, metrics, other = asked(
        ("GET", "/", basic(LOGIN.encode())),
        ("GET", "/static/js/flower.js", basic(LOGIN.encode())),
        ("GET", "/metrics", basic(b"another:one")),
        ("GET", "/nowhere", basic(LOGIN.encode())),
    )

    assert [page.code, script.code, metrics.code, other.code] == [200, 200, 200, 404]
    for answer in (page, script, metrics, other):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_where_no_login_is_set_as_by_up_it_is_open() -> None:
    default_options.basic_auth = []

    (page,) = asked(("GET", "/", {}))

    assert page.code == 200
