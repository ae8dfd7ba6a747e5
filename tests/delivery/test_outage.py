"""An org that is away, busy or used up: how it is asked, and that nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from threading import Thread

import pytest
from sqlalchemy import Engine

from tests.delivery.harness import (
    LANES,
    Clock,
    Harness,
    add_account,
    cora_call,
    default_mappings,
)
from tests.guarded import guarded
from worker.crm.usage import Budget
from worker.delivery.draining import Drainer
from worker.errors import CrmUnavailable
from worker.intake import Answer
from worker.localorg import LocalOrg
from worker.noticeboard import OwnBoard

SWEEP_SECONDS = 15


@dataclass
class Site:
    """Two workers that share a board and a database, and the sweep that rings."""

    harness: Harness
    org: LocalOrg
    drainers: list[Drainer] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        return self.harness.clock

    def send(self, call_id: str, **payload: object) -> Answer:
        self.answers.append(self.harness.send(cora_call(call_id, **payload)))
        return self.answers[-1]

    def send_urgent(self, call_id: str) -> Answer:
        return self.send(call_id, outcomes={"doNotCall": True})

    def sweep(self) -> int:
        """Drain the lanes that are due, each worker some; return the requests."""
        before = self.requests()
        for lane in self.harness.lanes.lanes_due(self.clock()):
            self.drainers.reverse()
            assert self.drainers[0].drain(lane) is False
        return self.requests() - before

    def requests(self) -> int:
        stats = self.org.stats()
        return int(stats["api_requests"]) + int(stats["logins"])

    def sweeps(self, seconds: int) -> list[int]:
        """Sweep for so long; return the requests of each minute."""
        minutes = [0] * (seconds // 60)
        for at in range(0, seconds, SWEEP_SECONDS):
            minutes[at // 60] += self.sweep()
            self.clock.move(seconds=SWEEP_SECONDS)
        return minutes

    def ends(self) -> set[tuple[str, str | None]]:
        return {self.harness.ended(answer) for answer in self.answers}


@contextmanager
def site_of(engine: Engine, org: LocalOrg, budget: Budget) -> Iterator[Site]:
    board, clock = OwnBoard(), Clock()
    with ExitStack() as stack:
        orgs = [
            stack.enter_context(
                guarded(org.url, board, lambda: clock().timestamp(), budget)
            )
            for _ in range(2)
        ]
        site = Site(Harness(engine, orgs[0].crm, default_mappings(), clock), org)
        site.drainers = [
            replace(site.harness.drainer, crm=each.crm, guard=each.guard)
            for each in orgs
        ]
        yield site


@pytest.fixture
def site(database: Engine, org: LocalOrg) -> Iterator[Site]:
    """Two workers, where nothing but an outage holds calls up."""
    add_account(org)
    with site_of(database, org, Budget()) as made:
        yield made


def usual_calls(site: Site, count: int, name: str = "call") -> None:
    """Send calls of both lanes."""
    for number in range(count):
        account = f"ACC-{number % 7}"
        site.send(f"{name}-{number}", fileNumber=account)


def accounts(org: LocalOrg) -> None:
    for number in range(7):
        if number != 1:
            add_account(org, f"ACC-{number}")


@pytest.mark.parametrize(
    ("path", "quarters"),
    [("", 4), ("/services/oauth2/token", 2)],
    ids=["an hour without the org", "half an hour without its login"],
)
def test_an_outage_costs_few_requests_and_no_call(
    site: Site, org: LocalOrg, path: str, quarters: int
) -> None:
    accounts(org)
    org.faults.add("unavailable", path=path)
    minutes = []
    for quarter in range(quarters):
        usual_calls(site, 20, name=f"quarter-{quarter}")
        site.send_urgent(f"urgent-{quarter}")
        minutes += site.sweeps(15 * 60)
    pending = site.ends()
    org.faults.clear()

    site.sweeps(180)

    assert sum(minutes[1:]) < 2 * len(minutes[1:])
    assert max(minutes[2:]) <= 1
    assert pending == {("pending", None), ("pending", "crm_unavailable")}
    assert site.ends() == {("synced", None)}
    assert len(org.records("Task")) == len(site.answers) == 21 * quarters


def test_a_probe_is_one_request_and_success_lets_all_lanes_go(
    site: Site, org: LocalOrg
) -> None:
    accounts(org)
    org.faults.add("unavailable")
    usual_calls(site, 20)
    site.sweeps(600)
    site.clock.move(seconds=120)
    probing = site.sweep()
    while_open = site.sweep()
    org.faults.clear()
    site.clock.move(seconds=120)

    site.sweep()

    assert (probing, while_open) == (1, 0)
    assert site.ends() == {("synced", None)}


def test_waiting_for_the_org_is_no_attempt(site: Site, org: LocalOrg) -> None:
    org.faults.add("unavailable")
    first = site.send("call-1")
    site.sweeps(600)
    site.sweep()
    later = site.send("call-2")

    site.sweep()

    assert 0 < site.harness.event(first.event_id).attempts < 20
    assert site.harness.event(later.event_id).attempts == 0
    assert site.harness.event(later.event_id).next_attempt_at <= site.clock()


def test_an_urgent_call_probes_before_the_usual_ones(site: Site, org: LocalOrg) -> None:
    org.faults.add("unavailable")
    usual = site.send("usual")
    site.sweeps(600)
    guard = site.drainers[0].guard
    circuit = guard.breaker.circuit()  # type: ignore[attr-defined]
    org.faults.clear()
    site.clock.move(seconds=circuit.ask_at - site.clock().timestamp() + 0.001)
    urgent = site.send_urgent("urgent")
    lane = site.harness.event(urgent.event_id).lane

    held = guard.ask(lane + 1, urgent=False)
    site.drainers[0].drain(lane)

    assert held is None
    assert site.harness.ended(urgent) == ("synced", None)
    site.drainers[0].drain(site.harness.event(usual.event_id).lane)
    assert site.harness.ended(usual) == ("synced", None)


def test_total_requests_pauses_for_minutes_and_asks_once(
    site: Site, org: LocalOrg
) -> None:
    accounts(org)
    org.faults.add("total_requests")
    usual_calls(site, 20)

    minutes = site.sweeps(1800)
    org.faults.clear()
    site.sweeps(660)

    # A login and the limits first, then one probe in ten minutes.
    assert minutes[0] == 2
    assert sum(minutes[1:]) == 2
    assert site.ends() == {("synced", None)}


def test_concurrent_requests_hold_a_lane_up_for_seconds(
    site: Site, org: LocalOrg
) -> None:
    answer = site.send("call-1")
    org.faults.add("concurrent_requests", path="query", times=1)

    site.sweep()
    due_at = site.harness.event(answer.event_id).next_attempt_at
    waits = (due_at - site.clock()).total_seconds()
    site.clock.move(seconds=waits)
    site.sweep()

    assert waits == 3
    assert site.ends() == {("synced", None)}


def test_the_usage_is_asked_for_once_where_nobody_knows_it(
    site: Site, org: LocalOrg
) -> None:
    accounts(org)
    usual_calls(site, 20)
    site.sweep()
    usual_calls(site, 20, name="later")
    site.sweep()

    assert org.stats()["by_path"]["GET limits"] == 1
    assert site.ends() == {("synced", None)}


def test_a_user_who_may_not_see_the_limits_goes_on(site: Site, org: LocalOrg) -> None:
    """The local org answers the path of an object that it has not by 404."""
    guard = site.drainers[0].guard
    crm = site.drainers[0].crm
    guard._limits = lambda: crm.describe("Limits__c")  # type: ignore[attr-defined]
    site.send("call-1")

    site.drainers[0].drain(site.harness.event(1).lane)

    assert site.ends() == {("synced", None)}


def test_above_the_budget_usual_calls_go_once_a_minute_and_lane(
    site: Site, org: LocalOrg
) -> None:
    org.limit(1000, used_by_others=850)
    site.send("call-1")
    site.sweep()
    later = site.send("call-2")
    urgent = site.send_urgent("call-3")
    site.sweep()
    ended = site.harness.ended(later), site.harness.ended(urgent)

    site.clock.move(seconds=60)
    site.sweep()

    assert ended == (("pending", None), ("synced", None))
    assert site.ends() == {("synced", None)}


def test_a_used_up_budget_pauses_all_but_urgent_calls_until_it_falls(
    site: Site, org: LocalOrg
) -> None:
    org.limit(1000, used_by_others=960)
    usual = site.send("call-1")
    urgent = site.send_urgent("call-2")
    minutes = site.sweeps(900)
    paused = site.harness.ended(usual), site.harness.ended(urgent)
    org.limit(1000, used_by_others=100)

    site.sweeps(360)

    assert paused == (("pending", None), ("synced", None))
    assert sum(minutes[1:]) <= 3
    assert org.stats()["by_path"]["GET limits"] <= 5
    assert site.ends() == {("synced", None)}


def test_a_probe_asks_once_also_where_requests_go_side_by_side(
    site: Site, org: LocalOrg
) -> None:
    org.faults.add("unavailable")
    site.send("call-1")
    site.sweeps(60)
    site.clock.move(seconds=120)
    permit = site.drainers[0].guard.ask(LANES, urgent=True)
    assert permit is not None
    crm = permit.watch(site.drainers[0].crm)
    failed: list[str] = []
    before = site.requests()

    def find() -> None:
        try:
            crm.find("Task", ["Id"], {"Subject": ["none"]})
        except CrmUnavailable as error:
            failed.append(error.code)

    threads = [Thread(target=find) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == ["HTTP 503"] * 4
    assert site.requests() - before == 1


def test_a_probe_without_a_request_is_given_back(site: Site, org: LocalOrg) -> None:
    org.faults.add("unavailable")
    site.send("call-1")
    site.sweeps(60)
    guard = site.drainers[0].guard
    site.clock.move(seconds=120)
    probe = guard.ask(LANES, urgent=False)
    assert probe is not None

    found = probe.watch(site.drainers[0].crm).find("Task", ["Id"], {"Subject": []})
    probe.close()

    assert found == []
    assert guard.ask(LANES, urgent=True) is not None
