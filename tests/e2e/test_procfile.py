"""The Procfile, line by line from a plain shell, and all of it by honcho."""

from __future__ import annotations

from pathlib import Path

import pytest

from .processes import Process
from .sites import ANSWERS, EARLY, Run
from .stacks import PLAIN, PROCFILE


def test_the_procfile_has_the_five_lines() -> None:
    assert list(PROCFILE) == list(ANSWERS)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_line_starts_as_written_answers_and_stops_on_sigterm(
    name: str, procfile_runs: dict[str, Run]
) -> None:
    run = procfile_runs[name]

    assert run.has_answered, run.output
    assert run.exit_code == 0, run.output
    assert run.left == set()


def test_web_stops_on_a_sigterm_that_comes_while_it_starts(
    procfile_runs: dict[str, Run],
) -> None:
    run = procfile_runs[EARLY]

    assert run.has_answered, run.output
    assert run.exit_code is not None, run.output
    assert run.left == set()


def test_honcho_brings_all_up_and_a_call_goes_through(
    honcho_run: tuple[Run, dict[str, bool], str],
) -> None:
    run, answered, state = honcho_run

    assert answered == dict.fromkeys(ANSWERS, True), run.output
    assert state == "synced"
    assert run.exit_code is not None, run.output
    assert run.left == set()


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
