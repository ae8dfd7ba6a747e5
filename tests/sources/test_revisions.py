"""When a vendor made what it sent, which tells of two revisions the newer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.sources.fixture_files import SIGNED_AT, body_of, event_of, fixture, signed
from worker import sources


def test_cora_says_so_by_the_time_at_which_it_built_the_body() -> None:
    body = body_of("cora", "call.completed__minimal")
    body["timestamp"] = "2026-05-04T10:00:00.000Z"

    assert event_of("cora", body).revised_at == datetime(2026, 5, 4, 10, tzinfo=UTC)


def test_vocobase_says_so_by_the_analysis_and_not_by_the_sending() -> None:
    body = body_of("vocobase", "session.completed__full")
    body["data"]["pipeline_completed_at"] = "2026-05-04T10:00:00.000Z"
    analysed = event_of("vocobase", body)
    del body["data"]["pipeline_completed_at"]

    assert analysed.revised_at == datetime(2026, 5, 4, 10, tzinfo=UTC)
    assert event_of("vocobase", body).revised_at is None


def test_freeclimb_says_so_by_the_signed_time() -> None:
    body = body_of("freeclimb", "callStatus__busy")

    assert event_of("freeclimb", body).revised_at == SIGNED_AT


def test_altur_does_not_say() -> None:
    read = sources.read("altur", fixture("altur", "on_call_end__newest"))

    assert read.revised_at is None


@pytest.mark.parametrize("hours", [1, 24 * 365])
def test_a_revision_of_the_future_is_dated_by_its_receipt(hours: int) -> None:
    body = body_of("cora", "call.completed__minimal")
    body["timestamp"] = (SIGNED_AT + timedelta(hours=hours)).isoformat()

    event = sources.read("cora", signed("cora", body))

    assert event.revised_at == SIGNED_AT
