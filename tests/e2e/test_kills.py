"""A worker that is killed in the middle of its work: all is done, nothing twice."""

from __future__ import annotations

import pytest

from .kills import EVENTS, Story


@pytest.mark.parametrize("hit", ["all", "children"])
def test_a_killed_worker_loses_and_doubles_nothing(
    hit: str, kills: dict[str, Story]
) -> None:
    """Killed are the worker with its children, or the children alone."""
    story = kills[hit]

    assert 0 < story.hit.synced < EVENTS
    # Salesforce had what the database did not know of.
    assert max(story.hit.tasks, story.hit.promises) > story.hit.synced
    assert story.children == 2
    assert story.counts == {"synced": EVENTS}
    assert story.written == {1}
    assert len(story.tasks) == len(story.promises) == EVENTS
    assert len({task["WhatId"] for task in story.tasks}) == EVENTS
    assert all(account["Last_Call_At__c"] for account in story.accounts)
    assert story.is_running


@pytest.mark.parametrize("hit", ["stop", "stop all"])
def test_a_worker_told_to_stop_settles_what_it_has_begun_and_gives_its_lanes_back(
    hit: str, kills: dict[str, Story]
) -> None:
    """Told in the middle of a call to Salesforce; its parent alone, or all of it."""
    story = kills[hit]

    assert 0 < story.hit.synced < EVENTS
    assert story.hit.tasks == story.hit.promises == story.hit.synced
    assert story.counts["pending"] == EVENTS - story.hit.synced
    assert story.lanes_held == 0


@pytest.mark.parametrize("hit", ["stop", "stop all"])
def test_a_worker_told_to_stop_ends_within_seconds(
    hit: str, kills: dict[str, Story]
) -> None:
    assert not kills[hit].is_running
