"""`write: append`: a dated line a call, in the org."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import Harness, Spy, add_account, cora_call, with_mapping
from tests.delivery.schemas import NOTES_LENGTH
from worker.localorg import LocalOrg

UPDATE = """
  - object: Debt_Account__c
    mode: update
    key: {Account_Number__c: payload.fileNumber}
    fields:
      Call_Notes__c: {from: payload.summary, write: append}
      Contact_Status__c: payload.endedReason
"""
UPSERT = UPDATE.replace("    mode: update\n", "")


def at(hour: int) -> str:
    return f"2026-05-04T{hour:02d}:00:00.000Z"


def notes_line(words: str, call: str) -> str:
    return f"2026-05-04 {words} [{call}]"


@pytest.fixture(params=[UPDATE, UPSERT], ids=["update", "upsert"])
def harness(
    request: pytest.FixtureRequest,
    database: Engine,
    wide_org: LocalOrg,
    schema_dir: Path,
) -> Iterator[Harness]:
    with with_mapping(
        database, wide_org, request.param, schema_dir=schema_dir
    ) as harness:
        yield harness


def notes(org: LocalOrg) -> list[str | None]:
    return [account["Call_Notes__c"] for account in org.records("Debt_Account__c")]


def test_each_call_adds_a_line_on_top(harness: Harness, wide_org: LocalOrg) -> None:
    add_account(wide_org)
    for number in (1, 2):
        harness.send(cora_call(f"call-{number}", summary=f"Talk {number}."))
        harness.drain()

    assert notes(wide_org) == [
        "2026-05-04 Talk 2. [call-2]\n2026-05-04 Talk 1. [call-1]"
    ]


def test_calls_of_one_batch_all_arrive_in_the_order_they_happened(
    harness: Harness, wide_org: LocalOrg
) -> None:
    add_account(wide_org, Call_Notes__c="A note.")
    for call, hour in {"b": 11, "c": 12, "a": 10}.items():
        harness.send(cora_call(call, summary="Talk.", createdAt=at(hour)))

    harness.drain()

    lines = [notes_line("Talk.", call) for call in "cba"]
    assert notes(wide_org) == ["\n".join([*lines, "A note."])]
    assert wide_org.stats()["api_requests"] == 2


def test_a_look_up_reads_the_text_of_all_records_at_once(
    harness: Harness, wide_org: LocalOrg
) -> None:
    for number in range(30):
        add_account(wide_org, f"ACC-{number}", Call_Notes__c=f"Note {number}.")
        harness.send(cora_call(f"call-{number}", fileNumber=f"ACC-{number}"))
    wide_org.reset_stats()

    harness.drain()

    # Two lanes.
    assert wide_org.stats()["by_path"]["GET query"] == 2
    assert notes(wide_org) == [
        f"{notes_line('They talked.', f'call-{number}')}\nNote {number}."
        for number in range(30)
    ]


def test_a_revision_replaces_its_line_and_an_older_one_does_not(
    harness: Harness, wide_org: LocalOrg
) -> None:
    add_account(wide_org)
    wide_org.faults.add("row_lock", object="Debt_Account__c", every=1, times=1)
    harness.send(cora_call(summary="First."))
    harness.drain()
    harness.send(cora_call("other", summary="Other.", createdAt=at(9)))
    harness.send(cora_call(summary="Second."))
    harness.drain()
    second = notes(wide_org)
    harness.clock.move(minutes=1)
    harness.drain()

    assert second == notes(wide_org)
    assert second == [
        f"{notes_line('Second.', 'call-1')}\n{notes_line('Other.', 'other')}"
    ]


def test_two_revisions_in_one_batch_are_one_line(
    harness: Harness, wide_org: LocalOrg
) -> None:
    add_account(wide_org)
    harness.send(cora_call(summary="First."))
    harness.send(cora_call(summary="Second."))

    harness.drain()

    assert notes(wide_org) == [notes_line("Second.", "call-1")]


def test_a_later_call_does_not_keep_an_earlier_ones_line_out(
    harness: Harness, wide_org: LocalOrg
) -> None:
    add_account(wide_org)
    harness.send(cora_call("new", summary="New.", createdAt=at(12)))
    harness.drain()
    harness.send(cora_call("old", summary="Old.", createdAt=at(9)))
    harness.drain()

    (text,) = notes(wide_org)
    assert sorted(str(text).split("\n")) == [
        notes_line("New.", "new"),
        notes_line("Old.", "old"),
    ]


def test_lines_arrive_once_where_the_merged_record_is_refused(
    harness: Harness, wide_org: LocalOrg
) -> None:
    add_account(wide_org, Call_Notes__c="A note.")
    wide_org.faults.add(
        "row_error",
        object="Debt_Account__c",
        field="Contact_Status__c",
        value="bad",
        statusCode="FIELD_CUSTOM_VALIDATION_EXCEPTION",
        message="no",
        fields=["Contact_Status__c"],
    )
    answers = [
        harness.send(cora_call(call, summary="Talk.", createdAt=at(hour), **more))
        for call, hour, more in [
            ("a", 9, {}),
            ("b", 10, {"endedReason": "bad"}),
            ("c", 11, {}),
            ("d", 12, {"endedReason": "bad"}),
        ]
    ]

    harness.drain()

    states = [harness.ended(answer)[0] for answer in answers]
    assert states == ["synced", "parked", "synced", "parked"]
    lines = [notes_line("Talk.", call) for call in "ca"]
    assert notes(wide_org) == ["\n".join([*lines, "A note."])]


def test_the_ledger_holds_the_new_line_and_not_the_history(
    harness: Harness, wide_org: LocalOrg
) -> None:
    add_account(wide_org, Call_Notes__c="A note.")
    answer = harness.send(cora_call(summary="Talk."))

    harness.drain()

    (record,) = harness.records(answer)
    assert record.fields == {"Call_Notes__c": notes_line("Talk.", "call-1")}


def test_what_was_written_is_not_written_again_with_what_has_to_wait(
    harness: Harness, wide_org: LocalOrg
) -> None:
    add_account(wide_org)
    text = harness.mappings.mappings["cora", "call.completed"].spec.text
    task = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields: {Subject: {value: Call}}
"""
    writes = text.split("writes:\n")[1]
    wide_org.faults.add("row_lock", object="Task", keys=["call-1"], times=1)
    with with_mapping(
        harness.engine, wide_org, writes + task, schema_dir=harness.schema_dir
    ) as both:
        answer = both.send(cora_call())
        both.drain()
        both.clock.move(minutes=1)
        assert isinstance(both.crm, Spy)
        both.crm.requests.clear()
        both.drain()

    assert both.ended(answer) == ("synced", None)
    assert [name for _, name, _ in both.crm.requests] == ["Task"]


def test_an_answer_lost_after_the_commit_makes_no_second_line(
    harness: Harness, wide_org: LocalOrg
) -> None:
    add_account(wide_org)
    wide_org.faults.add("drop_after_commit", path="composite/sobjects", times=3)
    answer = harness.send(cora_call(summary="Talk."))

    harness.drain()
    first = harness.ended(answer)[0]
    assert isinstance(harness.crm, Spy)
    harness.crm.requests.clear()
    harness.clock.move(minutes=1)
    harness.drain()

    assert (first, harness.ended(answer)[0]) == ("pending", "synced")
    assert notes(wide_org) == [notes_line("Talk.", "call-1")]
    # A person may be writing there: what is there already is not sent.
    sent = harness.crm.sent("Debt_Account__c")
    assert all("Call_Notes__c" not in record for record in sent)
    (record,) = harness.records(answer)
    assert record.fields == {"Call_Notes__c": notes_line("Talk.", "call-1")}


def test_the_text_keeps_within_the_fields_length(
    harness: Harness, wide_org: LocalOrg
) -> None:
    add_account(wide_org, Call_Notes__c="A note of a person.")
    for number in range(40):
        harness.send(cora_call(f"call-{number:02d}", summary="Talk."))
        harness.drain()

    (text,) = notes(wide_org)
    lines = str(text).split("\n")
    assert len(str(text)) <= NOTES_LENGTH
    assert lines[0] == notes_line("Talk.", "call-39")
    assert lines[-1] == "A note of a person."
    assert all(line == notes_line("Talk.", line[-8:-1]) for line in lines[:-1])


def test_a_call_without_words_adds_nothing(
    harness: Harness, wide_org: LocalOrg
) -> None:
    add_account(wide_org, Call_Notes__c="A note.")
    for call, summary in {"a": None, "b": "", "c": " \n"}.items():
        harness.send(cora_call(call, summary=summary, endedReason="hung up"))
    harness.send(cora_call("d", summary=..., endedReason="hung up"))

    harness.drain()

    assert notes(wide_org) == ["A note."]
    assert isinstance(harness.crm, Spy)
    assert all("Call_Notes__c" not in r for r in harness.crm.sent("Debt_Account__c"))


def test_a_record_made_and_then_updated_in_one_batch_has_both_lines(
    database: Engine, wide_org: LocalOrg, schema_dir: Path
) -> None:
    made = UPSERT.replace("key:", "when: payload.makes\n    key:")
    updated = UPDATE.replace("key:", "when: payload.updates\n    key:")
    with with_mapping(
        database, wide_org, updated + made, schema_dir=schema_dir
    ) as harness:
        harness.send(cora_call("a", summary="Made.", makes=True))
        harness.send(cora_call("b", summary="Again.", updates=True))
        harness.drain()

    lines = [notes_line("Again.", "b"), notes_line("Made.", "a")]
    assert notes(wide_org) == ["\n".join(lines)]
