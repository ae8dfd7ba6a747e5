"""A job that fails, is left behind or takes too long loses no event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.delivery.depot import Depot, depot_of
from worker.localorg import LocalOrg
from worker.store.lanes import Lease


@pytest.fixture
def depot(database: Engine, org: LocalOrg) -> Iterator[Depot]:
    """A lane whose calls make a task."""
    with depot_of(database, org) as made:
        yield made


def test_a_worker_killed_in_the_middle_of_a_job_loses_nothing(depot: Depot) -> None:
    depot.org.jobs.configure(looks=4)
    depot.queue(220)

    def die() -> None:
        raise SystemExit

    depot.on_wait = die
    with pytest.raises(SystemExit):
        depot.worker().drain(0)
    assert depot.ends() == {("pending", None)}
    assert [state for _, state, _ in depot.jobs()] == ["InProgress"]
    depot.on_wait = lambda: None
    depot.clock.move(minutes=5)

    depot.worker().drain(0)

    # What the first job still does could overwrite what comes after it.
    assert [state for _, state, _ in depot.jobs()] == ["Aborted", "JobComplete"]
    assert depot.ends() == {("synced", None)}
    assert len(depot.org.records("Task")) == 220
    assert depot.board.read("jobs:0") == {}


def test_a_job_that_cannot_be_ended_is_waited_for(depot: Depot) -> None:
    depot.org.jobs.configure(looks=5)
    depot.queue(220)
    depot.on_wait = lambda: depot.org.faults.add("unavailable", path="jobs/ingest")
    depot.worker().drain(0)
    depot.org.faults.clear()
    body = [{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}]
    path = "PATCH /services/data/v67.0/jobs"
    depot.org.faults.add("answer", path=path, status=400, body=body)
    depot.clock.move(minutes=5)

    depot.worker().drain(0)
    too_early = depot.ends(), len(depot.jobs())
    depot.clock.move(minutes=5)
    depot.worker().drain(0)

    assert too_early == ({("pending", "crm_unavailable")}, 1)
    assert depot.jobs()[0][1] == "JobComplete"
    assert depot.ends() == {("synced", None)}


def test_a_job_left_behind_is_ended_also_before_a_few_calls(depot: Depot) -> None:
    depot.org.jobs.configure(looks=4)
    depot.queue(220)
    depot.on_wait = lambda: depot.org.faults.add("unavailable", path="jobs/ingest")
    depot.worker().drain(0)
    assert depot.ends() == {("pending", "crm_unavailable")}
    assert len(depot.board.read("jobs:0")) == 1
    depot.org.faults.clear()
    few = depot.send("few", summary="Few.")

    depot.worker().drain(0)

    assert depot.harness.ended(few) == ("synced", None)
    assert [state for _, state, _ in depot.jobs()] == ["Aborted"]
    assert depot.board.read("jobs:0") == {}


def test_an_org_that_goes_away_in_the_middle_of_a_job_is_let_be(depot: Depot) -> None:
    depot.org.jobs.configure(looks=50)
    depot.queue(220)
    depot.on_wait = lambda: depot.org.faults.add("unavailable")
    worker = depot.worker()

    for _ in range(3):
        worker.drain(0)
        depot.clock.move(minutes=1)

    guard: Any = worker.guard
    assert depot.ends() == {("pending", "crm_unavailable")}
    assert guard.breaker.circuit().is_open
    depot.on_wait = lambda: None
    depot.org.faults.clear()
    depot.clock.move(minutes=5)
    # The probe is no job: were the org still away, it would cost as much.
    worker.drain(0)
    assert depot.jobs() == [("Task", "Aborted", 220)]
    assert depot.ends() == {("synced", None)}
    assert len(depot.org.records("Task")) == 220


def test_above_the_budget_there_are_no_jobs(depot: Depot) -> None:
    depot.org.limit(1000, used_by_others=850)
    depot.queue(220)

    depot.worker().drain(0)

    assert depot.ends() == {("synced", None)}
    assert depot.jobs() == []


@pytest.mark.parametrize("path", ["jobs/ingest", "/batches"])
def test_what_takes_no_jobs_gets_requests(depot: Depot, path: str) -> None:
    body = [{"errorCode": "FEATURENOTENABLED", "message": "Bulk is not enabled"}]
    depot.org.faults.add("answer", path=path, status=400, body=body)
    depot.queue(220)

    depot.worker().drain(0)

    assert depot.ends() == {("synced", None)}
    assert depot.asked()["PATCH composite/sobjects/Task"] == 2


def test_an_upload_that_is_too_large_for_a_proxy_goes_by_requests(
    depot: Depot,
) -> None:
    depot.org.faults.add("answer", path="/batches", status=413, page="Too large")
    depot.queue(220)

    depot.worker().drain(0)

    assert depot.ends() == {("synced", None)}
    assert depot.jobs() == [("Task", "Aborted", 0)]


def test_what_a_failed_job_has_not_reached_goes_by_requests(depot: Depot) -> None:
    depot.org.jobs.configure(looks=1, fails_after=10)
    depot.queue(220)

    depot.worker().drain(0)

    assert depot.ends() == {("synced", None)}
    assert depot.jobs() == [("Task", "Failed", 220)]
    assert depot.asked()["PATCH composite/sobjects/Task"] == 2
    assert len(depot.org.records("Task")) == 220


def test_the_lane_is_held_as_long_as_the_job_takes(depot: Depot) -> None:
    depot.org.jobs.configure(looks=8)
    depot.queue(220)
    lanes, taken = depot.harness.lanes, list[Lease | None]()

    def pass_time() -> None:
        depot.clock.move(seconds=50)
        taken.append(lanes.lease(0, depot.clock(), 60))

    depot.on_wait = pass_time

    depot.worker().drain(0)

    assert taken == [None] * 7
    assert depot.ends() == {("synced", None)}


def test_a_worker_that_has_lost_the_lane_settles_nothing(depot: Depot) -> None:
    depot.org.jobs.configure(looks=8)
    depot.queue(220)

    def oversleep() -> None:
        depot.clock.move(minutes=5)
        assert depot.harness.lanes.lease(0, depot.clock(), 60) is not None

    depot.on_wait = oversleep

    assert depot.worker().drain(0) is False

    assert depot.waits == 1
    assert depot.ends() == {("pending", None)}


def test_a_job_that_takes_too_long_is_gone_on_with_by_another(depot: Depot) -> None:
    depot.org.jobs.configure(looks=4)
    depot.queue(440)
    depot.on_wait = lambda: depot.clock.move(minutes=31)
    worker = depot.worker()

    for _ in range(4):
        worker.drain(0)
        depot.clock.move(minutes=16)

    states = [(state, rows) for _, state, rows in depot.jobs()]
    assert states == [("Aborted", 440), ("Aborted", 220)]
    assert depot.ends() == {("synced", None)}
