"""The server's side of the endpoint: no thread waits for a slow client. Floor 6.

`granian --interface rsgi worker.rsgi:app` serves it. A body is read by the event loop,
for `BODY_SECONDS` at most; only then a thread runs the WSGI app. Served by WSGI itself,
as many clients as there are threads could stop everything by sending nothing.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NoReturn

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]

from worker import bootstrap
from worker.door import announced_bytes
from worker.errors import Refused, TooSlow
from worker.wsgi import create_app

THREADS = 16

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a WSGI app answered."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class TooSlowInput(io.RawIOBase):
    """A body that did not arrive in time. Reading it raises `TooSlow`."""

    def read(self, _size: int = -1) -> NoReturn:
        """Raise."""
        raise TooSlow("the body did not arrive in BODY_SECONDS")


@dataclass(frozen=True, slots=True)
class Gate:
    """An RSGI app that reads bodies for a WSGI app and runs it in threads.

    A body of no length, or of more than allowed, is not read: the app refuses it by
    its headers.
    """

    app: WsgiApp
    max_body_bytes: int
    body_seconds: float
    threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(THREADS, "endpoint")
    )

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer a request; a WebSocket is refused."""
        if scope.proto != "http":
            protocol.close(403)
            return
        environ = environ_of(scope)
        environ["wsgi.input"] = await self._input(environ, protocol)
        loop = asyncio.get_running_loop()
        reply = await loop.run_in_executor(self.threads, _run, self.app, environ)
        protocol.response_bytes(reply.status, reply.headers, reply.body)

    async def _input(self, environ: Environ, protocol: Any) -> io.IOBase:
        try:
            announced_bytes(environ, self.max_body_bytes)
        except Refused:
            return io.BytesIO()
        try:
            async with asyncio.timeout(self.body_seconds):
                return io.BytesIO(await protocol())
        except TimeoutError:
            return TooSlowInput()
        except ProtocolClosed:
            return io.BytesIO()


def environ_of(scope: Any) -> Environ:
    """Return the environment that PEP 3333 asks for, but for the body.

    A header with `_` in its name is left out: it could pass for another one.
    """
    host, _, port = scope.server.rpartition(":")
    environ: Environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    return environ | _headers(scope.headers)


def _headers(headers: Mapping[str, str]) -> Environ:
    found: Environ = {}
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        if "_" in name:
            continue
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        found[key] = f"{found[key]},{value}" if key in found else value
    return found


def _run(app: WsgiApp, environ: Environ) -> Reply:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: Any, _fault: Any = None) -> None:
        started.append((status, headers))

    parts = app(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    ((status, headers),) = started
    return Reply(int(status.split(" ", 1)[0]), headers, body)


def create_gate() -> Gate:
    """Return the app of this process's environment; a fault of it ends the process."""
    endpoint = create_app()
    body_seconds = bootstrap.settings().door.body_seconds
    return Gate(endpoint, endpoint.max_body_bytes, body_seconds)


def __getattr__(name: str) -> Any:
    if name == "app":
        globals()[name] = create_gate()
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
