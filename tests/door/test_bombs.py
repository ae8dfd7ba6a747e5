"""Bodies that are made to cost more than they weigh: 400, in bounded memory."""

from __future__ import annotations

import gzip
import json
import sys
import tracemalloc
import zlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from tests.databases import DATABASES
from tests.delivery.harness import CONNECTIONS, START, default_mappings
from tests.http.test_wsgi import Client, rejections
from tests.sources.fixture_files import signed
from worker import sources
from worker.errors import BadPayload, BadSignature
from worker.intake import Intake
from worker.sources import _reader
from worker.store.events import Events
from worker.store.tables import SQLModel
from worker.wsgi import Endpoint

MAX_BODY_BYTES = 1_048_576
# What a megabyte of JSON may come to, once it is parsed, with its text beside it.
MOST_MEMORY_BYTES = 150 * MAX_BODY_BYTES
HEAD = b'{"event":"call.completed","payload":{"callId":"c"},"x":'


def wrapped(value: bytes) -> bytes:
    return HEAD + value + b"}"


def many_keys(count: int) -> bytes:
    return b"{" + b",".join(b'"%x":0' % n for n in range(count)) + b"}"


BOMBS = {
    "lists 100,000 deep": wrapped(b"[" * 100_000 + b"]" * 100_000),
    "objects 100,000 deep": wrapped(b'{"a":' * 100_000 + b"0" + b"}" * 100_000),
    "a number of 10^6 digits": wrapped(b"9" * 1_000_000),
    "a fraction of 10^6 digits": wrapped(b"0." + b"9" * 1_000_000),
    "an exponent of 10^6 digits": wrapped(b"1e" + b"9" * 1_000_000),
    "a negative number of 5,000 digits": wrapped(b"-" + b"9" * 5_000),
    "an infinite number": wrapped(b"1e400"),
    "NaN": wrapped(b"NaN"),
    "the same key 100,000 times": wrapped(b"{" + b'"a":0,' * 99_999 + b'"a":0}'),
    "half a surrogate pair": wrapped(b'"\\ud800"'),
    "the other half first": wrapped(b'"\\udc00\\ud800"'),
    "half a pair in a key": wrapped(b'{"\\udfff":0}'),
    "NUL in a text": wrapped(b'"a\\u0000b"'),
    "NUL between": wrapped(b"0\x00"),
    "invalid UTF-8": wrapped(b'"\xff"'),
    "overlong UTF-8": wrapped(b'"\xc0\x80"'),
    "surrogates in UTF-8": wrapped(b'"\xed\xa0\x80"'),
    "UTF-16": wrapped(b"0").decode().encode("utf-16"),
    "UTF-16 without its mark": wrapped(b"0").decode().encode("utf-16-le"),
    "UTF-32": wrapped(b"0").decode().encode("utf-32"),
    "a byte order mark": b"\xef\xbb\xbf" + wrapped(b"0"),
    "a text that never ends": wrapped(b"0") + b'"' * 100_001,
    "backslashes": wrapped(b'"' + b"\\" * 999_999),
    "gzip of a gigabyte": gzip.compress(b" " * 2**24, 9) * 60,
    "deflated": zlib.compress(wrapped(b"0")),
    "two values": wrapped(b"0") + wrapped(b"0"),
    "nothing but spaces": b" " * 1_000_000,
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with DATABASES.migrated(tmp_path_factory.mktemp("bombs")) as opened:
        yield opened


@pytest.fixture
def database(engine: Engine) -> Engine:
    """One database for all, emptied: to migrate one for each would take long."""
    with engine.begin() as connection:
        for name in ("event", "rejection"):
            connection.execute(SQLModel.metadata.tables[name].delete())
    return engine


@pytest.fixture
def client(database: Engine) -> Client:
    intake = Intake(
        Events(database), default_mappings(), CONNECTIONS, 8, lambda _: None
    )
    return Client(Endpoint(intake, MAX_BODY_BYTES, dict, lambda: START))


@pytest.fixture
def _measured() -> Iterator[None]:
    tracemalloc.start()
    yield
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < MOST_MEMORY_BYTES


@pytest.mark.usefixtures("_measured")
@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_a_bomb_that_is_signed_well_is_400_and_leaves_nothing(
    client: Client, database: Engine, body: bytes
) -> None:
    assert len(body) <= MAX_BODY_BYTES

    reply = client.deliver(body)

    assert (reply.status, reply.json()) == (400, {"error": "bad_payload"})
    assert rejections(database) == [("cora", "bad_payload")]
    assert Events(database).count_by_state() == {}


@pytest.mark.parametrize("name", sources.names())
@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_every_source_refuses_a_bomb(name: str, body: bytes) -> None:
    with pytest.raises(BadPayload):
        sources.load(name).read(signed(name, body))


@pytest.mark.usefixtures("_measured")
def test_as_many_keys_as_a_body_holds_are_read_in_bounded_memory(
    client: Client,
) -> None:
    body = wrapped(many_keys(100_000))

    assert 900_000 < len(body) < MAX_BODY_BYTES
    assert client.deliver(body).json()["status"] == "accepted"


def test_a_million_keys_are_longer_than_a_body_may_be(client: Client) -> None:
    body = wrapped(many_keys(1_000_000))

    assert client.request("POST", "/webhooks/cora", body).status == 413


def test_a_body_is_never_unpacked_whatever_its_encoding_says(client: Client) -> None:
    body = gzip.compress(json.dumps({"event": "call.completed"}).encode())
    source = CONNECTIONS["cora"]
    headers = sources.load("cora").sign(body, source, now=START)

    for encoding in ("gzip", "deflate", "br", "identity", "x" * 4000):
        encoded = {**headers, "Content-Encoding": encoding}
        assert client.request("POST", "/webhooks/cora", body, encoded).status == 400


def test_an_unsigned_bomb_is_not_even_parsed(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parsed(*_: object) -> None:
        raise AssertionError("an unverified body was parsed")

    monkeypatch.setattr(_reader, "_check_depth", parsed)

    for body in BOMBS.values():
        assert client.request("POST", "/webhooks/cora", body, {}).status == 401


def test_the_depth_is_found_without_recursion_and_by_one_look_at_the_text() -> None:
    looks = []
    real = _reader._TOKEN

    class Counted:
        def finditer(self, text: str) -> Iterator[object]:
            for token in real.finditer(text):
                looks.append(token.start())
                yield token

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_reader, "_TOKEN", Counted())
        with pytest.raises(BadPayload, match="nested deeper"):
            _reader.parse_json(b"[" * 1_000_000)

    assert len(looks) == 65


UNSIGNED = {
    "texts": b'"" ' * 70_000,
    "more texts": b'""' * 500_000,
    "escapes": b'"\\n" ' * 70_000,
    "letters": '"\u00e9" '.encode() * 70_000,
    "letters outside": "\u00e9 ".encode() * 300_000,
    "spaces": b"0 " * 500_000,
    "one text": b'"' + b"\\n" * 500_000 + b'"',
}


@pytest.mark.parametrize("name", sources.names())
@pytest.mark.parametrize("body", UNSIGNED.values(), ids=UNSIGNED)
def test_to_find_a_body_unsigned_costs_a_few_calls_whatever_it_holds(
    name: str, body: bytes
) -> None:
    calls: list[str] = []
    delivery = replace(signed(name, b"{}"), body=body)
    source = sources.load(name)

    sys.setprofile(lambda _frame, kind, _argument: calls.append(kind))
    try:
        with pytest.raises(BadSignature):
            source.verify(delivery, CONNECTIONS[name], now=START)
    finally:
        sys.setprofile(None)

    assert len(calls) < 500
