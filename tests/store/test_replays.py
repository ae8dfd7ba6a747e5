"""Settled events made due again, or given up, in batches. Both engines."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import Engine, insert, update

from tests.store.query_plans import plans_of, statements
from tests.store.test_events import NOW, new_event
from tests.store.test_lanes import outcome, record, take
from tests.store.test_migrations import OLD_EVENT
from worker.model import State
from worker.store.attempts import Attempts, add_attempts
from worker.store.audit import Audit
from worker.store.counting import Counted
from worker.store.events import EVENT, Events
from worker.store.lanes import Lanes
from worker.store.mapping_texts import MappingText, MappingTexts
from worker.store.parked import Parked
from worker.store.replays import Replayed, Replays
from worker.store.selection import BATCH, Selection

LATER = NOW + timedelta(days=3)
MINUTE = timedelta(minutes=1)
ALL = 10**6


def settle(engine: Engine, key: str, **changes: object) -> int:
    """Store an event that has ended: parked for `no_match`, if nothing else is said."""
    new = {n: changes.pop(n) for n in ("connection", "lane", "urgent") if n in changes}
    event_id = Events(engine).add(new_event(dedupe_key=key, **new)).event_id
    refused = record(state=State.PARKED, salesforce_id=None, error_code="NO_SUCH")
    ended = {"state": State.PARKED, "reason": "no_match", "records": (refused,)}
    lanes = Lanes(engine)
    lease = take(lanes)
    lanes.settle(lease, [outcome(event_id, **{**ended, **changes})], NOW)
    lanes.release(lease)
    return event_id


def many(engine: Engine, number: int) -> None:
    rows = [
        {**OLD_EVENT, "dedupe_key": str(n), "state": "parked", "reason": "no_match"}
        for n in range(number)
    ]
    with engine.begin() as connection:
        connection.execute(insert(EVENT), rows)


def replay(
    engine: Engine, at: datetime = LATER, rate: float = 0.0, **chosen: object
) -> Replayed:
    selection = Selection(**chosen)  # type: ignore[arg-type]
    return Replays(engine).replay(selection, at, most=ALL, per_second=rate)


def test_a_replayed_event_is_due_at_once_and_as_if_it_were_new(engine: Engine) -> None:
    event_id = settle(engine, "1", attempts=14)

    done = replay(engine, event_ids=(event_id,))

    assert done == Replayed(1, {3}, LATER)
    (due,) = Lanes(engine).due(3, LATER, 10)
    assert (due.attempts, due.reason, due.settled_at) == (0, None, None)
    assert due.replayed_at == LATER
    (waiting,) = Events(engine).records([event_id])
    assert (waiting.state, waiting.reason) == ("pending", None)


def test_the_act_is_in_the_history_after_what_was(engine: Engine) -> None:
    at_once = settle(engine, "1", state=State.SYNCED, reason=None)

    replay(engine, state=State.SYNCED)

    ends = [(a.number, a.at, a.state, a.reason) for a in Attempts(engine).of(at_once)]
    assert ends == [(1, NOW, "synced", None), (0, LATER, "pending", "replayed")]


def test_what_is_pending_is_never_replayed(engine: Engine) -> None:
    event_id = Events(engine).add(new_event()).event_id

    done = replay(engine, event_ids=(event_id,), state=None)

    assert done.events == 0
    row = Events(engine).get(event_id)
    assert row is not None
    assert row.replayed_at is None


def test_a_rate_spreads_them_and_lets_urgent_ones_go_first(engine: Engine) -> None:
    ids = [settle(engine, str(n), urgent=n == 2) for n in range(4)]

    done = replay(engine, rate=0.5)

    rows = [Events(engine).get(event_id) for event_id in ids]
    due = [(row.next_attempt_at - LATER).total_seconds() for row in rows if row]
    assert due == [0, 2, 0, 4]
    assert done.last_due_at == LATER + timedelta(seconds=4)


def test_any_number_goes_by_batches_of_four_statements(engine: Engine) -> None:
    number = 5 * BATCH
    many(engine, number)

    with statements(engine) as asked:
        done = replay(engine)

    assert done.events == number
    # The last batch finds nothing more.
    acts = [
        text for text, _ in asked if text.startswith(("SELECT", "UPDATE", "INSERT"))
    ]
    assert len(acts) == 5 * 4 + 1
    longest = max(len(p) for t, p in asked if t.startswith("SELECT"))
    assert longest < 20
    assert Events(engine).count_by_state() == {"pending": number}


def test_no_more_are_replayed_than_were_agreed_to(engine: Engine) -> None:
    many(engine, 7)

    done = Replays(engine).replay(Selection(), LATER, most=5)

    assert done.events == 5
    assert Events(engine).count_by_state() == {"parked": 2, "pending": 5}


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"reason": "no_match"}, {"match", "texas"}),
        ({"reason": "no_match", "connection": "cora"}, {"match"}),
        ({"type": "payment.success"}, set()),
        ({"object": "Task"}, {"match", "texas"}),
        ({"object": "Case"}, {"case"}),
        ({"object": "Case", "error_code": "NO_SUCH"}, set()),
        ({"error_code": "NO_SUCH"}, {"match", "texas"}),
        ({"state": State.SYNCED}, {"synced"}),
        ({"state": State.SYNCED, "object": "Task"}, {"synced"}),
        ({"since": NOW + MINUTE}, set()),
        ({"since": NOW, "until": NOW + MINUTE}, {"match", "texas", "case"}),
        ({"until": NOW}, set()),
        ({"state": None}, {"match", "texas", "case", "synced"}),
    ],
)
def test_events_are_chosen_by_what_they_are(
    engine: Engine, chosen: dict[str, object], expected: set[str]
) -> None:
    case = record(object="Case", state=State.PARKED, error_code="FIELD_X")
    names = {
        settle(engine, "1"): "match",
        settle(engine, "2", connection="cora-texas"): "texas",
        settle(engine, "3", reason="field_x", records=(case,)): "case",
        settle(engine, "4", state=State.SYNCED, reason=None, records=(record(),)): (
            "synced"
        ),
    }
    selection = Selection(**chosen)  # type: ignore[arg-type]

    counted = Replays(engine).count(selection)
    replay(engine, **chosen)

    assert {
        names[row.id or 0] for row in Events(engine).newest(9, "pending")
    } == expected
    assert counted.matching == counted.replayable == len(expected)


def test_an_older_revision_of_a_synced_one_is_left_as_it_is(engine: Engine) -> None:
    old = settle(engine, "1")
    new = Events(engine).add(new_event(dedupe_key="1", content_hash="b" * 64))
    lanes = Lanes(engine)
    lanes.settle(take(lanes), [outcome(new.event_id)], NOW)

    counted = Replays(engine).count(Selection())
    done = replay(engine, event_ids=(old,))

    assert (counted.matching, counted.replayable, done.events) == (1, 0, 0)


def test_a_superseded_revision_is_never_replayed(engine: Engine) -> None:
    events = Events(engine)
    events.add(new_event(revised_at=NOW))
    late = new_event(content_hash="b" * 64, revised_at=NOW - MINUTE)
    stored = events.add(late)

    done = replay(engine, event_ids=(stored.event_id,), state=None)

    assert done.events == 0


def test_what_was_purged_is_left_as_it_is(engine: Engine) -> None:
    purged, kept = settle(engine, "1"), settle(engine, "2", urgent=True)
    with engine.begin() as connection:
        query = update(EVENT).where(EVENT.c.id == purged)
        connection.execute(query.values(purged_at=NOW, urgent=True))

    counted = Replays(engine).count(Selection())
    done = replay(engine)

    assert counted == Counted(2, 1, purged=1, urgent=2, urgent_replayable=1)
    assert done.events == 1
    states = {row.id: row.state for row in Events(engine).newest(9)}
    assert states == {purged: "parked", kept: "pending"}
    (waiting,) = Events(engine).records([purged])
    assert waiting.state == "parked"


def test_discarded_events_are_chosen_by_the_record_that_they_were_parked_for(
    engine: Engine,
) -> None:
    event_id = settle(engine, "1")
    Replays(engine).discard(Selection(), LATER, most=ALL)
    discarded = {"state": State.SKIPPED, "reason": "discarded"}

    other = replay(engine, object="Case", **discarded)
    done = replay(engine, object="Task", error_code="NO_SUCH", **discarded)

    assert (other.events, done.events) == (0, 1)
    assert Events(engine).get(event_id).state == "pending"  # type: ignore[union-attr]


@pytest.mark.parametrize("act", ["replay", "discard"])
def test_the_audit_counts_what_was_done_where_an_act_is_ended_early(
    engine: Engine, act: str
) -> None:
    many(engine, BATCH + 7)
    audit, store = Audit(engine), Replays(engine)
    act_id = audit.note(act, actor="a", subject="", count=0, detail="", at=NOW)
    noted: list[int] = []

    def note(*arguments: Any) -> None:
        if noted:
            raise KeyboardInterrupt
        noted.append(1)
        add_attempts(*arguments)

    with (
        patch("worker.store.replays.add_attempts", note),
        pytest.raises(KeyboardInterrupt),
    ):
        getattr(store, act)(Selection(), LATER, most=ALL, act_id=act_id)

    (row,) = audit.newest(9)
    assert row.count == BATCH
    assert Events(engine).count_by_state()["parked"] == 7


def test_by_the_original_mapping_only_what_has_one_that_is_kept(engine: Engine) -> None:
    known = settle(engine, "1", mapping_hash="aa", mapping_version="7")
    settle(engine, "2", mapping_hash="bb", mapping_version="7")
    settle(engine, "3", mapping_hash=None)
    text = MappingText("cora", "call.completed", "7", "aa", "source: cora\n")
    MappingTexts(engine).remember([text], NOW)

    counted = Replays(engine).count(Selection(), original=True)
    Replays(engine).replay(Selection(), LATER, most=ALL, original=True)

    assert (counted.matching, counted.replayable) == (3, 1)
    row = Events(engine).get(known)
    assert row is not None
    assert (row.state, row.replay_mapping_hash) == ("pending", "aa")
    assert Events(engine).count_by_state() == {"parked": 2, "pending": 1}


def test_discarded_events_are_skipped_and_can_be_replayed(engine: Engine) -> None:
    event_id = settle(engine, "1")
    synced = settle(engine, "2", state=State.SYNCED, reason=None)

    done = Replays(engine).discard(Selection(), LATER, most=ALL)

    rows = [Events(engine).get(number) for number in (event_id, synced)]
    ends = [(row.state, row.reason, row.settled_at) for row in rows if row]
    assert done == 1
    assert ends == [("skipped", "discarded", LATER), ("synced", None, NOW)]
    assert Attempts(engine).of(event_id)[-1].reason == "discarded"
    again = replay(engine, state=State.SKIPPED, reason="discarded")
    assert again.events == 1


def test_two_people_replay_an_event_once(engine: Engine) -> None:
    event_id = settle(engine, "1")

    first = replay(engine, event_ids=(event_id,))
    second = replay(engine, event_ids=(event_id,))

    assert (first.events, second.events) == (1, 0)


def test_parked_events_are_shown_by_reason_the_oldest_first(engine: Engine) -> None:
    old = settle(engine, "1", reason="ambiguous_match")
    first = settle(engine, "2")
    settle(engine, "3")
    settle(engine, "4", state=State.SYNCED, reason=None)
    with engine.begin() as connection:
        at = {"received_at": NOW + MINUTE}
        connection.execute(update(EVENT).where(EVENT.c.id > old).values(at))

    groups = Parked(engine).groups()

    assert [(g.reason, g.events, g.oldest, g.oldest_at) for g in groups] == [
        ("ambiguous_match", 1, old, NOW),
        ("no_match", 2, first, NOW + MINUTE),
    ]
    listed = Parked(engine).of_reason("no_match", 1)
    assert [row.id for row in listed] == [first]
    (parked,) = Parked(engine).records([first])[first]
    assert parked.error_code == "NO_SUCH"


def test_events_are_chosen_by_their_indexes(engine: Engine) -> None:
    ends = ["parked", *["synced"] * 49]
    rows = [
        {**OLD_EVENT, "dedupe_key": str(n), "state": ends[n % 50]} for n in range(3000)
    ]
    with engine.begin() as connection:
        connection.execute(insert(EVENT), rows)
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE")
    selection = Selection(object="Task")

    chosen = plans_of(engine, lambda: Replays(engine).count(selection))
    groups = plans_of(engine, Parked(engine).groups)

    for plan in (chosen, groups):
        assert "ix_event_state" in plan
        assert "SCAN event" not in plan
        assert "Seq Scan on event " not in plan
