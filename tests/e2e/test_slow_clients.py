"""Clients that send slowly, and headers that no client sends: over real sockets."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from .deliveries import cora_call, new_id
from .stacks import Pieces, running_pieces

SLOW = 50
HEAD = b"POST /webhooks/cora HTTP/1.1\r\nHost: web\r\n"
# What each kind of slow client sends before it falls silent.
BEGINNINGS = {
    "nothing": b"",
    "half a header": HEAD + b"X-Webhook-Sig",
    "half a body": HEAD + b"Content-Length: 1000\r\n\r\n{",
    "no body": HEAD + b"Content-Length: 1000\r\n\r\n",
    "a keep-alive": b"GET /healthz HTTP/1.1\r\nHost: web\r\n\r\n",
}
# A second for headers and one for bodies; the rest is for a slow machine.
CUT_OFF_WITHIN_SECONDS = 20.0


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pieces]:
    folder = tmp_path_factory.mktemp("slow")
    impatient = {"HEADER_MILLISECONDS": "1000", "BODY_SECONDS": "1"}
    with running_pieces(folder, **impatient) as found:
        found.start_web()
        yield found


def connect(pieces: Pieces) -> socket.socket:
    port = int(pieces.web_url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), CUT_OFF_WITHIN_SECONDS)


def answer_of(client: socket.socket) -> bytes:
    """All that the server says until it closes the connection."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := client.recv(65_536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=BEGINNINGS)
def test_slow_clients_are_cut_off_and_stop_nobody(
    pieces: Pieces, beginning: bytes
) -> None:
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connect(pieces)) for _ in range(SLOW)]
        for client in slow:
            client.sendall(beginning)

        good = pieces.vendor.post("cora", cora_call(new_id("call"), "ACC-1"))
        answers = [answer_of(client) for client in slow]

    assert good.status_code == 200
    # Whoever sends a whole head learns why.
    if b"Content-Length" in beginning:
        assert {answer.split(b"\r\n")[0] for answer in answers} == {
            b"HTTP/1.1 408 Request Timeout"
        } | {answer.split(b"\r\n")[0] for answer in answers if b" 429 " in answer}


def test_a_body_that_trickles_in_is_cut_off_too(pieces: Pieces) -> None:
    with connect(pieces) as client:
        client.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        client.settimeout(0.1)
        sent, answer = 0, b""
        while not answer and sent < 200:
            client.sendall(b" ")
            sent += 1
            with contextlib.suppress(TimeoutError):
                answer = client.recv(65_536)

    assert answer.split(b" ")[1] in (b"408", b"429")
    assert sent < 200


HOSTILE = {
    "signature not ASCII": (b"X-Webhook-Signature: caf\xc3\xa9 \xff\xfe", b"401"),
    "signature of 300 kB": (b"X-Webhook-Signature: " + b"a" * 300_000, b"401"),
    "two signatures": (b"X-Webhook-Signature: a\r\nX-Webhook-Signature: b", b"401"),
    "other name, not ASCII": (b"X-\xff: a", b"400"),
    "NUL": (b"X-Webhook-Signature: a\x00b", b"400"),
    "folded": (b"X-Webhook-Signature: a\r\n b", b"400"),
    "a thousand headers": (b"\r\n".join(b"X-%d: a" % n for n in range(1000)), b"431"),
    "two lengths": (b"Content-Length: 3", b"400"),
    "chunks beside a length": (b"Transfer-Encoding: chunked", b"411"),
    "a forwarded address": (b"X-Forwarded-For: \xff, 1.2.3.4, nobody", b"401"),
}


@pytest.mark.parametrize(("header", "status"), HOSTILE.values(), ids=HOSTILE)
def test_headers_that_nobody_sends_are_refused_and_never_a_500(
    pieces: Pieces, header: bytes, status: bytes
) -> None:
    before = pieces.ledger.counts()

    with connect(pieces) as client:
        body = b"\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
        with contextlib.suppress(ConnectionError):
            client.sendall(HEAD + header + body)
        answer = answer_of(client)

    assert answer.split(b" ")[1] in (status, b"429")
    assert pieces.ledger.counts() == before


def test_a_header_with_an_underscore_passes_for_no_other(pieces: Pieces) -> None:
    body = cora_call(new_id("call"), "ACC-1")

    spoiled = pieces.vendor.post("cora", body, X_Webhook_Signature="a")

    assert spoiled.status_code == 200


def test_a_websocket_is_refused(pieces: Pieces) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    key = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + b"A" * 22 + b"==\r\n"

    with connect(pieces) as client:
        client.sendall(HEAD.replace(b"POST", b"GET") + upgrade + key + b"\r\n")

        assert client.recv(65_536)[:12] == b"HTTP/1.1 403"


def test_http_2_is_not_spoken(pieces: Pieces) -> None:
    with connect(pieces) as client:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

        assert answer_of(client)[:12] in (b"", b"HTTP/1.1 400")


def test_after_all_of_it_nothing_was_logged_as_a_fault(pieces: Pieces) -> None:
    (web,) = pieces._processes

    assert "Traceback" not in web.output
    assert "ERROR" not in web.output
