"""A delivery that was signed long ago and is sent again by somebody else."""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import CONNECTIONS, START, Clock, default_mappings
from tests.http.test_wsgi import Client
from tests.sources.fixture_files import PATHS, body_of, signed
from worker import sources
from worker.intake import Intake
from worker.model import Delivery
from worker.redaction import KEPT_HEADERS
from worker.store.events import Events
from worker.wsgi import Endpoint

MAIN = {
    "altur": "on_call_end__newest",
    "cora": "call.completed__every_outcome",
    "freeclimb": "callStatus__outbound_api",
    "vocobase": "session.completed__full",
}
# Their signatures cover a time; the others' deliveries are good for ever.
TIMED = {"freeclimb", "vocobase"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def events(database: Engine) -> Events:
    return Events(database)


@pytest.fixture
def client(events: Events, clock: Clock) -> Client:
    intake = Intake(events, default_mappings(), CONNECTIONS, 8, lambda _: None)
    return Client(Endpoint(intake, 65_536, dict, clock))


def post(client: Client, name: str, delivery: Delivery) -> tuple[int, str]:
    reply = client.request("POST", f"/webhooks/{name}", delivery.body, delivery.headers)
    return reply.status, reply.json().get("status", reply.json().get("error"))


@pytest.mark.parametrize("days", [1, 100, 3000])
@pytest.mark.parametrize("name", sorted(MAIN.keys() - TIMED))
def test_where_no_time_is_signed_it_is_a_duplicate_for_ever(
    client: Client, events: Events, clock: Clock, name: str, days: int
) -> None:
    delivery = signed(name, body_of(name, MAIN[name]))
    assert post(client, name, delivery) == (200, "accepted")
    clock.move(days=days)

    assert post(client, name, delivery) == (200, "duplicate")
    assert sum(events.count_by_state().values()) == 1


@pytest.mark.parametrize("name", sorted(TIMED))
def test_where_a_time_is_signed_it_is_a_duplicate_and_soon_refused(
    client: Client, events: Events, clock: Clock, name: str
) -> None:
    delivery = signed(name, body_of(name, MAIN[name]))
    assert post(client, name, delivery) == (200, "accepted")

    assert post(client, name, delivery) == (200, "duplicate")
    clock.move(seconds=300)
    assert post(client, name, delivery) == (200, "duplicate")
    clock.move(seconds=1)
    assert post(client, name, delivery) == (401, "bad_signature")
    clock.now = START - timedelta(seconds=301)
    assert post(client, name, delivery) == (401, "bad_signature")
    assert sum(events.count_by_state().values()) == 1


# What a signature covers cannot be changed; all other headers anybody may write.
SIGNED_HEADERS = {
    *("freeclimb-signature", "x-altur-signature", "x-webhook-signature"),
    *("x-webhook-timestamp", "content-type"),
}


def test_no_header_beside_the_signature_makes_a_new_event_of_an_old_delivery(
    client: Client, events: Events
) -> None:
    for path in PATHS:
        name = path.parent.name
        delivery = signed(name, body_of(name, path.stem))
        post(client, name, delivery)
        kept = {k: v for k, v in delivery.headers.items() if k in SIGNED_HEADERS}
        rows = sum(events.count_by_state().values())

        written = dict.fromkeys(KEPT_HEADERS, "another")
        again = replace(delivery, headers={**written, **kept})
        assert post(client, name, again) == (200, "duplicate"), path.stem
        assert sum(events.count_by_state().values()) == rows


@pytest.mark.parametrize("name", sorted(MAIN))
def test_a_delivery_of_one_connection_is_nothing_to_another_of_the_same_vendor(
    client: Client, name: str
) -> None:
    app = client.app.__closure__[0].cell_contents
    other = replace(CONNECTIONS[name], name="other", secrets=("b3RoZXItc2VjcmV0",))
    intake = replace(app.intake, connections={**CONNECTIONS, "other": other})
    delivery = signed(name, body_of(name, MAIN[name]))

    found = post(Client(replace(app, intake=intake)), "other", delivery)

    assert found == (401, "bad_signature")


@pytest.mark.parametrize("name", sources.names())
def test_signatures_are_compared_as_bytes_in_constant_time(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[object, object]] = []
    real = hmac.compare_digest

    def noted(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    delivery = signed(name, body_of(name, MAIN[name]))

    sources.load(name).verify(delivery, CONNECTIONS[name], now=START)

    assert compared
    assert {type(value) for pair in compared for value in pair} == {bytes}


def test_every_source_is_tried() -> None:
    assert sorted(MAIN) == sources.names() == sorted({p.parent.name for p in PATHS})
