"""The alarm of urgent events that Salesforce has not confirmed in time."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from sqlalchemy import Engine, update

from tests.delivery.harness import Harness, add_account, cora_call, default_mappings
from worker.alarm import MOST_NAMED, Alarm, watch
from worker.errors import NobodyTold, StoreUnavailable
from worker.intake import Answer
from worker.localorg import LocalOrg
from worker.model import AGAIN_IN_ORDER
from worker.store.events import EVENT
from worker.store.replays import Replays
from worker.store.selection import Selection
from worker.store.tallies import Tallies
from worker.store.unconfirmed import UnconfirmedEvents
from worker.telling import post_text

SECONDS = 300


@pytest.fixture
def harness(engine: Engine, crm: Any) -> Harness:
    return Harness(engine, crm, default_mappings())


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def alarm(harness: Harness, said: list[str]) -> Alarm:
    return Alarm(UnconfirmedEvents(harness.engine), SECONDS, said.append)


def urgent(harness: Harness, call_id: str = "urgent") -> Answer:
    return harness.send(cora_call(call_id, outcomes={"doNotCall": True}))


def test_an_urgent_event_that_waits_too_long_is_told_once(
    harness: Harness, alarm: Alarm, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    event = urgent(harness)
    harness.send(cora_call("usual"))
    now = harness.clock()

    early = alarm.look(now + timedelta(seconds=SECONDS - 1))
    late = alarm.look(now + timedelta(seconds=SECONDS))
    again = alarm.look(now + timedelta(seconds=2 * SECONDS))

    assert (early, late, again) == (0, 1, 0)
    words = f"event {event.event_id} of cora: pending after 300 s"
    assert [words in text for text in said] == [True]
    errors = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert [words in record.getMessage() for record in errors] == [True]


def test_a_confirmed_event_is_no_alarm(
    harness: Harness, alarm: Alarm, org: LocalOrg
) -> None:
    add_account(org)
    urgent(harness)
    harness.drain()

    assert alarm.look(harness.clock() + timedelta(days=1)) == 0


def test_a_parked_event_is_one_until_somebody_was_told(
    harness: Harness, alarm: Alarm, org: LocalOrg, said: list[str]
) -> None:
    urgent(harness)
    harness.drain()

    assert alarm.look(harness.clock() + timedelta(days=1)) == 1
    assert "parked, no_match" in said[0]


def test_what_salesforce_has_and_is_written_again_is_no_alarm(
    harness: Harness, alarm: Alarm
) -> None:
    event = urgent(harness)
    with harness.engine.begin() as connection:
        query = update(EVENT).where(EVENT.c.id == event.event_id)
        connection.execute(query.values(reason=AGAIN_IN_ORDER))

    assert alarm.look(harness.clock() + timedelta(days=1)) == 0


def test_what_nobody_could_be_told_of_is_told_at_the_next_look(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    urgent(harness)
    later = harness.clock() + timedelta(days=1)
    answers: list[Exception | None] = [NobodyTold("HTTP 500"), None]

    def tell(_text: str) -> None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    alarm = Alarm(UnconfirmedEvents(harness.engine), SECONDS, tell)

    assert [alarm.look(later), alarm.look(later), alarm.look(later)] == [0, 1, 0]
    assert "nobody could be told of 1: HTTP 500" in caplog.text
    assert caplog.text.count("pending after") == 1


def test_a_clock_that_is_set_back_silences_nothing(
    harness: Harness, alarm: Alarm, said: list[str]
) -> None:
    urgent(harness)
    set_back = harness.clock() - timedelta(days=1)

    assert alarm.look(set_back) == 1
    assert "pending since the clock was set back" in said[0]


def test_the_clocks_of_two_machines_may_differ_by_seconds(
    harness: Harness, alarm: Alarm
) -> None:
    urgent(harness)

    assert alarm.look(harness.clock() - timedelta(seconds=30)) == 0


def test_a_replayed_event_has_its_time_again_and_then_an_alarm_again(
    harness: Harness, alarm: Alarm, said: list[str]
) -> None:
    event = urgent(harness)
    harness.drain()
    harness.clock.move(days=1)
    alarm.look(harness.clock())
    selection = Selection(event_ids=(event.event_id,))

    Replays(harness.engine).replay(selection, harness.clock(), most=1)
    early = alarm.look(harness.clock() + timedelta(seconds=SECONDS - 1))
    waiting = Tallies(harness.engine).take(harness.clock()).waiting[True]
    late = alarm.look(harness.clock() + timedelta(seconds=SECONDS))

    assert (early, late) == (0, 1)
    assert waiting.oldest_unconfirmed_at == harness.clock()
    assert ["parked, no_match after 86400 s" in said[0], len(said)] == [True, 2]
    assert f"event {event.event_id} of cora: pending after 300 s" in said[1]


def test_a_watch_outlives_whatever_a_look_raises(
    caplog: pytest.LogCaptureFixture,
) -> None:
    faults: list[Exception] = [
        StoreUnavailable("away"),
        UnicodeError("https://chat.example/secret-token"),
    ]
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        if faults:
            raise faults.pop(0)

    watch(look, lambda: len(looks) == 3)

    assert len(looks) == 3
    assert "no alarm can be given now: the database: away" in caplog.text
    assert "no alarm can be given now: UnicodeError" in caplog.text
    assert "secret" not in caplog.text


def test_many_are_one_text_that_names_the_oldest_and_nobody(
    harness: Harness, alarm: Alarm, said: list[str]
) -> None:
    answers = [urgent(harness, f"call-{n}") for n in range(MOST_NAMED + 3)]

    alarm.look(harness.clock() + timedelta(days=1))

    (text,) = said
    assert text.startswith(f"crm-sync: {len(answers)} compliance events")
    assert f"event {answers[0].event_id} " in text
    assert "and 3 more" in text
    for private in ("+15125550101", "ACC-1", "They talked"):
        assert private not in text


@contextmanager
def webhook(status: int, seen: list[Any]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            seen.append(json.loads(self.rfile.read(length)))
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/secret-token"
        finally:
            server.shutdown()
            thread.join()


def test_a_text_is_posted_as_slack_takes_it() -> None:
    seen: list[Any] = []
    with webhook(200, seen) as url:
        post_text(url, "hello")

    assert seen == [{"text": "hello"}]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_refuses_is_nobody_told(status: int) -> None:
    with webhook(status, []) as url, pytest.raises(NobodyTold) as raised:
        post_text(url, "hello")

    assert str(raised.value) == f"HTTP {status}"


def test_a_webhook_that_is_away_is_not_named() -> None:
    with pytest.raises(NobodyTold) as raised:
        post_text("http://127.0.0.1:9/secret-token", "hello")

    assert "secret" not in str(raised.value)


def test_an_answer_without_end_is_not_waited_for() -> None:
    more = threading.Event()

    class Endless(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.flush()
            more.wait(60)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Endless) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        post_text(f"http://127.0.0.1:{server.server_port}/", "hello")
        assert not more.is_set()
        more.set()
        thread.join()
