"""The usage of API requests: read from each answer, and what it allows."""

from __future__ import annotations

import pytest

from tests.guarded import guarded
from worker.crm.usage import Allowance, Budget, Meter, Usage, parse_limit_info
from worker.errors import CrmRefused
from worker.localorg import LocalOrg
from worker.noticeboard import OwnBoard

ORG_ONLY = "api-usage=18/5000"
WITH_APP = "api-usage=25/5000; per-app-api-usage=17/250(appName=sample-app)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ORG_ONLY, Usage(18, 5000, 9.0)),
        (WITH_APP, Usage(25, 5000, 9.0, 17, 250)),
        ("", None),
        ("per-app-api-usage=17/250(appName=a)", None),
        ("api-usage=many/5000", None),
    ],
)
def test_a_limit_header_is_read_whole_or_not_at_all(
    text: str, expected: Usage | None
) -> None:
    assert parse_limit_info(text, read_at=9.0) == expected


def test_the_larger_share_counts() -> None:
    assert Usage(25, 100, 0.0).percent == 25
    assert Usage(25, 100, 0.0, 9, 10).percent == 90
    assert Usage(25, 0, 0.0).percent == 0


@pytest.mark.parametrize(
    ("used", "allowance"),
    [
        (79, Allowance.ALL),
        (80, Allowance.SLOWLY),
        (94, Allowance.SLOWLY),
        (95, Allowance.URGENT_ONLY),
        (120, Allowance.URGENT_ONLY),
    ],
)
def test_the_budget_slows_down_and_then_pauses(used: int, allowance: Allowance) -> None:
    assert Budget(80, 95).allows(Usage(used, 100, 0.0)) is allowance
    assert Budget(80, 95).allows(None) is Allowance.ALL


def test_every_answer_is_read_also_one_that_refuses(org: LocalOrg) -> None:
    board = OwnBoard()
    org.limit(1000, used_by_others=100)
    with guarded(org.url, board) as there:
        there.crm.find("Task", ["Id"], {"Subject": ["none"]})
        after_answer = there.guard.meter.latest()
        with pytest.raises(CrmRefused):
            there.crm.describe("Nothing__c")
        after_refusal = there.guard.meter.latest()

    assert after_answer == Usage(101, 1000, 0.0)
    assert after_refusal == Usage(102, 1000, 0.0)


def test_all_workers_know_what_one_was_told(org: LocalOrg) -> None:
    board = OwnBoard()
    with guarded(org.url, board) as there:
        there.crm.find("Task", ["Id"], {"Subject": ["none"]})

    assert Meter(board, lambda: 5.0).latest() == Usage(1, 15000, 0.0)


def test_limits_tell_the_usage_exactly(org: LocalOrg) -> None:
    org.limit(200, used_by_others=49)
    meter = Meter(OwnBoard(), lambda: 7.0)
    with guarded(org.url) as there:
        meter.note_limits(there.crm.limits())

    assert meter.latest() == Usage(50, 200, 7.0)


def test_limits_keep_the_share_of_the_app() -> None:
    meter = Meter(OwnBoard(), lambda: 7.0)
    meter.note_headers({"Sforce-Limit-Info": WITH_APP})

    meter.note_limits({"DailyApiRequests": {"Max": 5000, "Remaining": 4000}})

    assert meter.latest() == Usage(1000, 5000, 7.0, 17, 250)


@pytest.mark.parametrize("limits", [{}, {"DailyApiRequests": {"Max": 0}}])
def test_limits_without_the_requests_are_passed_by(limits: dict[str, object]) -> None:
    meter = Meter(OwnBoard(), lambda: 7.0)

    meter.note_limits(limits)
    meter.note_headers({})

    assert meter.latest() is None
