"""How long an event waits, by what is in its way; and that the page says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.delivery.retrying import CLASSES, RetryClass, backoff, class_of

PAGE = Path(__file__).parents[2] / "docs" / "replay.md"


def wait_seconds(reason: str | None, attempts: int, jitter: float = 0.0) -> float:
    return backoff(reason, attempts, jitter).total_seconds()


@pytest.mark.parametrize(
    ("reason", "waits"),
    [
        ("unable_to_lock_row", [2, 4, 8, 16, 32, 64, 120, 120]),
        ("crm_unavailable", [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]),
        ("storage_limit_exceeded", [600, 1200, 2400, 3600, 3600]),
        ("unmapped_event", [10, 20, 40, 80, 160, 320, 600]),
        (None, [2, 4, 8]),
    ],
)
def test_a_wait_doubles_up_to_the_longest_of_its_class(
    reason: str | None, waits: list[int]
) -> None:
    assert [wait_seconds(reason, n + 1) for n in range(len(waits))] == waits


def test_jitter_takes_up_to_half_of_a_wait_away() -> None:
    waits = [wait_seconds("unable_to_lock_row", 5, jitter) for jitter in (0, 0.5, 1)]

    assert waits == [32, 24, 16]


def test_the_waits_of_compliance_grow_no_further_however_often_it_is_tried() -> None:
    assert wait_seconds("crm_unavailable", 10**6) == 900


def test_every_reason_has_one_class_and_the_last_takes_the_rest() -> None:
    reasons = [reason for known in CLASSES for reason in known.reasons]

    assert len(reasons) == len(set(reasons))
    assert all(class_of(r) is known for known in CLASSES for r in known.reasons)
    assert class_of("never_seen_before") is CLASSES[-1]


def test_the_page_has_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8").splitlines()
    table = [line for line in page if line.startswith("|")]

    assert table[2:] == [row(known) for known in CLASSES]


def row(known: RetryClass) -> str:
    reasons = ", ".join(f"`{r}`" for r in known.reasons if r != "*") or "any other"
    bounds = dict.fromkeys([known.first_seconds, known.longest_seconds])
    waits = " to ".join(map(words, bounds))
    return f"| {known.what} | {reasons} | {waits} | {known.why} |"


def words(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 60 else f"{seconds / 60:g} min"
