"""Floods, strangers' addresses and runaway vendors at the endpoint."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import CONNECTIONS, START, Clock, default_mappings
from tests.http.test_wsgi import REJECTION, Client, Reply, call
from worker.addresses import network
from worker.door import Door
from worker.errors import BadSignature
from worker.intake import Intake
from worker.rates import MOST_KEYS, Rates
from worker.store.events import Events
from worker.wsgi import Endpoint

VENDOR, STRANGER = "203.0.113.7", "198.51.100.9"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def endpoint(database: Engine, clock: Clock) -> Endpoint:
    intake = Intake(
        Events(database),
        default_mappings(),
        CONNECTIONS,
        8,
        lambda _: None,
        rates=Rates(5),
    )
    return Endpoint(intake, 4096, dict, clock, door=Door(refusals_per_minute=3))


def counted(engine: Engine) -> list[tuple[str, str, str, int]]:
    with engine.connect() as connection:
        rows = connection.execute(REJECTION.select().order_by(REJECTION.c.id))
        return [(r.connection, r.reason, r.remote, r.times) for r in rows]


def unsigned(client: Client, remote: str = STRANGER, **environ: Any) -> Reply:
    return client.request(
        "POST", "/webhooks/cora", call(), REMOTE_ADDR=remote, **environ
    )


def signed(client: Client, number: int | None = 1, **environ: Any) -> Reply:
    """Deliver a call; without a number it is one that cannot be read."""
    body = b"{}" if number is None else call(summary=f"Call {number}")
    secret = CONNECTIONS["cora"].secrets[0].encode()
    signature = hmac.digest(secret, body, hashlib.sha256).hex()
    headers = {"X-Webhook-Signature": signature}
    return client.request("POST", "/webhooks/cora", body, headers, **environ)


def test_too_many_refusals_are_told_to_wait_and_cost_no_row_each(
    endpoint: Endpoint, database: Engine, clock: Clock
) -> None:
    client = Client(endpoint)

    statuses = [unsigned(client).status for _ in range(100)]
    told = unsigned(client)

    assert statuses == [401] * 3 + [429] * 97
    assert told.json() == {"error": "too_many_refusals"}
    assert told.headers["Retry-After"] == "20"
    assert counted(database) == [("cora", "bad_signature", STRANGER, 3)]

    clock.move(seconds=20)
    assert unsigned(client).status == 401
    assert counted(database) == [("cora", "bad_signature", STRANGER, 102)]


def test_a_flood_leaves_a_line_in_the_log_for_each_that_is_counted_alone(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(50):
        unsigned(Client(endpoint))

    assert caplog.text.count("refused bad_signature") == 3


def test_a_vendor_that_shares_the_floods_address_is_taken_all_the_same(
    endpoint: Endpoint,
) -> None:
    client = Client(endpoint)
    for _ in range(50):
        unsigned(client, VENDOR)

    assert signed(client, REMOTE_ADDR=VENDOR).status == 200


def test_a_flood_without_a_signature_uses_nothing_of_the_vendors_rate(
    endpoint: Endpoint,
) -> None:
    client = Client(endpoint)
    for _ in range(50):
        unsigned(client)

    assert [signed(client, n).status for n in range(5)] == [200] * 5


def test_another_address_is_not_told_to_wait(endpoint: Endpoint) -> None:
    client = Client(endpoint)
    for _ in range(50):
        unsigned(client)

    assert unsigned(client, VENDOR).status == 401


def test_addresses_of_one_ipv6_household_wait_together_and_are_one_row(
    endpoint: Endpoint, database: Engine
) -> None:
    client = Client(endpoint)

    found = [unsigned(client, f"2001:db8:1:2::{n:x}").status for n in range(1, 6)]

    assert found == [401, 401, 401, 429, 429]
    assert counted(database) == [("cora", "bad_signature", "2001:db8:1:2::/64", 3)]


def test_names_that_nobody_has_are_held_as_one(endpoint: Endpoint) -> None:
    client = Client(endpoint)
    for number in range(50):
        path = f"/webhooks/{'x' * 1000}{number}"
        client.request("POST", path, b"{}", REMOTE_ADDR=STRANGER)

    assert dict(endpoint.door._held) == {("?", "unknown_connection", STRANGER): 47}


def test_what_is_held_of_floods_stays_bounded_and_says_what_it_leaves_out(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    door = Door(refusals_per_minute=1)
    refused = BadSignature("no")
    for number in range(MOST_KEYS + 10):
        name = f"name-{number}"
        door.weigh(name, refused, STRANGER, START)

    assert len(door._held) == MOST_KEYS
    assert "1 refusals of one caller were left uncounted" in caplog.text


def test_a_connection_beyond_its_rate_is_told_when_to_come_again(
    endpoint: Endpoint, database: Engine, clock: Clock
) -> None:
    client = Client(endpoint)
    assert [signed(client, n).status for n in range(5)] == [200] * 5

    beyond = signed(client, 6, REMOTE_ADDR=VENDOR)

    assert (beyond.status, beyond.json()) == (429, {"error": "too_many"})
    assert beyond.headers["Retry-After"] == "12"
    assert counted(database) == [("cora", "too_many", VENDOR, 1)]
    clock.move(seconds=12)
    assert signed(client, 6).status == 200
    assert endpoint.intake.events.count_by_state() == {"pending": 6}


@pytest.mark.parametrize("old", ["a duplicate", "a bad payload"])
def test_old_deliveries_sent_again_use_nothing_of_the_vendors_rate(
    endpoint: Endpoint, clock: Clock, old: str
) -> None:
    client = Client(endpoint)
    again = 1 if old == "a duplicate" else None
    signed(client, again, REMOTE_ADDR=VENDOR)
    clock.move(minutes=1)

    statuses = [signed(client, again, REMOTE_ADDR=STRANGER).status for _ in range(50)]

    assert (statuses[0], statuses[-1]) == (200 if again else 400, 429)
    taken = [signed(client, n, REMOTE_ADDR=VENDOR).status for n in range(2, 8)]
    assert taken == [200] * 5 + [429]


def test_a_connection_has_one_rate_from_wherever_it_calls(endpoint: Endpoint) -> None:
    client = Client(endpoint)

    found = [
        signed(client, n, REMOTE_ADDR=f"203.0.113.{n}").status for n in range(1, 8)
    ]

    assert found == [200] * 5 + [429] * 2


def test_one_connections_rate_is_not_anothers(endpoint: Endpoint) -> None:
    client = Client(endpoint)
    for number in range(9):
        signed(client, number)
    body = b'{"requestType":"dequeue","callId":"CA1","accountId":"AC1"}'

    assert client.deliver(body, "freeclimb").status == 200


def test_a_burst_by_the_default_rate_is_taken_whole(endpoint: Endpoint) -> None:
    usual = Rates(6000)

    assert all(usual.take("cora", START) == 0 for _ in range(6000))
    assert usual.take("cora", START) == pytest.approx(0.01)
    assert usual.take("cora", START + timedelta(seconds=1)) == 0


def only_from(endpoint: Endpoint, *networks: str, proxies: str = "") -> Client:
    allowed = tuple(map(network, networks))
    cora = replace(CONNECTIONS["cora"], allow_from=allowed)
    intake = replace(endpoint.intake, connections={**CONNECTIONS, "cora": cora})
    door = Door([network(proxies)] if proxies else [], refusals_per_minute=3)
    return Client(replace(endpoint, intake=intake, door=door))


def test_where_addresses_are_listed_nobody_else_may_call(
    endpoint: Endpoint, database: Engine
) -> None:
    client = only_from(endpoint, "203.0.113.0/24", "2001:db8::/32")

    assert signed(client, REMOTE_ADDR=VENDOR).status == 200
    refused = signed(client, 2, REMOTE_ADDR=STRANGER)

    assert (refused.status, refused.json()) == (403, {"error": "address_not_allowed"})
    assert counted(database) == [("cora", "address_not_allowed", STRANGER, 1)]
    assert endpoint.intake.events.count_by_state() == {"pending": 1}


def test_a_list_of_one_connection_is_nothing_to_another(endpoint: Endpoint) -> None:
    client = only_from(endpoint, "203.0.113.0/24")
    body = b'{"requestType":"dequeue","callId":"CA1","accountId":"AC1"}'

    assert client.deliver(body, "freeclimb").status == 200


def test_a_body_from_a_wrong_address_is_not_read(endpoint: Endpoint) -> None:
    reply = unsigned(only_from(endpoint, VENDOR), CONTENT_LENGTH="4000")

    assert reply.status == 403


def test_whoever_says_that_they_are_the_vendor_is_not_believed(
    endpoint: Endpoint,
) -> None:
    said = {"HTTP_X_FORWARDED_FOR": VENDOR}

    direct = only_from(endpoint, VENDOR)
    proxied = only_from(endpoint, VENDOR, proxies="127.0.0.1")

    assert signed(direct, REMOTE_ADDR=STRANGER, **said).status == 403
    assert signed(direct, REMOTE_ADDR="127.0.0.1", **said).status == 403
    assert signed(proxied, REMOTE_ADDR=STRANGER, **said).status == 403
    forged = {"HTTP_X_FORWARDED_FOR": f"{VENDOR}, {STRANGER}"}
    assert signed(proxied, REMOTE_ADDR="127.0.0.1", **forged).status == 403


def test_behind_a_trusted_proxy_the_vendor_is_known_and_counted_by_its_own_address(
    endpoint: Endpoint, database: Engine
) -> None:
    client = only_from(endpoint, VENDOR, proxies="127.0.0.1")
    by_proxy = {"REMOTE_ADDR": "127.0.0.1"}

    taken = signed(client, **by_proxy, HTTP_X_FORWARDED_FOR=VENDOR)
    refused = signed(client, 2, **by_proxy, HTTP_X_FORWARDED_FOR=STRANGER)

    assert (taken.status, refused.status) == (200, 403)
    assert counted(database) == [("cora", "address_not_allowed", STRANGER, 1)]
