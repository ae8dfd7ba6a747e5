"""A request that is too much is halved: one bad row never fails the others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.delivery.harness import Harness, add_account, cora_call
from worker.crm import session
from worker.intake import Answer
from worker.localorg import LocalOrg

TASKS = "PATCH composite/sobjects/Task"
KEY = "External_Call_Id__c"
BAD = "call-123"


def send_calls(harness: Harness, count: int = 200) -> dict[str, Answer]:
    """Take in calls of one debtor, which are in one lane."""
    calls = [f"call-{number}" for number in range(count)]
    return {call: harness.send(cora_call(call)) for call in calls}


def ends(harness: Harness, answers: dict[str, Answer]) -> dict[str, Any]:
    return {call: harness.ended(answer) for call, answer in answers.items()}


def tasks_sent(org: LocalOrg) -> int:
    return int(org.stats()["by_path"][TASKS])


def assert_only_the_bad_one_is_left(
    harness: Harness, org: LocalOrg, answers: dict[str, Answer], end: tuple[str, str]
) -> None:
    ended = ends(harness, answers)
    assert ended.pop(BAD) == end
    assert set(ended.values()) == {("synced", None)}
    assert {task[KEY] for task in org.records("Task")} == answers.keys() - {BAD}


def test_a_refused_row_of_two_hundred_is_parked_and_the_others_are_written(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add(
        "row_error",
        object="Task",
        field=KEY,
        value=BAD,
        statusCode="FIELD_CUSTOM_VALIDATION_EXCEPTION",
        message="No.",
        fields=["Subject"],
    )
    answers = send_calls(harness)

    harness.drain()

    end = ("parked", "field_custom_validation_exception")
    assert_only_the_bad_one_is_left(harness, org, answers, end)
    hint = harness.records(answers[BAD])[0].hint
    assert hint is not None
    assert "Task.Subject: see the rules" in hint
    assert tasks_sent(org) == 1


def test_a_row_that_spoils_every_request_is_found_and_parked(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add("poisoned", object="Task", field=KEY, value=BAD)
    answers = send_calls(harness)

    harness.drain()

    end = ("parked", "cannot_insert_update_activate_entity")
    assert_only_the_bad_one_is_left(harness, org, answers, end)
    hint = harness.records(answers[BAD])[0].hint
    assert hint is not None
    assert "a trigger or flow of Task meets a limit" in hint
    # Two halves of each of 200, 100, 50, 25, 13, 7, 4 and 2 rows, and the whole.
    assert tasks_sent(org) <= 17
    assert harness.drainer.pace.records("Task") == 200


def test_of_each_full_request_with_a_poisoned_row_the_other_199_are_written(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    bad = {"call-7", "call-207", "call-407"}
    for call in bad:
        org.faults.add("poisoned", object="Task", field=KEY, value=call)
    answers = send_calls(harness, 600)

    harness.drain()

    ended = ends(harness, answers)
    assert {call for call, (state, _) in ended.items() if state == "parked"} == bad
    assert sum(end == ("synced", None) for end in ended.values()) == 597
    assert {task[KEY] for task in org.records("Task")} == answers.keys() - bad
    for call in bad:
        hint = harness.records(answers[call])[0].hint
        assert hint
        assert "a trigger or flow of Task meets a limit" in hint


def test_a_row_that_runs_for_too_long_alone_waits_alone(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add("too_long", path="sobjects/Task", field=KEY, value=BAD)
    answers = send_calls(harness)

    harness.drain()

    end = ("pending", "request_running_too_long")
    assert_only_the_bad_one_is_left(harness, org, answers, end)
    assert tasks_sent(org) <= 17
    org.faults.clear()
    harness.clock.move(minutes=15)
    harness.drain()
    assert harness.ended(answers[BAD]) == ("synced", None)


def test_a_row_that_nobody_can_read_is_parked_alone(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add(
        "too_long",
        path="sobjects/Task",
        field=KEY,
        value=BAD,
        errorCode="JSON_PARSER_ERROR",
    )
    answers = send_calls(harness)

    harness.drain()

    end = ("parked", "json_parser_error")
    assert_only_the_bad_one_is_left(harness, org, answers, end)


@pytest.mark.parametrize("kind", ["max_rows", "too_long"])
def test_an_org_that_takes_fifty_rows_gets_fifty_at_once(
    harness: Harness, org: LocalOrg, kind: str
) -> None:
    add_account(org)
    org.faults.add(kind, path="sobjects/Task", rows=50)
    answers = send_calls(harness)

    harness.drain()

    assert set(ends(harness, answers).values()) == {("synced", None)}
    assert len(org.records("Task")) == 200
    assert tasks_sent(org) <= 7


def test_what_was_learnt_of_a_limit_holds_for_the_next_batch(
    harness: Harness, org: LocalOrg
) -> None:
    harness.ask_one_by_one()
    add_account(org)
    org.faults.add("max_rows", object="Task", rows=50)
    send_calls(harness)
    harness.drain()
    org.reset_stats()
    for number in range(200):
        harness.send(cora_call(f"later-{number}"))

    harness.drain()

    assert len(org.records("Task")) == 400
    assert tasks_sent(org) == 4


def test_a_pace_that_was_halved_grows_again(harness: Harness, org: LocalOrg) -> None:
    pace = harness.drainer.pace
    pace.slower("Task", 200)

    for _ in range(9):
        pace.faster("Task")
    before = pace.records("Task")
    pace.faster("Task")

    assert (before, pace.records("Task")) == (100, 200)


def test_a_trigger_that_fails_for_every_row_costs_few_requests(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add("max_rows", object="Task", rows=0)
    answers = send_calls(harness)

    harness.drain()

    states = [state for state, _ in ends(harness, answers).values()]
    assert (states.count("parked"), states.count("pending")) == (3, 197)
    assert tasks_sent(org) <= 12


def test_a_time_that_is_up_for_one_row_may_do_another_time(
    harness: Harness, org: LocalOrg
) -> None:
    add_account(org)
    org.faults.add("max_rows", object="Task", rows=0, message="Apex CPU time limit")
    answer = harness.send(cora_call())

    harness.drain()

    assert harness.ended(answer) == ("pending", "cannot_insert_update_activate_entity")


def test_an_org_that_only_times_out_is_left_alone_after_three_requests(
    harness: Harness, org: LocalOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_account(org)
    monkeypatch.setattr(session, "READ_TIMEOUT_SECONDS", 0.2)
    org.faults.add("latency", path="sobjects/Task", seconds=0.4)
    answers = send_calls(harness)

    harness.drain()

    assert {state for state, _ in ends(harness, answers).values()} == {"pending"}
    assert tasks_sent(org) == 3
    assert harness.drainer.pace.records("Task") == 25


def test_a_request_that_times_out_once_goes_out_by_halves_at_once(
    harness: Harness, org: LocalOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.ask_one_by_one()
    add_account(org)
    monkeypatch.setattr(session, "READ_TIMEOUT_SECONDS", 1.0)
    org.faults.add("latency", path="sobjects/Task", seconds=1.3, times=1)
    answers = send_calls(harness, 40)

    harness.drain()

    assert set(ends(harness, answers).values()) == {("synced", None)}
    assert tasks_sent(org) == 3


def test_a_look_up_that_runs_for_too_long_is_asked_by_halves(
    harness: Harness, org: LocalOrg
) -> None:
    for number in range(8):
        add_account(org, f"ACC-{number}")
    org.faults.add(
        "too_long", path="/query", errorCode="QUERY_TIMEOUT", rows=-1, times=1
    )
    answers = [
        harness.send(cora_call(f"call-{number}", fileNumber=f"ACC-{number}"))
        for number in range(8)
    ]

    for lane in range(2):
        harness.drainer.drain(lane)

    assert {harness.ended(answer) for answer in answers} == {("synced", None)}
    # One lane asks once, the other once and by halves.
    assert org.stats()["by_path"]["GET query"] == 4
