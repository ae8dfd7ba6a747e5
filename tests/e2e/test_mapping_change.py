"""Somebody who knows no Python changes a picklist value, and nothing is restarted."""

from __future__ import annotations

from collections.abc import Callable

from .mapping_change import Seen


def test_a_change_made_by_the_page_is_live_in_the_running_worker(
    mapping_change: Seen, record_testsuite_property: Callable[[str, object], None]
) -> None:
    record_testsuite_property("live_seconds", mapping_change.live_seconds)

    assert mapping_change.before == "Settle today"
    assert mapping_change.after == "Settlement plan"


def test_nothing_is_restarted_for_a_change(mapping_change: Seen) -> None:
    assert mapping_change.pids_after == mapping_change.pids_before
    assert len(mapping_change.pids_before) > 1


def test_a_broken_file_leaves_the_last_good_mappings_in_use(
    mapping_change: Seen,
) -> None:
    assert mapping_change.with_a_broken_file == "Settlement plan"
    assert "the last good ones stay:" in mapping_change.output
    assert "cora/call.completed.yaml:" in mapping_change.output
