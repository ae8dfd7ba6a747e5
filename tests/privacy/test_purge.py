"""What is kept for how long, on both engines."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert, select, text

from tests.privacy.ledger import KEY, Ledger
from tests.store.query_plans import plans_of
from tests.store.test_events import NOW, new_event
from tests.store.test_migrations import OLD_EVENT
from worker.model import Retention, State
from worker.store.events import EVENT, REJECTION, Events, Stored
from worker.store.holds import Holds
from worker.store.lanes import Lanes
from worker.store.retention import EVENTS_A_BATCH, Purged, purge

KEEP = Retention(body_days=90, parked_days=365, ledger_days=1095)
DAY = timedelta(days=1)


def purged(ledger: Ledger, days: float = 0, *, dry_run: bool = False) -> Purged:
    return purge(ledger.engine, KEEP, NOW + days * DAY, dry_run=dry_run)


def purged_twice(ledger: Ledger) -> Purged:
    """Rows go in a run after that of their bodies."""
    purged(ledger)
    return purged(ledger, 0.01)


def test_bodies_are_emptied_by_state_and_age(ledger: Ledger) -> None:
    ledger.add("new", 89)
    ledger.add("old", 91)
    ledger.add("old skipped", 91, State.SKIPPED)
    ledger.add("parked", 364, State.PARKED)
    ledger.add("old parked", 366, State.PARKED)
    ledger.add("old pending", 366, State.PENDING)

    assert purged(ledger) == Purged(bodies=3, deleted=0, held=0)
    assert ledger.with_body() == {"new", "parked", "old pending"}
    assert purged(ledger) == Purged(0, 0, 0)


def test_what_was_done_stays_without_what_was_said(ledger: Ledger) -> None:
    event_id = ledger.add("old", 91)

    purged(ledger)

    row, written = ledger.get(event_id), ledger.record(event_id)
    assert (row.body, row.headers, row.purged_at) == (b"", {}, NOW)
    assert (row.state, row.party_key, row.call_id) == ("synced", "ACC-1", "call-1")
    assert written.fields == {"Subject": None, "Description": None}
    assert written.salesforce_id == "00T000000000001AAA"
    assert written.key == "Account_Number__c=ACC-1"


def test_a_dry_run_counts_and_changes_nothing(ledger: Ledger) -> None:
    ledger.add("old", 91)
    ledger.add("older", 1096)
    ledger.add("newest", 0)
    purged(ledger, -100)

    told = purged(ledger, dry_run=True)

    assert ledger.with_body() == {"old", "newest"}
    assert ledger.names() == {"old", "older", "newest"}
    assert told == Purged(bodies=1, deleted=0, held=0)
    assert purged(ledger) == told


def test_a_row_is_deleted_with_its_records_after_its_years(ledger: Ledger) -> None:
    gone = ledger.add("gone", 1096, party_key="ACC-9")
    ledger.add("stays", 1094, party_key="ACC-8")

    assert purged_twice(ledger) == Purged(bodies=0, deleted=1, held=0)
    assert ledger.names() == {"stays"}
    assert ledger.events.records([gone]) == []


def test_the_years_are_counted_from_the_partys_last_call(ledger: Ledger) -> None:
    ledger.add("first", 2000)
    ledger.add("of another", 2000, party_key="ACC-9")
    ledger.add("last", 1000, party_key="acc-1")

    purged_twice(ledger)

    assert ledger.names() == {"first", "last"}
    assert purged(ledger, 96).deleted == 1


def test_pending_events_are_never_touched(ledger: Ledger) -> None:
    again = ledger.add("again", 2000, State.PARKED)
    ledger.add("newest", 0, party_key="ACC-2")
    ledger.make_pending(again)

    assert purged_twice(ledger) == Purged(0, 0, 0)
    assert ledger.with_body() == {"again", "newest"}


def test_the_newest_row_stays_so_that_its_id_is_not_given_twice(
    ledger: Ledger,
) -> None:
    ledger.add("only", 2000)

    assert purged_twice(ledger).deleted == 0
    assert ledger.names() == {"only"}


def test_a_deleted_delivery_that_comes_again_is_a_duplicate(ledger: Ledger) -> None:
    event_id = ledger.add("gone", 2000, party_key="ACC-9")
    ledger.add("newest", 0)
    purged_twice(ledger)
    assert ledger.names() == {"newest"}

    again = ledger.events.add(new_event(dedupe_key="gone"))

    assert again == Stored(event_id, is_new=False)
    assert ledger.names() == {"newest"}


def test_other_content_of_a_deleted_delivery_is_its_next_revision(
    ledger: Ledger,
) -> None:
    ledger.add("gone", 2000, party_key="ACC-9")
    ledger.add("gone", 1999, party_key="ACC-9", content_hash="b" * 64)
    ledger.add("newest", 0)
    purged_twice(ledger)

    third = ledger.events.add(new_event(dedupe_key="gone", content_hash="c" * 64))
    elsewhere = ledger.events.add(new_event(dedupe_key="gone", connection="texas"))

    assert third.is_new
    assert ledger.get(third.event_id).revision == 3
    assert ledger.get(elsewhere.event_id).revision == 1


def test_a_party_under_a_hold_is_left_alone_until_it_is_released(
    ledger: Ledger,
) -> None:
    holds = Holds(ledger.engine)
    ledger.add("held", 91)
    ledger.add("old held", 2000)
    ledger.add("free", 91, party_key="ACC-2")
    holds.place("acc-1", reason="a lawsuit", actor="ops", at=NOW)

    assert purged(ledger) == Purged(bodies=1, deleted=0, held=2)
    assert ledger.with_body() == {"held", "old held"}
    assert [row.reason for row in holds.standing()] == ["a lawsuit"]

    assert holds.release("ACC-1", actor="ops", at=NOW) == 1
    assert holds.standing() == []
    assert purged(ledger).bodies == 2


def test_more_than_a_batch_is_purged_past_what_is_held(ledger: Ledger) -> None:
    rows = [
        {
            **OLD_EVENT,
            "dedupe_key": str(number),
            "state": "synced",
            "settled_at": NOW - 2000 * DAY,
            "received_at": NOW - 2000 * DAY,
            "party_key": "held" if number < EVENTS_A_BATCH else "ACC-9",
        }
        for number in range(3 * EVENTS_A_BATCH)
    ]
    with ledger.engine.begin() as connection:
        connection.execute(insert(EVENT), rows)
    ledger.add("newest", 0)
    Holds(ledger.engine).place("held", reason="-", actor="ops", at=NOW)

    first, second = purged(ledger), purged(ledger, 1)

    assert first == Purged(2 * EVENTS_A_BATCH, 0, held=EVENTS_A_BATCH)
    assert second == Purged(0, 2 * EVENTS_A_BATCH, held=EVENTS_A_BATCH)
    assert len(ledger.names()) == EVENTS_A_BATCH + 1


def test_old_events_and_parties_are_found_by_their_indexes(ledger: Ledger) -> None:
    rows = [
        {
            **OLD_EVENT,
            "dedupe_key": str(number),
            "state": "synced",
            "settled_at": NOW - number * DAY,
            "purged_at": NOW - DAY if number % 2 else None,
            "party_key": f"ACC-{number}",
        }
        for number in range(3000)
    ]
    with ledger.engine.begin() as connection:
        connection.execute(insert(EVENT), rows)
        connection.execute(text("ANALYZE"))
    keep = Retention(2900, 2900, 2950)

    plan = plans_of(
        ledger.engine, lambda: purge(ledger.engine, keep, NOW, dry_run=True)
    )

    for index in ("ix_event_unpurged", "ix_event_purged", "ix_event_party"):
        assert index in plan
    for word in ("Seq Scan on event", "SCAN event\n", "TEMP B-TREE"):
        assert word not in plan


def test_an_older_call_does_not_go_over_the_fields_of_a_purged_one(
    ledger: Ledger,
) -> None:
    ledger.add("old", 91)
    purged(ledger)

    (newer,) = Lanes(ledger.engine).newer_records(
        "Task", ["00T000000000001AAA"], [], NOW - DAY
    )

    assert newer.fields.keys() == {"Subject", "Description"}


def test_the_key_is_no_part_of_an_engines_repr(ledger: Ledger) -> None:
    assert KEY not in repr(ledger.engine)


def test_who_was_refused_is_forgotten_and_the_count_stays(ledger: Ledger) -> None:
    events = Events(ledger.engine)
    for days, remote, times in [
        (200, "a", 1),
        (100, "b", 2),
        (91, "a", 4),
        (1, "a", 8),
    ]:
        events.reject("cora", "bad_signature", remote, NOW - days * DAY, times)
    events.reject("altur", "bad_signature", "a", NOW - 95 * DAY, 16)

    would = purged(ledger, dry_run=True)
    done, again = purged(ledger), purged(ledger)
    later = purged(ledger, 91)

    assert [p.callers for p in (would, done, again, later)] == [4, 4, 0, 1]
    with ledger.engine.connect() as connection:
        rows = connection.execute(
            select(REJECTION.c.connection, REJECTION.c.remote, REJECTION.c.times)
        ).all()
    assert sorted(map(tuple, rows)) == [("altur", "", 16), ("cora", "", 15)]
