"""`crm-sync diff --revision`: the mappings of a real git repository."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.comparing.lab import Lab, cora_call, lab_of
from tests.databases import DATABASES
from tests.diff_command.diffing import TASK, diff, found, save
from tests.orgs import running_org

TALK = TASK.replace("value: Call", "value: Talk")


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("past")
    with (
        DATABASES.migrated(folder) as engine,
        running_org() as org,
        lab_of(engine, org, TASK) as lab,
    ):
        lab.send(cora_call("a"))
        yield lab


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Mappings in a repository: committed as version 2, then changed again."""
    folder = save(tmp_path / "mappings", TALK)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path)
    git(tmp_path, "tag", "talked")
    save(folder, TASK, version=1)
    return folder


def git(folder: Path, *arguments: str) -> str:
    settings = ("user.name=tests", "user.email=tests@invalid", "commit.gpgsign=false")
    options = [option for setting in settings for option in ("-c", setting)]
    command = ["git", *options, *arguments]
    ended = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return ended.stdout.decode().strip()


def commit(folder: Path) -> None:
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Change the subject")


@pytest.mark.parametrize("revision", ["HEAD", "main", "talked", "commit"])
def test_the_mappings_of_a_revision_are_compared(
    past: Lab, folder: Path, revision: str
) -> None:
    full_id = git(folder, "rev-parse", "HEAD")
    name = full_id if revision == "commit" else revision

    ended = diff(past, folder, "--revision", name)

    assert ended.exit_code == 0, ended.err
    assert f" of commit {full_id[:10]}, compared with" in ended.out
    assert f'"Call" -> "Talk"   {folder}/cora/call.completed.yaml:9' in ended.out


def test_the_working_tree_is_left_as_it_is(past: Lab, folder: Path) -> None:
    status = git(folder, "status", "--porcelain")

    data = found(diff(past, folder, "--revision", "HEAD", "--json"))

    assert data["commit"] == git(folder, "rev-parse", "HEAD")[:10]
    assert git(folder, "status", "--porcelain") == status != ""
    assert found(diff(past, folder, "--json"))["events"] == 0


def test_the_mappings_may_be_the_repository_itself(past: Lab, folder: Path) -> None:
    save(folder, TALK.replace("Talk", "Chat"))
    git(folder, "init", "--quiet")
    commit(folder)

    ended = diff(past, folder, "--revision", "HEAD")

    assert '"Call" -> "Chat"' in ended.out


def test_findings_in_a_revision_are_shown(past: Lab, folder: Path) -> None:
    save(folder, TALK.replace("Subject", "Subjet"))
    commit(folder)

    ended = diff(past, folder, "--revision", "HEAD")

    assert ended.exit_code == 1
    assert "did you mean 'Subject'?" in ended.out
    assert "1 finding: nothing was compared" in ended.err


@pytest.mark.parametrize("revision", ["nowhere", "--help", "HEAD~7", ""])
def test_an_unknown_revision_is_said_to_be_so(
    past: Lab, folder: Path, revision: str
) -> None:
    ended = diff(past, folder, f"--revision={revision}")

    assert ended.exit_code == 1
    assert f"git knows no revision {revision!r}: give a commit" in ended.err


def test_a_revision_without_mappings_is_said_to_be_so(past: Lab, folder: Path) -> None:
    git(folder, "rm", "--quiet", "--force", "-r", ".")
    git(folder.parent, "commit", "--quiet", "--message", "Have no mappings")
    save(folder, TASK)

    ended = diff(past, folder, "--revision", "HEAD")

    assert ended.exit_code == 1
    assert f"HEAD has no mappings in {folder}" in ended.err


def test_a_folder_in_no_repository_is_said_to_be_so(past: Lab, tmp_path: Path) -> None:
    folder = save(tmp_path / "mappings", TASK)

    ended = diff(
        past, folder, "--revision", "HEAD", GIT_CEILING_DIRECTORIES=tmp_path.parent
    )

    assert ended.exit_code == 1
    assert f"{folder} is in no git repository" in ended.err


def test_a_folder_that_is_not_there_is_said_to_be_so(past: Lab, tmp_path: Path) -> None:
    ended = diff(past, tmp_path / "none", "--revision", "HEAD")

    assert ended.exit_code == 1
    assert "set MAPPINGS_DIR" in ended.err


def test_git_that_is_not_installed_is_said_to_be_missing(
    past: Lab, folder: Path
) -> None:
    ended = diff(past, folder, "--revision", "HEAD", PATH=folder)

    assert ended.exit_code == 1
    assert "git is not installed, and --revision needs it" in ended.err
