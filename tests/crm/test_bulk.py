"""Thousands of records by jobs of Bulk API 2.0, against a local org, over HTTP."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.localorg.client import write_schema
from worker.crm import RowResult
from worker.crm.bulk import BulkCrm
from worker.crm.bulk_csv import parts, read_error
from worker.crm.bulk_jobs import Waiting
from worker.crm.session import Session
from worker.crm.verdicts import Act, row_verdict
from worker.errors import CrmRefused, CrmUnavailable
from worker.localorg import LocalOrg
from worker.model import OrgLogin

KEY = "External_Call_Id__c"
NUMBER = "Account_Number__c"
JOBS = "jobs/ingest"
TEXTS = [
    'say "hi", please',
    "two\nlines\r\nand three",
    "a,b;c",
    "Müller 北京 🎈",
    "=1+1",
]

Made = Callable[..., BulkCrm]


class Clock:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds

    def waiting(self, deadline_seconds: float = 3600.0) -> Waiting:
        return Waiting(deadline_seconds, self.sleep, lambda: self.seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def made(org: LocalOrg, clock: Clock) -> Iterator[Made]:
    """A maker of clients that wait for nothing."""
    session = Session(OrgLogin(org.url, "local", "local", "67.0"))

    def make(threshold: int = 2, **options: Any) -> BulkCrm:
        settings = {"waiting": clock.waiting(), "blip_wait_seconds": 0.0}
        return BulkCrm(session, threshold, **{**settings, **options})

    yield make
    session.close()


def tasks(count: int, **fields: object) -> list[dict[str, object]]:
    return [{KEY: f"call-{number}", **fields} for number in range(count)]


def stored(org: LocalOrg) -> dict[str, dict[str, Any]]:
    return {task[KEY]: task for task in org.records("Task")}


def counted(org: LocalOrg) -> dict[str, int]:
    return dict(org.stats()["by_path"])


def codes(results: list[RowResult]) -> list[str | None]:
    return [result.code for result in results]


def test_six_thousand_records_are_one_job(org: LocalOrg, made: Made) -> None:
    org.insert("Task", [{KEY: f"CALL-{n}"} for n in range(0, 6000, 100)])
    records = tasks(6000, Subject="Call")
    for number in range(7, 6000, 1000):
        records[number]["CallType"] = "Sideways"
    org.reset_stats()

    results = made(5000).upsert("Task", KEY, records)

    known = stored(org)
    by_key = {key.lower(): task["Id"] for key, task in known.items()}
    for number, result in enumerate(results):
        if number % 1000 == 7:
            assert result.code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
            assert result.fields == ("CallType",)
            assert result.salesforce_id is None
        else:
            assert result.salesforce_id == by_key[f"call-{number}"]
            assert result.created is (number % 100 != 0)
    assert len(results) == 6000
    assert len(known) == 5994
    assert counted(org) == {
        "GET jobs/ingest": 2,
        "GET jobs/ingest/failedResults": 1,
        "GET jobs/ingest/successfulResults": 1,
        "GET sobjects/Task/describe": 1,
        "PATCH jobs/ingest": 1,
        "POST jobs/ingest": 1,
        "PUT jobs/ingest/batches": 1,
    }


def test_up_to_the_threshold_records_go_by_requests_of_200(
    org: LocalOrg, made: Made
) -> None:
    results = made(401).upsert("Task", KEY, tasks(401))

    assert all(result.created for result in results)
    assert counted(org) == {"PATCH composite/sobjects/Task": 3}


def test_many_are_updated_by_id(org: LocalOrg, made: Made) -> None:
    ids = org.insert("Task", tasks(5, Subject="Before"))
    records = [{"Id": i, "Subject": "After"} for i in reversed(ids)]
    records[1]["CallType"] = "Sideways"

    results = made().update("Task", records)

    assert [result.salesforce_id for result in results] == [
        ids[4],
        None,
        ids[2],
        ids[1],
        ids[0],
    ]
    assert {result.created for result in results} == {None}
    assert "GET sobjects/Task/describe" not in counted(org)
    subjects = [task["Subject"] for task in org.records("Task")]
    assert subjects == ["After", "After", "After", "Before", "After"]


def test_only_an_explicit_clear_empties_a_field(org: LocalOrg, made: Made) -> None:
    org.insert("Task", tasks(4, Subject="Kept", Description="Kept"))

    made().upsert(
        "Task",
        KEY,
        [
            {KEY: "call-0", "Subject": None},
            {KEY: "call-1", "Description": ""},
            {KEY: "call-2", "Description": "New"},
            {KEY: "call-3"},
        ],
    )

    assert [(t["Subject"], t["Description"]) for t in stored(org).values()] == [
        (None, "Kept"),
        ("Kept", None),
        ("Kept", "New"),
        ("Kept", "Kept"),
    ]


def test_values_arrive_as_they_are(org: LocalOrg, made: Made) -> None:
    records = [{KEY: f"call {text}", "Description": text} for text in TEXTS]

    results = made().upsert("Task", KEY, records)

    assert codes(results) == [None] * len(TEXTS)
    saved = {task["Id"]: task["Description"] for task in org.records("Task")}
    assert [saved[str(result.salesforce_id)] for result in results] == TEXTS


def test_flags_and_numbers_arrive_as_they_are(org: LocalOrg, made: Made) -> None:
    values = [(True, 12.5), (False, 0), (True, 3)]
    names = (NUMBER, "Do_Not_Call__c", "Balance__c")
    records = [
        dict(zip(names, (f"A-{n}", *pair), strict=True))
        for n, pair in enumerate(values)
    ]

    assert codes(made().upsert("Debt_Account__c", NUMBER, records)) == [None] * 3

    accounts = org.records("Debt_Account__c")
    assert [(a[names[1]], a[names[2]]) for a in accounts] == values


def test_a_lookup_by_external_id_is_a_column(org: LocalOrg, made: Made) -> None:
    (account,) = org.insert("Debt_Account__c", [{NUMBER: "A-1"}])
    what = {"attributes": {"type": "Debt_Account__c"}, NUMBER: "A-1"}
    records = [{KEY: f"call-{n}", "What": what} for n in range(3)]

    assert codes(made().upsert("Task", KEY, records)) == [None] * 3

    assert {task["WhatId"] for task in org.records("Task")} == {account}
    assert counted(org)["POST jobs/ingest"] == 1


def test_a_link_by_key_and_one_that_is_cleared_are_in_one_job(
    org: LocalOrg, made: Made
) -> None:
    (account,) = org.insert("Debt_Account__c", [{NUMBER: "A-1"}])
    details = [{KEY: "call-1", "Debt_Account__c": account}, {KEY: "call-2"}]
    org.insert("Call_Detail__c", details)
    records: list[dict[str, Any]] = [
        {KEY: "call-1", "Debt_Account__c": None},
        {KEY: "call-2", "Debt_Account__r": {NUMBER: "A-1"}},
        {KEY: "call-3", "Debt_Account__c": account},
    ]

    assert codes(made().upsert("Call_Detail__c", KEY, records)) == [None] * 3

    links = [record["Debt_Account__c"] for record in org.records("Call_Detail__c")]
    assert links == [None, account, account]
    assert [len(job.rows) for job in org.jobs.all()] == [3]


@pytest.mark.parametrize("text", ["#N/A", " #n/a"])
def test_a_text_that_would_read_as_a_clear_goes_by_a_request(
    org: LocalOrg, made: Made, text: str
) -> None:
    org.insert("Task", tasks(3, Subject="Before"))
    records = tasks(3, Subject="After")
    records[1]["Subject"] = text

    results = made().upsert("Task", KEY, records)

    assert [result.created for result in results] == [False] * 3
    subjects = [task["Subject"] for task in stored(org).values()]
    assert subjects == ["After", text, "After"]
    assert counted(org)["PATCH composite/sobjects/Task"] == 1
    assert counted(org)["POST jobs/ingest"] == 1


@pytest.mark.parametrize(
    "fields", [{"Subject": "half \ud83d"}, {"Debt_Account__r": None}]
)
def test_what_no_csv_can_say_goes_by_a_request(
    org: LocalOrg, made: Made, fields: dict[str, Any]
) -> None:
    made().upsert("Task", KEY, [*tasks(2), {KEY: "odd", **fields}])

    assert counted(org)["PATCH composite/sobjects/Task"] == 1
    assert [len(job.rows) for job in org.jobs.all()] == [2]


def test_keys_that_tell_no_records_apart_are_not_sent(
    org: LocalOrg, made: Made
) -> None:
    keys = ["call-1", "CALL-1", None, "", "call-2"]

    results = made().upsert("Task", KEY, [{KEY: key} for key in keys])

    assert codes(results) == [
        "DUPLICATE_EXTERNAL_ID",
        "DUPLICATE_EXTERNAL_ID",
        "MISSING_ARGUMENT",
        "MISSING_ARGUMENT",
        None,
    ]
    assert [*stored(org)] == ["call-2"]


def test_keys_of_a_case_sensitive_field_differ_by_their_case(tmp_path: Path) -> None:
    with LocalOrg(write_schema(tmp_path)) as org:
        session = Session(OrgLogin(org.url, "local", "local", "67.0"))
        records = [
            {"Exact_Key__c": key, NUMBER: f"A-{n}", "Balance__c": n}
            for n, key in enumerate(("ab", "AB", "Ab"))
        ]
        crm = BulkCrm(session, 2, waiting=Clock().waiting())

        results = crm.upsert("Debt_Account__c", "Exact_Key__c", records)
        session.close()

        ids = [account["Id"] for account in org.records("Debt_Account__c")]
        assert [result.salesforce_id for result in results] == ids


def test_a_csv_too_large_for_one_job_is_several(org: LocalOrg, made: Made) -> None:
    records = tasks(100, Subject="x" * 50)
    most_bytes = 2_000

    results = made(part_bytes=most_bytes).upsert("Task", KEY, records)

    assert all(result.created for result in results)
    assert [*stored(org)] == [record[KEY] for record in records]
    cut = parts(records, most_bytes)
    assert counted(org)["POST jobs/ingest"] == len(cut) == 4
    assert all(len(part) == len(b"".join(part)) <= most_bytes for part in cut)


def test_a_record_larger_than_a_job_is_a_job_of_its_own() -> None:
    cut = parts(tasks(3, Subject="x" * 50), most_bytes=10)

    assert [(part.start, len(part.records)) for part in cut] == [(0, 1), (1, 1), (2, 1)]


def test_a_csv_is_made_block_by_block() -> None:
    (part,) = parts([{KEY: str(n), "Description": "x" * 1000} for n in range(1000)])

    blocks = [len(block) for block in part]

    assert sum(blocks) == len(part) > 1_000_000
    assert max(blocks) < 70_000


@pytest.mark.parametrize(
    "step",
    [
        "POST /services/data/v67.0/jobs/ingest",
        "/batches",
        "PATCH",
        "GET /services/data/v67.0/jobs/ingest",
        "/successfulResults",
        "/failedResults",
    ],
)
def test_a_session_that_ends_on_the_way_is_renewed_once(
    org: LocalOrg, made: Made, step: str
) -> None:
    records = tasks(4)
    records[2]["CallType"] = "Sideways"
    org.faults.add("session_expired", path=step)

    results = made().upsert("Task", KEY, records)

    assert [result.created for result in results] == [True, True, None, True]
    assert org.stats()["logins"] == 2
    assert len(org.jobs.all()) == 1
    assert sum(counted(org).values()) == 9


@pytest.mark.parametrize("kind", ["drop_before", "drop_after_commit", "unavailable"])
@pytest.mark.parametrize(
    ("step", "jobs"),
    [
        ("POST /services/data", 2),
        ("/batches", 2),
        ("PATCH", 1),
        ("GET /services/data/v67.0/jobs", 1),
        ("/successfulResults", 1),
    ],
)
def test_an_exchange_that_breaks_off_writes_each_record_once(
    org: LocalOrg, made: Made, kind: str, step: str, jobs: int
) -> None:
    org.faults.add(kind, times=1, path=step)

    results = made().upsert("Task", KEY, tasks(4))

    assert [result.created for result in results] == [True] * 4
    closed = [job for job in org.jobs.all() if job.state == "JobComplete"]
    assert len(closed) == 1
    # A job that was made, but whose making was never answered, stays open and empty.
    made_unheard = step.startswith("POST") and kind != "drop_after_commit"
    assert len(org.jobs.all()) == (1 if made_unheard else jobs)


def test_an_upload_that_breaks_off_is_given_up(org: LocalOrg, made: Made) -> None:
    org.faults.add("drop_after_commit", times=1, path="/batches")

    made().upsert("Task", KEY, tasks(3))

    states = [(job.state, len(job.rows)) for job in org.jobs.all()]
    assert states == [("Aborted", 3), ("JobComplete", 3)]


def test_waits_grow_and_end(org: LocalOrg, made: Made, clock: Clock) -> None:
    org.jobs.configure(looks=9)

    made().upsert("Task", KEY, tasks(9))

    assert clock.waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_job_that_outlasts_the_deadline_is_looked_at_by_the_next_call(
    org: LocalOrg, made: Made, clock: Clock
) -> None:
    org.jobs.configure(looks=6)
    crm = made(waiting=clock.waiting(deadline_seconds=5))

    with pytest.raises(CrmUnavailable, match="bulk job under way"):
        crm.upsert("Task", KEY, tasks(6))
    results = crm.upsert("Task", KEY, tasks(6))

    assert [result.created for result in results] == [True] * 6
    assert counted(org)["POST jobs/ingest"] == 1
    assert counted(org)["PUT jobs/ingest/batches"] == 1


def test_records_written_again_later_are_a_new_job(org: LocalOrg, made: Made) -> None:
    crm = made()

    first = crm.upsert("Task", KEY, tasks(3))
    second = crm.upsert("Task", KEY, tasks(3))

    assert [result.created for result in first + second] == [True] * 3 + [False] * 3
    assert counted(org)["POST jobs/ingest"] == 2
    assert counted(org)["GET sobjects/Task/describe"] == 1
    assert "GET jobs/ingest/failedResults" not in counted(org)


@pytest.mark.parametrize("jobs", [{}, {"kind": "gone"}])
def test_a_job_remembered_by_another_process_is_looked_at(
    org: LocalOrg, made: Made, clock: Clock, jobs: dict[str, str]
) -> None:
    under_way: dict[str, str] = {}
    org.jobs.configure(looks=6)
    waiting = clock.waiting(deadline_seconds=5)
    with pytest.raises(CrmUnavailable):
        made(waiting=waiting, under_way=under_way).upsert("Task", KEY, tasks(6))
    if jobs:
        under_way.update(dict.fromkeys(under_way, "750000000000000AAA"))

    results = made(under_way=under_way).upsert("Task", KEY, tasks(6))

    assert codes(results) == [None] * 6
    assert len(org.jobs.all()) == (2 if jobs else 1)
    assert under_way == {}


def ending(org: LocalOrg, state: str, error: str = "") -> Waiting:
    """A way to wait in which a half-done job ends."""

    def end(_seconds: float) -> None:
        (job,) = org.jobs.all()
        with job.lock:
            job.state, job.error = state, error

    return Waiting(sleep=end)


def test_what_an_aborted_job_did_not_reach_is_tried_again(
    org: LocalOrg, made: Made
) -> None:
    crm = made(waiting=ending(org, "Aborted"))

    results = crm.upsert("Task", KEY, tasks(4))

    assert codes(results) == [None, None, "PROCESSING_HALTED", "PROCESSING_HALTED"]
    assert row_verdict("PROCESSING_HALTED").act is Act.RETRY


def test_an_aborted_job_need_not_tell_its_results(org: LocalOrg, made: Made) -> None:
    body = [{"errorCode": "INVALIDJOBSTATE", "message": "Not completed"}]
    org.faults.add("answer", path="/successfulResults", status=400, body=body)
    crm = made(waiting=ending(org, "Aborted"))

    results = crm.upsert("Task", KEY, tasks(4))

    assert codes(results) == ["PROCESSING_HALTED"] * 4


def test_a_job_that_is_no_longer_waited_for_is_ended(
    org: LocalOrg, made: Made, clock: Clock
) -> None:
    org.jobs.configure(looks=4)
    waiting = Waiting(sleep=clock.sleep, may_wait=lambda: not clock.waits)

    results = made(waiting=waiting).upsert("Task", KEY, tasks(8))

    halted = "PROCESSING_HALTED"
    assert codes(results) == [None] * 4 + [halted] * 4
    assert [job.state for job in org.jobs.all()] == ["Aborted"]
    assert all(result.is_reached for result in results)


@pytest.mark.parametrize(
    ("error", "code", "act"),
    [
        ("", "PROCESSING_HALTED", Act.RETRY),
        ("Timeout : Too long", "PROCESSING_HALTED", Act.RETRY),
        ("InvalidBatch : Something else", "InvalidBatch", Act.PARK),
    ],
)
def test_a_failed_job_is_tried_again_only_where_that_may_do(
    org: LocalOrg, made: Made, error: str, code: str, act: Act
) -> None:
    crm = made(waiting=ending(org, "Failed", error))

    results = crm.upsert("Task", KEY, tasks(4))

    assert codes(results) == [None, None, code, code]
    assert row_verdict(code).act is act


def test_what_a_failed_job_did_not_reach_is_tried_again(
    org: LocalOrg, made: Made
) -> None:
    org.jobs.configure(looks=1, fails_after=1)

    results = made().upsert("Task", KEY, tasks(3))

    assert codes(results) == [None, "PROCESSING_HALTED", "PROCESSING_HALTED"]


def test_a_field_that_is_not_there_is_the_fault_of_those_who_have_it(
    org: LocalOrg, made: Made
) -> None:
    records = tasks(3, Subject="Call")
    records[1]["Nope__c"] = "x"

    results = made().upsert("Task", KEY, records)

    halted = "PROCESSING_HALTED"
    assert codes(results) == [halted, "INVALID_FIELD", halted]
    assert results[1].fields == ("Nope__c",)
    assert org.records("Task") == []


def test_row_faults_are_read_as_they_are_from_a_request(
    org: LocalOrg, made: Made
) -> None:
    fault = {"field": KEY, "statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}
    message = "Say: why, where -- and\nwho"
    for number, fields in enumerate((["Subject", "Status"], [], ["Subject"])):
        org.faults.add(
            "row_error", **fault, value=f"call-{number}", message=message, fields=fields
        )
    org.faults.add("row_lock", keys=["call-3"])

    results = made().upsert("Task", KEY, tasks(5))

    one_by_one = [made(100).upsert("Task", KEY, tasks(5)[n : n + 1])[0] for n in (0, 1)]
    assert results[:2] == one_by_one
    assert codes(results)[3:] == ["UNABLE_TO_LOCK_ROW", None]
    assert results[2].message == message


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("CODE:Why: so:--", ("CODE", "Why: so", ())),
        ("CODE:Why:A__c --", ("CODE", "Why", ("A__c",))),
        ("CODE:Why:A__c, B --", ("CODE", "Why", ("A__c", "B"))),
        ("CODE:Why:A --OTHER:What:B --", ("CODE", "Why", ("A",))),
        ("CODE:no end", ("CODE", "no end", ())),
        ("", ("UNKNOWN_EXCEPTION", "", ())),
    ],
)
def test_an_error_is_read_into_its_parts(text: str, read: object) -> None:
    assert read_error(text) == read


def test_a_refused_job_is_refused(made: Made) -> None:
    with pytest.raises(CrmRefused) as caught:
        made().upsert("Task", "Subject", [{"Subject": str(n)} for n in range(3)])

    assert caught.value.code == "INVALIDJOB"


def test_a_dead_org_is_asked_three_times(org: LocalOrg, made: Made) -> None:
    org.faults.add("unavailable", path="jobs/ingest")

    with pytest.raises(CrmUnavailable):
        made().upsert("Task", KEY, tasks(3))

    assert counted(org)["POST jobs/ingest"] == 3
    assert org.jobs.all() == []


def test_nothing_of_the_records_is_logged(
    org: LocalOrg, made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    org.faults.add("unavailable", times=3, path="/batches")
    crm = made()

    with caplog.at_level(logging.INFO, logger="worker"):
        with pytest.raises(CrmUnavailable) as caught:
            crm.upsert("Task", KEY, tasks(3, Subject="private"))
        crm.upsert("Task", KEY, tasks(3, Subject="private", CallType="private"))

    assert "3 rows done, 3 of them failed" in caplog.text
    said = caplog.text + str(caught.value) + repr(parts(tasks(1, Subject="private")))
    assert "private" not in said
    assert "call-1" not in said
