"""Which events `crm-sync diff` tries, by its options."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.comparing.lab import Lab
from tests.diff_command.diffing import (
    ACCOUNT,
    TASK,
    diff,
    found,
    save,
)


def tried(past: Lab, folder: Path, *options: str) -> int:
    return int(found(diff(past, folder, *options, "--json"))["events"])


@pytest.mark.parametrize(
    ("options", "events"),
    [
        (["--events", "2"], 2),
        (["--since", "2026-05-04"], 3),
        (["--until", "2026-05-04"], 3),
        (["--until", "2026-05-03"], 0),
        (["--since", "2026-05-05"], 0),
        (["--since", "2026-05-04T10:16:30Z"], 2),
        (["--since", "2026-05-04T12:16:30+02:00"], 2),
        (["--since", "2026-05-04T10:16:30", "--until", "2026-05-04T10:17:30"], 1),
        (["--since", "2026-05-04", "--events", "1"], 1),
        (["--connection", "cora"], 3),
        (["--connection", "altur"], 0),
    ],
)
def test_a_window_has_the_events_that_were_received_in_it(
    past: Lab, folder: Path, options: list[str], events: int
) -> None:
    assert tried(past, folder, *options) == events


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--since", "yesterday"], "--since: 'yesterday' is neither 2026-05-04 nor"),
        (["--until", "9999-12-31"], "--until: '9999-12-31' is neither"),
        (["--since", "2026-05-05", "--until", "2026-05-04"], "has to be before"),
        (["--events", "0"], "--events"),
    ],
)
def test_a_window_that_cannot_be_is_said_to_be_so(
    past: Lab, folder: Path, options: list[str], message: str
) -> None:
    ended = diff(past, folder, *options)

    assert ended.exit_code == 2
    assert message in " ".join(ended.err.split())


def test_an_unknown_connection_is_said_to_be_so(past: Lab, folder: Path) -> None:
    ended = diff(past, folder, "--connection", "nobody")

    assert ended.exit_code == 1
    assert "no connection 'nobody'" in ended.err


def test_what_these_mappings_wrote_is_tried_only_when_asked(
    past: Lab, folder: Path
) -> None:
    save(folder, TASK + ACCOUNT, version=1)

    ended = diff(past, folder)

    assert ended.exit_code == 0
    assert ended.out.startswith("No events to compare. Left out: 3 that these mapp")
    everything = diff(past, folder, "--all").out
    assert "Nothing would change, so applying it would cost no API" in everything
    assert everything.startswith("3 events received")


def test_no_events_in_the_window_are_said_to_be_so(past: Lab, folder: Path) -> None:
    ended = diff(past, folder, "--since", "2027-01-01")

    assert ended.exit_code == 0
    assert ended.out == "No events to compare: none was received in this window.\n"
