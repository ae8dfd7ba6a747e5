"""Bodies in chunks: read to their end, and refused where they are none or too large."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from worker.localorg import LocalOrg
from worker.localorg.chunked import read_chunks
from worker.localorg.messages import ConnectionDropped, Refused

from .client import Client


def read(text: bytes, max_bytes: int = 100) -> tuple[bytes, bytes]:
    stream = io.BytesIO(text)
    return read_chunks(stream, max_bytes), stream.read()


@pytest.mark.parametrize(
    ("text", "body"),
    [
        (b"0\r\n\r\n", b""),
        (b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"0A;name=value\r\n0123456789\r\n1 \r\n!\r\n0\r\n\r\n", b"0123456789!"),
        (b"2\r\n\r\n\r\n0\r\nX-Trailer: 1\r\n\r\n", b"\r\n"),
    ],
)
def test_chunks_are_read_up_to_the_next_request(text: bytes, body: bytes) -> None:
    assert read(text + b"GET /") == (body, b"GET /")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"\r\n", 400),
        (b"x\r\n", 400),
        (b"-1\r\n", 400),
        (b"3\nabc\r\n0\r\n\r\n", 400),
        (b"2\r\nabc\r\n0\r\n\r\n", 400),
        (b"1;" + b"x" * 2_000 + b"\r\n", 400),
        (b"0\r\n" + b"X: 1\r\n" * 40 + b"\r\n", 400),
        (b"fffffffff\r\n", 400),
        (b"ffffffff\r\n", 413),
        (b"60\r\n" + b"x" * 96 + b"\r\n5\r\nabcde\r\n0\r\n\r\n", 413),
    ],
)
def test_what_is_not_chunks_or_too_large_is_refused(text: bytes, status: int) -> None:
    with pytest.raises(Refused) as refused:
        read(text)

    assert refused.value.status == status


@pytest.mark.parametrize(
    "text", [b"", b"3", b"3\r\nab", b"3\r\nabc", b"0\r\n", b"0\r\nX: 1"]
)
def test_an_end_too_soon_is_a_dropped_connection(text: bytes) -> None:
    with pytest.raises(ConnectionDropped):
        read(text)


def in_parts(body: bytes) -> Iterator[bytes]:
    """An iterator has no length, so that requests sends it in chunks."""
    yield body[:10]
    yield body[10:]


def test_a_body_in_chunks_is_written_and_the_connection_stays(client: Client) -> None:
    for number in range(2):
        body = json.dumps({"LastName": f"Doe {number}"}).encode()
        answer = client.api("POST", "sobjects/Contact", data=in_parts(body))
        assert answer.status_code == 201, answer.text

    assert client.names("SELECT LastName FROM Contact", "LastName") == [
        "Doe 0",
        "Doe 1",
    ]


def test_a_body_that_is_not_chunks_is_400_and_ends_the_connection(
    org: LocalOrg,
) -> None:
    place = urlsplit(org.url)
    head = f"POST /services/oauth2/token HTTP/1.1\r\nHost: {place.netloc}\r\n"
    with socket.create_connection((place.hostname, place.port)) as connection:
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\nxyz\r\n".encode())
        answer = connection.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Connection: close" in answer
    assert org.stats()["logins"] == 0
