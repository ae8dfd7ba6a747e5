"""The Procfile by honcho, and web from a plain shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from .processes import Process
from .sites import ANSWERS, Honcho, Run
from .stacks import PLAIN, PROCFILE


def test_the_procfile_has_the_five_lines() -> None:
    assert list(PROCFILE) == list(ANSWERS)


def test_honcho_brings_all_up_and_a_call_goes_through(honcho_run: Honcho) -> None:
    run = honcho_run.run

    assert honcho_run.answered == dict.fromkeys(ANSWERS, True), run.output
    assert honcho_run.state == "synced"
    assert run.exit_code is not None, run.output
    assert run.left == set()


@pytest.mark.parametrize("name", ANSWERS)
def test_a_line_ends_well_on_a_sigterm(name: str, honcho_run: Honcho) -> None:
    output = honcho_run.run.output

    assert f"{name}.1 stopped (rc=0)" in output, output


def test_web_stops_on_a_sigterm_that_comes_while_it_starts(early_run: Run) -> None:
    assert early_run.has_answered, early_run.output
    assert early_run.exit_code is not None, early_run.output
    assert early_run.left == set()


@pytest.mark.parametrize("variables", [{}, {"FLOWER_BASIC_AUTH": ""}])
def test_flower_without_a_login_does_not_start_and_says_what_to_set(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    command = ("sh", "-c", PROCFILE["flower"])
    flower = Process(command, {**PLAIN, **variables}, tmp_path, tmp_path / "flower")

    assert flower.exit_code() != 0
    assert "FLOWER_BASIC_AUTH: set it to user:password" in flower.output


def test_the_login_of_flower_is_in_no_process_list() -> None:
    assert "--basic-auth" not in PROCFILE["flower"]
