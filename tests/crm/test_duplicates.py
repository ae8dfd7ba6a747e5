"""Records that a duplicate rule stops, written with leave to save them, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.guarded import guarded
from tests.orgs import client_of
from worker.crm import Crm
from worker.crm.bulk import BulkCrm
from worker.crm.bulk_jobs import Waiting
from worker.crm.session import Session
from worker.localorg import LocalOrg
from worker.model import OrgLogin

KEY = "External_Call_Id__c"
CODE = "DUPLICATES_DETECTED"
THRESHOLD = 2


@contextmanager
def bulk_of(url: str) -> Iterator[BulkCrm]:
    waiting = Waiting(sleep=lambda _: None, clock_seconds=lambda: 0.0)
    with closing(Session(OrgLogin(url, "local", "local", "67.0"))) as session:
        yield BulkCrm(session, THRESHOLD, waiting=waiting, blip_wait_seconds=0.0)


@contextmanager
def watched(url: str) -> Iterator[Crm]:
    with guarded(url) as org:
        permit = org.guard.ask(0, urgent=True)
        assert permit is not None
        yield permit.watch(org.crm)
        permit.close()


@pytest.fixture(params=[client_of, watched, bulk_of], ids=["plain", "watched", "bulk"])
def crm(request: pytest.FixtureRequest, org: LocalOrg) -> Iterator[Crm]:
    with request.param(org.url) as made:
        yield made


def tasks(count: int) -> list[dict[str, str]]:
    return [{KEY: f"call-{number}", "Subject": "Call"} for number in range(count)]


@pytest.mark.parametrize(
    ("action", "allow", "code"),
    [
        ("alert", False, CODE),
        ("alert", True, None),
        ("block", False, CODE),
        ("block", True, CODE),
    ],
)
def test_only_leave_to_save_passes_and_only_a_rule_that_alerts(
    org: LocalOrg, crm: Crm, action: str, allow: bool, code: str | None
) -> None:
    (known,) = org.insert("Task", [{KEY: "known"}])
    org.faults.add("duplicates", action=action)

    (made,) = crm.upsert("Task", KEY, tasks(1), allow_duplicates=allow)
    changed = [{"Id": known, "Subject": "Changed"}]
    (updated,) = crm.update("Task", changed, allow_duplicates=allow)

    assert (made.code, updated.code) == (code, code)
    assert len(org.records("Task")) == (1 if code else 2)


def test_the_leave_outlives_a_session(org: LocalOrg) -> None:
    org.faults.add("duplicates", action="alert")
    with client_of(org.url) as crm:
        crm.upsert("Task", KEY, tasks(1))
        org.faults.add("session_expired")

        (result,) = crm.upsert("Task", KEY, tasks(1), allow_duplicates=True)

    assert result.code is None
    assert org.stats()["logins"] == 2


def test_more_than_a_jobs_worth_of_them_go_by_requests(org: LocalOrg) -> None:
    org.faults.add("duplicates", action="alert")
    with bulk_of(org.url) as crm:
        allowed = crm.upsert("Task", KEY, tasks(201), allow_duplicates=True)
        paths = dict(org.stats()["by_path"])
        stopped = crm.upsert("Task", KEY, tasks(3))

    assert {result.code for result in allowed} == {None}
    assert sum(n for path, n in paths.items() if "composite" in path) == 2
    assert not any("jobs" in path for path in paths)
    assert {result.code for result in stopped} == {CODE}
