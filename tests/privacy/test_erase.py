"""Erasing a party from the store, on both engines."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.privacy.ledger import Ledger
from tests.store.test_events import NOW, new_event
from tests.store.test_lanes import outcome, take
from worker.model import State
from worker.store.erasing import EVENTS_A_BATCH, Erasure, PartyHeld, Stored
from worker.store.holds import Holds
from worker.store.lanes import Lanes, LeaseLost
from worker.store.tables import SQLModel


def erasure(
    ledger: Ledger, party: str = "acc-1", connection: str | None = None
) -> Erasure:
    return Erasure(ledger.engine, party, connection)


def test_everything_of_a_party_is_counted_by_state(ledger: Ledger) -> None:
    ledger.add("one")
    ledger.add("two", state=State.PARKED)
    ledger.add("three", state=State.PENDING)
    ledger.add("of another", call_id="call-2", party_key="ACC-2")

    found = erasure(ledger).count()

    assert found == Stored({"synced": 1, "parked": 1, "pending": 1}, 2, is_held=False)


def test_nothing_that_names_the_party_is_left(ledger: Ledger) -> None:
    event_id = ledger.add("one")
    other = ledger.add("of another", party_key="ACC-2")

    assert erasure(ledger).erase(NOW, include_pending=False) == 1

    row, written = ledger.get(event_id), ledger.record(event_id)
    assert (row.body, row.headers, row.party_key) == (b"", {}, "")
    assert (row.party_hash, row.purged_at) == (None, NOW)
    assert (written.key, written.key_hash) == (None, None)
    assert written.fields == {"Subject": None, "Description": None}
    assert (row.state, written.salesforce_id) == ("synced", "00T000000000001AAA")
    assert erasure(ledger).count() == Stored({}, 0, is_held=False)
    assert ledger.get(other).party_key == "ACC-2"
    assert ledger.record(other).fields["Subject"] == "Call"


def test_an_erased_delivery_that_comes_again_is_a_duplicate(ledger: Ledger) -> None:
    ledger.add("one")
    erasure(ledger).erase(NOW, include_pending=False)

    assert not ledger.events.add(new_event(dedupe_key="one")).is_new


def test_pending_events_stay_unless_they_are_asked_for(ledger: Ledger) -> None:
    waits = ledger.add("waits", state=State.PENDING)
    ledger.add("done")

    assert erasure(ledger).erase(NOW, include_pending=False) == 1
    assert ledger.get(waits).body
    assert erasure(ledger).erase(NOW, include_pending=True) == 1

    row = ledger.get(waits)
    assert (row.state, row.reason, row.body) == ("skipped", "body_erased", b"")
    assert row.settled_at == NOW


def test_who_drains_a_pending_event_meanwhile_settles_nothing(ledger: Ledger) -> None:
    waits = ledger.add("waits", state=State.PENDING)
    lanes = Lanes(ledger.engine)
    lease = take(lanes)

    erasure(ledger).erase(NOW, include_pending=True)

    with pytest.raises(LeaseLost):
        lanes.settle(lease, [outcome(waits)], NOW)
    assert ledger.events.records([waits]) == []
    assert lanes.lease(3, NOW, 60) is not None


def test_one_connection_can_be_erased_alone(ledger: Ledger) -> None:
    here = ledger.add("here")
    there = ledger.add("there", connection="cora-texas")

    assert (
        erasure(ledger, connection="cora-texas").erase(NOW, include_pending=False) == 1
    )
    assert ledger.get(here).body
    assert not ledger.get(there).body


def test_a_party_under_a_hold_is_not_erased(ledger: Ledger) -> None:
    event_id = ledger.add("one")
    Holds(ledger.engine).place("ACC-1", reason="-", actor="ops", at=NOW)

    assert erasure(ledger).count().is_held
    with pytest.raises(PartyHeld):
        erasure(ledger).erase(NOW, include_pending=False)
    assert ledger.get(event_id).body


def test_other_names_in_the_same_calls_are_said(ledger: Ledger) -> None:
    ledger.add("one", call_id="call-7")
    ledger.add("its other event", call_id="call-7", party_key="+15125550101")
    ledger.add("and one more", call_id="call-7", party_key="+15125550101")
    ledger.add("of two names", call_id="call-8", party_key="ACC-1")
    ledger.add("its second name", call_id="call-8", party_key="F-77")
    ledger.add("elsewhere", call_id="call-7", connection="altur", party_key="ACC-2")
    ledger.add("of no call", call_id=None)
    ledger.add("of nobody else", call_id=None, party_key="ACC-3")

    assert erasure(ledger).count().others == ("+15125550101", "F-77")
    assert erasure(ledger, connection="altur").count().others == ()

    erasure(ledger, "F-77").erase(NOW, include_pending=False)
    assert erasure(ledger).count().others == ("+15125550101",)


def test_more_than_a_batch_is_erased(ledger: Ledger) -> None:
    count = EVENTS_A_BATCH + 1
    for number in range(count):
        ledger.events.add(new_event(dedupe_key=str(number), state=State.SKIPPED))

    assert erasure(ledger).erase(NOW, include_pending=False) == count
    assert ledger.with_body() == set()


def test_the_party_is_in_no_column_of_any_table_afterwards(ledger: Ledger) -> None:
    ledger.add("one", party_key="+15125550101", body=b"+15125550101")
    erasure(ledger, "+15125550101").erase(NOW, include_pending=False)

    with ledger.engine.connect() as connection:
        for name in SQLModel.metadata.tables:
            rows = connection.execute(text(f"SELECT * FROM {name}")).all()
            assert "5125550101" not in repr(rows)
