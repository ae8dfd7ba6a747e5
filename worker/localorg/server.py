"""HTTP on loopback: reads a request within bounds, writes its answer in one piece."""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from worker.localorg.backend import Backend
from worker.localorg.chunked import read_chunks
from worker.localorg.messages import (
    Answer,
    ConnectionDropped,
    Problem,
    Refused,
    Request,
    refusal_answer,
)
from worker.localorg.routes import answer_request

HOST = "127.0.0.1"
_MAX_BODY_BYTES = 16 * 1024 * 1024
# Of the CSV of a bulk job.
_MAX_CSV_BYTES = 150_000_000
# Salesforce refuses more than this for the URI and all headers together.
_MAX_HEAD_BYTES = 16_384
_IDLE_SECONDS = 300
_STOP_SECONDS = 5.0
_logger = logging.getLogger(__name__)


class LoopbackServer(ThreadingHTTPServer):
    """Serves one backend on 127.0.0.1; `port` 0 picks a free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, backend: Backend, port: int) -> None:
        self.backend = backend
        self._open_sockets: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__((HOST, port), _Handler)

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return f"http://{HOST}:{self.server_port}"

    def server_bind(self) -> None:
        """Bind without looking the host's name up, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def shutdown(self) -> None:
        """Accept no more connections."""
        # Wakes the loop, which would sleep until its next poll otherwise.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        super().shutdown()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own, and remember it."""
        with self._changed:
            self._open_sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection and forget it."""
        super().shutdown_request(request)
        with self._changed:
            self._open_sockets.discard(request)
            self._changed.notify_all()

    def handle_error(self, *_connection: Any) -> None:
        """Pass over a client that went away; log anything else."""
        if not isinstance(sys.exception(), ConnectionError):
            _logger.exception("local org: a connection failed")

    def close_connections(self) -> None:
        """End idle connections at once and the others after their answer."""
        deadline = time.monotonic() + _STOP_SECONDS
        with self._changed:
            for connection in self._open_sockets:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)
            while self._open_sockets and time.monotonic() < deadline:
                self._changed.wait(timeout=deadline - time.monotonic())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "LocalOrg"
    sys_version = ""
    # One write an answer, sent at once: else Nagle's algorithm and delayed
    # acknowledgements hold every answer back for 40 ms.
    disable_nagle_algorithm = True
    wbufsize = 1 << 18
    timeout = _IDLE_SECONDS
    server: LoopbackServer
    raw_requestline: bytes

    def _serve(self) -> None:
        answer: Answer
        try:
            answer = self._guarded_answer()
        except (ConnectionDropped, ConnectionError, TimeoutError):
            self.close_connection = True
            return
        except Exception:
            _logger.exception("local org: a request failed")
            problem = Problem("UNKNOWN_EXCEPTION", "An unexpected error occurred.")
            answer = refusal_answer(Refused(problem, status=500))
        self._write(answer)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815

    def _guarded_answer(self) -> Answer:
        refusal = self._head_refusal()
        if refusal is not None:
            self.close_connection = True
            return refusal_answer(refusal)
        try:
            body = self._body()
        except Refused as refused:
            self.close_connection = True
            return refusal_answer(refused)
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers=self.headers,
            body=body,
        )
        target = f"{self.command} {self.path}"
        return answer_request(self.server.backend, request, target)

    def _body(self) -> bytes:
        if "Transfer-Encoding" in self.headers:
            return read_chunks(self.rfile, self._most_bytes())
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionDropped
        return body

    def _head_refusal(self) -> Refused | None:
        """Why the request is refused before its body is read; None if it is not."""
        port = self.server.server_port
        hosts = (f"{HOST}:{port}", f"localhost:{port}")
        origin = self.headers.get("Origin")
        # Keeps web pages of other sites, by whatever name, from reaching the org.
        if self.headers.get("Host") not in hosts or (
            origin is not None and origin not in [f"http://{host}" for host in hosts]
        ):
            text = "This local org answers to its loopback address only."
            return Refused(Problem("FORBIDDEN", text), status=403)
        head_bytes = len(self.raw_requestline) + sum(
            len(name) + len(value) + 4 for name, value in self.headers.items()
        )
        if head_bytes > _MAX_HEAD_BYTES:
            is_uri = len(self.raw_requestline) > _MAX_HEAD_BYTES // 2
            status, code = (
                (414, "URI_TOO_LONG") if is_uri else (431, "HEADERS_TOO_LONG")
            )
            text = f"The URI and the headers exceed {_MAX_HEAD_BYTES} bytes."
            return Refused(Problem(code, text), status=status)
        return self._length_refusal()

    def _length_refusal(self) -> Refused | None:
        length = self.headers.get("Content-Length") or "0"
        encodings = self.headers.get_all("Transfer-Encoding", [])
        is_chunked = [encoding.lower() for encoding in encodings] == ["chunked"]
        if is_chunked and "Content-Length" not in self.headers:
            return None
        if encodings or not length.isdecimal():
            text = "Either a Content-Length or a body in chunks is needed."
            return Refused(Problem("LENGTH_REQUIRED", text), status=411)
        most_bytes = self._most_bytes()
        if len(length) > 12 or int(length) > most_bytes:
            text = f"The body exceeds {most_bytes} bytes."
            return Refused(Problem("REQUEST_TOO_LARGE", text), status=413)
        return None

    def _most_bytes(self) -> int:
        is_csv = self.command == "PUT" and self.path.endswith("/batches")
        return _MAX_CSV_BYTES if is_csv else _MAX_BODY_BYTES

    def _write(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: normal operation is quiet."""
