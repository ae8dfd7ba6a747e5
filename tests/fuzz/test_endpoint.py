"""Whatever is posted: never a 5xx, and nothing is stored that nobody signed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from tests.databases import DATABASES
from tests.delivery.harness import CONNECTIONS, START, default_mappings
from tests.http.test_wsgi import REJECTION
from worker import sources
from worker.addresses import caller, household, is_within, network
from worker.credentials import holds_token
from worker.door import Door
from worker.errors import Refused
from worker.intake import Intake
from worker.rates import Rates
from worker.store.events import EVENT, Events
from worker.wsgi import Endpoint

from .inputs import bodies, header_texts, names
from .running import fuzz

TOKEN = "a-token-of-the-tests"
REFUSALS = {400, 401, 403, 404, 405, 411, 413}
REASONS = {kind.reason for kind in Refused.__subclasses__()}
paths = st.sampled_from(["/metrics", "/healthz", "/readyz", "/", "/webhooks/", "/x"])
SIGNERS = ("itself", "itself", "itself", "stranger", "stranger", "another", "nobody")
# How far from now a delivery was signed, and whose signatures cover that.
OFF_SECONDS = (0, 0, 0, 0, 0, 0, 300, -300, 301, -301, 10**7, -(10**7))
TIMED = {"freeclimb", "vocobase"}
METHODS = ("GET", "PUT", "HEAD", "post", "")
HEADERS = (
    *("HTTP_X_WEBHOOK_SIGNATURE", "HTTP_X_ALTUR_SIGNATURE", "HTTP_AUTHORIZATION"),
    *("HTTP_FREECLIMB_SIGNATURE", "HTTP_X_WEBHOOK_TIMESTAMP", "HTTP_CONTENT_ENCODING"),
    *("HTTP_X_WEBHOOK_IDEMPOTENCY_KEY", "HTTP_X_WEBHOOK_EVENT", "CONTENT_TYPE"),
    *("HTTP_X_FORWARDED_FOR", "HTTP_USER_AGENT", "REMOTE_ADDR", "CONTENT_LENGTH"),
)


def one_in(count: int) -> st.SearchStrategy[bool]:
    """True about so often; of small numbers hypothesis prefers 0."""
    return st.sampled_from([False] * (count - 1) + [True])


@st.composite
def requests(draw: st.DrawFn) -> tuple[dict[str, Any], bytes, bool]:
    """An environ, its body, and whether a secret of the connection signed it."""
    name = draw(names)
    body = draw(bodies(name))
    signer = draw(st.sampled_from(SIGNERS))
    by = draw(names.filter(lambda n: n != name)) if signer == "another" else name
    connection = CONNECTIONS[by]
    if signer == "stranger":
        connection = replace(connection, secrets=("YSBzdHJhbmdlcidzIHNlY3JldA==",))
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/webhooks/{name}",
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "203.0.113.7",
    }
    off_seconds = draw(st.sampled_from(OFF_SECONDS))
    if signer != "nobody":
        moment = START + timedelta(seconds=off_seconds)
        signed = sources.load(by).sign(body, connection, now=moment)
        for key, value in signed.items():
            environ["HTTP_" + key.upper().replace("-", "_")] = value
    is_signed = signer == "itself" and not (name in TIMED and abs(off_seconds) > 300)
    if draw(one_in(4)):
        odd = draw(st.dictionaries(st.sampled_from(HEADERS), header_texts, max_size=4))
        environ |= odd
    if draw(one_in(12)):
        environ["PATH_INFO"] = draw(paths | st.text(max_size=20).map("/{}".format))
        environ["REQUEST_METHOD"] = draw(st.sampled_from(METHODS))
    if is_signed and draw(one_in(6)):
        header = next(name for name in environ if name.endswith("_SIGNATURE"))
        environ[header] = environ[header][: -draw(st.integers(1, 64))]
        is_signed = False
    if is_signed and draw(one_in(6)):
        body = body[:-1] + bytes([body[-1] ^ 1]) if body else b"x"
        environ["CONTENT_LENGTH"] = str(len(body))
        is_signed = False
    return environ, body, is_signed


class Target:
    """The endpoint with a database of its own, and what is in it."""

    def __init__(self, opened: Engine) -> None:
        self.events = Events(opened)
        never = Rates(10**9)
        self.endpoint = Endpoint(
            Intake(
                *(self.events, default_mappings(), CONNECTIONS, 8, lambda _: None),
                rates=never,
            ),
            65_536,
            dict,
            lambda: START,
            lambda: b"figures",
            TOKEN,
            Door([network("203.0.113.0/24")], refusals_per_minute=10**9),
        )
        self.engine: Engine = opened

    def stored(self) -> tuple[int, int]:
        """How many events there are, and how often the same came again."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(EVENT.c.duplicates)).all()
        return len(rows), sum(row[0] for row in rows)

    def refusals(self) -> list[Any]:
        """Every refusal that is counted: whose, why and from where."""
        columns = (REJECTION.c.connection, REJECTION.c.reason, REJECTION.c.remote)
        with self.engine.connect() as connection:
            return list(connection.execute(select(*columns)))

    def newest(self) -> bytes:
        query = select(EVENT.c.body).order_by(EVENT.c.id.desc()).limit(1)
        with self.engine.connect() as connection:
            return bytes(connection.execute(query).scalar_one())

    def forget(self) -> None:
        """Empty the tables: to count what is in them has to stay cheap."""
        with self.engine.begin() as connection:
            for table in (EVENT, REJECTION):
                connection.execute(table.delete())


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with TemporaryDirectory() as folder, DATABASES.migrated(Path(folder)) as opened:
        yield Target(opened)


def ask(endpoint: Endpoint, environ: dict[str, Any], body: bytes) -> int:
    """Return the status of an answer, whose headers are those of every answer."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    environ = {**environ, "wsgi.input": io.BytesIO(body)}
    content = b"".join(endpoint(environ, lambda *given: started.append(given)))
    ((status, headers),) = started
    sent = dict(headers)
    assert sent["X-Content-Type-Options"] == "nosniff"
    for name, value in headers:
        assert f"{name}{value}".isascii()
    assert environ["REQUEST_METHOD"] == "HEAD" or len(content) == int(
        sent["Content-Length"]
    )
    return int(status.split(" ")[0])


@fuzz("endpoint", 0.2, requests())
def test_no_request_is_an_error_of_ours_or_stored_unsigned(
    target: Target, request_: tuple[dict[str, Any], bytes, bool]
) -> None:
    environ, body, is_signed = request_
    rows, duplicates = before = target.stored()

    status = ask(target.endpoint, environ, body)

    after = target.stored()
    is_webhook = environ["PATH_INFO"].startswith("/webhooks/")
    assert status == 200 or status in REFUSALS
    if status == 200 and is_webhook:
        assert is_signed
        assert after in {(rows + 1, duplicates), (rows, duplicates + 1)}
        assert after[0] == rows or target.newest() == body
    else:
        assert after == before
        for name, reason, remote in target.refusals():
            assert name in {*CONNECTIONS, "?"}
            assert reason in REASONS
            assert remote == "" or household(remote.removesuffix("/64"))
    if rows > 50:
        target.forget()


@fuzz("addresses and tokens", 0.01, header_texts, header_texts)
def test_no_header_is_a_fault_or_a_way_in(one: str, other: str) -> None:
    proxies = [network("127.0.0.1"), network("::/0")]

    found = caller(one, other, proxies)

    assert found == "" or household(found)
    assert not is_within("", proxies)
    assert not holds_token(one, TOKEN)
