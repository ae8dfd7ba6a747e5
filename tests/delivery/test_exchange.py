"""The pipeline by itself: no lane, no lease, no database, and a CRM in memory."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.delivery.harness import cora_call, cora_mapping
from worker import sources
from worker.crm.memory import MemoryCrm
from worker.delivery.exchange import deliver
from worker.delivery.planning import Job, jobs_of
from worker.errors import CrmRefused, CrmUnavailable
from worker.mapping.context import context_of
from worker.model import Connection, Delivery, State
from worker.org_schema import OrgSchema
from worker.store.tables import RecordRow

NOW = datetime(2026, 5, 4, 10, 15, 30, tzinfo=UTC)
CONNECTION = Connection("cora", "cora", ())
ACCOUNT = {"Id": "a01", "Account_Number__c": "ACC-1", "Phone__c": "1"}
WRITES = """
  - object: Task
    key: {External_Call_Id__c: event.call_id}
    fields: {Subject: {value: Call}}
    links:
      WhatId: {object: Debt_Account__c, match: [{Account_Number__c: event.file_number}]}
  - object: Debt_Account__c
    mode: update
    key: {Account_Number__c: event.file_number}
    fields:
      Last_Call_Result__c: payload.summary
      Phone__c: {from: event.phone, write: if_empty}
      Notes__c: {from: payload.summary, write: append}
"""


def jobs_for(*calls: Mapping[str, Any], writes: str = WRITES) -> list[Job]:
    """Return the jobs that a mapping makes of calls, as a drainer would."""
    mapping = cora_mapping(writes).mappings["cora", "call.completed"]
    jobs: list[Job] = []
    for number, call in enumerate(calls, start=1):
        delivery = Delivery({}, json.dumps(call).encode(), NOW)
        event = sources.load("cora").read(delivery)
        plan = mapping.plan(context_of(event, CONNECTION, NOW))
        made, unwritten = jobs_of(plan, event_id=number, occurred_at=event.occurred_at)
        assert unwritten == []
        jobs += made
    return jobs


def ends(jobs: Sequence[Job]) -> list[tuple[str, str, str | None]]:
    outcomes = [job.outcome for job in jobs if job.outcome is not None]
    assert len(outcomes) == len(jobs)
    return [(o.object, o.state, o.reason) for o in outcomes]


def test_jobs_reach_a_crm_that_is_only_in_memory() -> None:
    crm = MemoryCrm({"Debt_Account__c": [ACCOUNT]})
    jobs = jobs_for(cora_call("call-1"), cora_call("call-2", summary="Again."))

    assert deliver(jobs, crm, OrgSchema()) is None

    assert {state for _, state, _ in ends(jobs)} == {State.SYNCED}
    (account,) = crm.records("Debt_Account__c")
    assert account == {
        **ACCOUNT,
        "Last_Call_Result__c": "Again.",
        "Notes__c": ("2026-05-04 Again. [call-2]\n2026-05-04 They talked. [call-1]"),
    }
    assert [task["WhatId"] for task in crm.records("Task")] == ["a01", "a01"]
    assert [(verb, name) for verb, name, _ in crm.written] == [
        ("update", "Debt_Account__c"),
        ("create", "Task"),
        ("create", "Task"),
    ]
    # A look-up, an update, an upsert.
    assert crm.requests == 3


def test_a_job_says_what_of_it_was_sent_and_to_whom() -> None:
    crm = MemoryCrm({"Debt_Account__c": [ACCOUNT]})
    jobs = jobs_for(cora_call())

    deliver(jobs, crm, OrgSchema())

    task, account = (job.outcome for job in jobs)
    assert task is not None
    assert account is not None
    assert (task.fields, task.created) == ({"Subject": "Call", "WhatId": "a01"}, True)
    assert account.salesforce_id == "a01"
    assert account.fields == {
        "Last_Call_Result__c": "They talked.",
        "Notes__c": "2026-05-04 They talked. [call-1]",
    }


def test_what_is_settled_already_is_not_sent_again() -> None:
    crm = MemoryCrm({"Debt_Account__c": [ACCOUNT]})
    jobs = jobs_for(cora_call())
    deliver(jobs, crm, OrgSchema())
    requests = crm.requests

    assert deliver(jobs, crm, OrgSchema()) is None
    assert deliver([], crm, OrgSchema()) is None

    assert crm.requests == requests


def test_each_request_is_told_of_before_it_is_made() -> None:
    crm = MemoryCrm({"Debt_Account__c": [ACCOUNT]})
    seen: list[int] = []

    deliver(
        jobs_for(cora_call()),
        crm,
        OrgSchema(),
        before_request=lambda: seen.append(crm.requests),
    )

    assert seen == [0, 1, 2]


def test_what_later_calls_wrote_is_asked_for_and_left_alone() -> None:
    crm = MemoryCrm({"Debt_Account__c": [ACCOUNT]})
    asked: list[tuple[Any, ...]] = []
    later = RecordRow(
        event_id=99,
        ordinal=0,
        object="Debt_Account__c",
        key="Account_Number__c=ACC-1",
        salesforce_id="a01",
        fields={"Last_Call_Result__c": "Later."},
        place="",
        mapping_version="1",
        occurred_at=NOW,
        state="synced",
    )

    def newer(*details: Any) -> Sequence[RecordRow]:
        asked.append(details)
        return [later] if details[0] == "Debt_Account__c" else []

    deliver(jobs_for(cora_call()), crm, OrgSchema(), newer=newer)

    (account,) = crm.records("Debt_Account__c")
    assert "Last_Call_Result__c" not in account
    assert account["Notes__c"] == "2026-05-04 They talked. [call-1]"
    started_at = datetime(2026, 5, 4, 10, 14, 20, tzinfo=UTC)
    assert asked == [
        ("Debt_Account__c", ["a01"], [], started_at),
        ("Task", [], ["External_Call_Id__c=call-1"], started_at),
    ]


class Away(MemoryCrm):
    """A CRM that is away for some of what it is asked."""

    def __init__(self, *, finds: Exception | None = None) -> None:
        super().__init__({"Debt_Account__c": [ACCOUNT]})
        self.finds = finds

    def find(
        self,
        object_name: str,
        select: Collection[str],
        values: Mapping[str, Collection[str]],
    ) -> list[dict[str, Any]]:
        if self.finds is not None:
            raise self.finds
        return super().find(object_name, select, values)

    def update(self, *_: Any, **__: Any) -> Any:
        raise CrmUnavailable("REQUEST_LIMIT_EXCEEDED", 600.0)


def test_a_crm_that_is_away_leaves_every_job_pending() -> None:
    jobs = jobs_for(cora_call("a"), cora_call("b"))

    unavailable = deliver(jobs, Away(finds=CrmUnavailable("timeout")), OrgSchema())

    assert unavailable is not None
    assert unavailable.code == "timeout"
    assert {(s, r) for _, s, r in ends(jobs)} == {("pending", "crm_unavailable")}


def test_a_crm_that_goes_away_is_asked_for_nothing_more() -> None:
    crm = Away()
    jobs = jobs_for(cora_call())

    unavailable = deliver(jobs, crm, OrgSchema())

    assert unavailable is not None
    assert unavailable.retry_after_seconds == 600
    assert {state for _, state, _ in ends(jobs)} == {"pending"}
    assert crm.records("Task") == []


def test_a_refused_look_up_ends_who_asked_for_it() -> None:
    jobs = jobs_for(cora_call())

    unavailable = deliver(jobs, Away(finds=CrmRefused("INVALID_TYPE")), OrgSchema())

    assert unavailable is None
    assert {(s, r) for _, s, r in ends(jobs)} == {("parked", "invalid_type")}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_objects_that_refer_to_each_other_keep_the_mappings_order(
    order: tuple[int, int],
) -> None:
    each = [
        """
  - object: A
    key: {K: event.call_id}
    fields: {}
    links: {B: {object: B, match: [{K: event.call_id}], missing: skip}}
""",
        """
  - object: B
    key: {K: event.call_id}
    fields: {}
    links: {A: {object: A, match: [{K: event.call_id}], missing: skip}}
""",
    ]
    crm = MemoryCrm()

    deliver(
        jobs_for(cora_call(), writes=each[order[0]] + each[order[1]]), crm, OrgSchema()
    )

    assert [name for _, name, _ in crm.written] == ["AB"[n] for n in order]
