"""Two beats at once: each lane is rung for twice, and nothing is done twice."""

from __future__ import annotations

from dataclasses import replace

from tests.delivery.harness import Harness, Spy, add_account, cora_call
from worker.localorg import LocalOrg


def test_two_sweeps_ring_twice_and_each_call_is_written_once(
    harness: Harness, org: LocalOrg
) -> None:
    """The second ring is heard in the middle of the drain of the first, and after."""
    add_account(org)
    answers = [harness.send(cora_call(f"call-{number}")) for number in range(5)]
    spy = Spy(harness.crm)
    first = replace(harness.drainer, crm=spy)
    now = harness.clock()
    rings = [harness.lanes.lanes_due(now), harness.lanes.lanes_due(now)]
    (lane,) = rings[0]
    heard: list[bool] = []
    spy.before_write = lambda: heard.append(harness.drainer.drain(lane))

    first.drain(lane)
    requests = org.stats()["api_requests"]
    heard.append(harness.drainer.drain(lane))

    assert rings[0] == rings[1]
    assert heard == [False, False]
    assert org.stats()["api_requests"] == requests
    assert len(spy.sent("Task")) == len(org.records("Task")) == 5
    assert {harness.ended(answer) for answer in answers} == {("synced", None)}
