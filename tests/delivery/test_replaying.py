"""Replays, the whole way: what is sent again, and what must not be undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import (
    Harness,
    Spy,
    add_account,
    cora_call,
    cora_mapping,
    with_mapping,
)
from worker.checking import texts_of
from worker.intake import Answer
from worker.localorg import LocalOrg
from worker.mapping.mapping_set import MappingSet
from worker.store.attempts import Attempts
from worker.store.mapping_texts import MappingTexts
from worker.store.replays import Replays
from worker.store.selection import Selection

FLAG = "Do_Not_Call__c"
TEXT = "Contact_Status__c"
ACCOUNT = """
  - object: Debt_Account__c
    mode: update
    key: {Account_Number__c: event.file_number}
    fields:
"""
CALL = (
    ACCOUNT
    + f"""
      {TEXT}: payload.given
      {FLAG}: {{from: payload.flag, write: sticky}}
"""
)
TASK = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields: {Subject: {value: Call}, Description: payload.summary}
"""


@pytest.fixture
def harness(database: Engine, org: LocalOrg) -> Iterator[Harness]:
    with with_mapping(database, org, CALL) as made:
        yield made


def at(hour: int) -> str:
    return f"2026-05-04T{hour:02d}:00:00.000Z"


def use(harness: Harness, writes: str, version: int = 2) -> None:
    """Let this be the mapping from now on; all of them are kept as text."""
    texts = MappingTexts(harness.engine)
    texts.remember(texts_of(harness.mappings), harness.clock())
    changed = cora_mapping(writes, version=version)
    texts.remember(texts_of(changed), harness.clock())
    put(harness, changed)


def put(harness: Harness, mappings: MappingSet) -> None:
    harness.mappings = mappings
    harness.drainer = replace(harness.drainer, mappings=mappings)


def deliver(harness: Harness, call_id: str = "call-1", **payload: Any) -> Answer:
    answer = harness.send(cora_call(call_id, **payload))
    harness.drain()
    return answer


def replay(
    harness: Harness, *answers: Answer, original: bool = False, minutes: int = 1
) -> None:
    ids = tuple(answer.event_id for answer in answers)
    selection = Selection(ids, state=None)
    store = Replays(harness.engine)
    harness.clock.move(minutes=minutes)
    done = store.replay(selection, harness.clock(), most=99, original=original)
    assert done.events == len(ids)
    sent(harness).clear()
    harness.drain()


def sent(harness: Harness) -> list[Any]:
    assert isinstance(harness.crm, Spy)
    return harness.crm.requests


def account(org: LocalOrg) -> dict[str, Any]:
    (found,) = org.records("Debt_Account__c")
    return dict(found)


def clear_flag(harness: Harness, org: LocalOrg) -> None:
    """Clear the flag as a person does."""
    harness.crm.update("Debt_Account__c", [{"Id": account(org)["Id"], FLAG: False}])
    assert account(org)[FLAG] is False


def test_a_parked_event_passes_once_its_cause_is_mended(
    harness: Harness, org: LocalOrg
) -> None:
    answer = deliver(harness, given="new")
    assert harness.ended(answer) == ("parked", "no_match")
    add_account(org)

    replay(harness, answer)

    assert harness.ended(answer) == ("synced", None)
    assert account(org)[TEXT] == "new"
    ends = [(a.number, a.state, a.reason) for a in history(harness, answer)]
    assert ends == [
        (1, "parked", "no_match"),
        (0, "pending", "replayed"),
        (1, "synced", None),
    ]


def history(harness: Harness, answer: Answer) -> list[Any]:
    return Attempts(harness.engine).of(answer.event_id)


def test_of_a_parked_event_only_what_was_not_written_is_sent(
    database: Engine, org: LocalOrg
) -> None:
    with with_mapping(database, org, TASK + CALL) as harness:
        answer = deliver(harness, given="new")
        add_account(org)

        replay(harness, answer)

        assert harness.ended(answer) == ("synced", None)
        assert [name for _, name, _ in sent(harness)] == ["Debt_Account__c"]


def test_a_synced_event_of_the_same_mapping_is_not_sent_again(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    answer = deliver(harness, given="new")

    replay(harness, answer)

    assert harness.ended(answer) == ("synced", None)
    assert sent(harness) == []


def test_a_synced_event_of_a_changed_mapping_is_written_anew(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    answer = deliver(harness, given="new")
    use(harness, CALL.replace("payload.given", "payload.summary"))

    replay(harness, answer)

    assert account(org)[TEXT] == "They talked."
    assert harness.event(answer.event_id).mapping_version == "2"


def test_an_older_call_that_is_replayed_does_not_undo_a_newer_one(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    old = deliver(harness, "old", given="old", createdAt=at(8))
    deliver(harness, "new", given="new", createdAt=at(9))
    use(harness, CALL.replace("payload.given", "payload.status"))

    replay(harness, old)

    assert harness.ended(old)[0] in ("synced", "skipped")
    assert account(org)[TEXT] == "new"


def test_what_a_newer_call_wrote_counts_while_its_own_replay_waits(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    old = deliver(harness, "old", given="old", createdAt=at(8))
    new = deliver(harness, "new", given="new", createdAt=at(9))
    use(harness, CALL.replace("payload.given", "payload.status"))
    org.faults.add("row_lock", object="Debt_Account__c", times=1)
    replay(harness, new)
    assert harness.ended(new) == ("pending", "unable_to_lock_row")
    use(harness, CALL, version=3)

    replay(harness, old, minutes=0)

    assert harness.ended(new)[0] == "pending"
    assert account(org)[TEXT] == "new"


def test_what_a_newer_call_wrote_counts_when_its_replay_is_refused(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    old = deliver(harness, "old", given="old", createdAt=at(8))
    new = deliver(harness, "new", given="new", createdAt=at(9))
    use(harness, CALL.replace("payload.given", "{value: bad}"))
    org.faults.add(
        "row_error",
        object="Debt_Account__c",
        field=TEXT,
        value="bad",
        statusCode="FIELD_CUSTOM_VALIDATION_EXCEPTION",
        message="no",
        fields=[TEXT],
    )
    replay(harness, new)
    assert harness.ended(new)[0] == "parked"
    use(harness, CALL, version=3)

    replay(harness, old)

    assert account(org)[TEXT] == "new"
    (kept,) = harness.records(new)
    assert (kept.state, kept.fields[TEXT]) == ("parked", "new")


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_flag_that_a_person_cleared_stays_cleared_however_often_it_is_replayed(
    harness: Harness, org: LocalOrg, times: int
) -> None:
    add_account(org)
    answer = deliver(harness, given="new", flag=True)
    assert account(org)[FLAG] is True
    clear_flag(harness, org)

    for version in range(2, 2 + times):
        changed = CALL.replace("payload.given", f"{{value: version {version}}}")
        use(harness, changed, version=version)
        replay(harness, answer)
        assert account(org)[TEXT] == f"version {version}"

    assert harness.ended(answer) == ("synced", None)
    assert account(org)[FLAG] is False


def test_a_flag_that_was_never_written_is_set_by_the_replay(
    harness: Harness, org: LocalOrg
) -> None:
    answer = deliver(harness, given="new", flag=True)
    add_account(org)

    replay(harness, answer)

    assert account(org)[FLAG] is True


def test_a_replay_may_go_by_the_mapping_that_wrote_the_event(
    harness: Harness, org: LocalOrg
) -> None:
    answer = deliver(harness, given="new")
    use(harness, CALL.replace("payload.given", "payload.summary"))
    add_account(org)

    replay(harness, answer, original=True)

    row = harness.event(answer.event_id)
    assert account(org)[TEXT] == "new"
    assert (row.state, row.mapping_version) == ("synced", "1")
    assert row.replay_mapping_hash is None


def test_the_mapping_that_wrote_the_event_stands_until_its_replay_has_ended(
    harness: Harness, org: LocalOrg
) -> None:
    answer = deliver(harness, given="new")
    use(harness, CALL.replace("payload.given", "payload.summary"))
    add_account(org)
    org.faults.add("row_lock", object="Debt_Account__c", times=1)

    replay(harness, answer, original=True)
    assert harness.ended(answer) == ("pending", "unable_to_lock_row")
    harness.clock.move(minutes=1)
    harness.drain()

    assert account(org)[TEXT] == "new"
    assert harness.event(answer.event_id).replay_mapping_hash is None


def test_a_mapping_that_the_language_no_longer_reads_parks_the_replay(
    harness: Harness,
) -> None:
    answer = deliver(harness, given="new")
    row = harness.event(answer.event_id)
    (text,) = texts_of(harness.mappings)
    lost = replace(text, text="nothing: of today")
    MappingTexts(harness.engine).remember([lost], harness.clock())

    replay(harness, answer, original=True)

    assert harness.ended(answer) == ("parked", "mapping_lost")
    again = harness.event(answer.event_id)
    assert again.mapping_hash == row.mapping_hash


def test_the_hours_of_a_replay_begin_with_it(harness: Harness, org: LocalOrg) -> None:
    add_account(org)
    org.faults.add("row_lock", object="Debt_Account__c")
    answer = deliver(harness, given="new")
    for _ in range(12):
        harness.clock.move(hours=8)
        harness.drain()
    assert harness.ended(answer) == ("parked", "gave_up")

    replay(harness, answer)
    for _ in range(8):
        harness.clock.move(hours=8)
        harness.drain()
    assert harness.ended(answer) == ("pending", "unable_to_lock_row")
    for _ in range(3):
        harness.clock.move(hours=8)
        harness.drain()

    assert harness.ended(answer) == ("parked", "gave_up")
    assert len(history(harness, answer)) == 11 + 1 + 11


def test_a_drainer_that_slept_settles_nothing_that_another_did(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    answer = harness.send(cora_call(given="new"))
    lane = harness.event(answer.event_id).lane
    ended = []

    def sleep() -> None:
        harness.clock.move(minutes=5)
        assert harness.drainer.drain(lane) is False
        ended.append(harness.event(answer.event_id).settled_at)
        harness.clock.move(minutes=5)

    assert isinstance(harness.crm, Spy)
    harness.crm.before_write = sleep
    more = harness.drainer.drain(lane)

    row = harness.event(answer.event_id)
    assert more is False
    assert ended == [row.settled_at]
    assert (row.state, row.attempts) == ("synced", 1)
    assert row.settled_at == harness.clock() - timedelta(minutes=5)
    assert len(harness.records(answer)) == 1


def test_an_older_revision_that_comes_late_is_kept_and_not_sent(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    newer = cora_call(given="newer")
    older = cora_call(given="older", flag=True)
    older["timestamp"] = "2026-05-04T10:15:29.000Z"
    harness.send(newer)
    harness.drain()

    late = harness.send(older)
    harness.drain()

    assert late.status == "ignored"
    assert harness.ended(late) == ("skipped", "superseded")
    assert account(org)[TEXT] == "newer"


def test_a_replay_of_a_created_record_makes_no_second_one(
    database: Engine, org: LocalOrg
) -> None:
    insert = TASK.replace("    key:", "    mode: insert\n    key:")
    with with_mapping(database, org, insert) as harness:
        answer = deliver(harness)
        (before,) = harness.records(answer)
        use(harness, insert.replace("{value: Call}", "{value: A call}"))

        replay(harness, answer)

        (after,) = harness.records(answer)
        assert harness.ended(answer) == ("synced", None)
        assert len(org.records("Task")) == 1
        assert (after.reason, after.fields) == (None, before.fields)
