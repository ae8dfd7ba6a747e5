from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.commands.running import ROOT, crm_sync
from tests.delivery.harness import START
from worker.checking import texts_of
from worker.mapping_folder import load_mappings
from worker.store.mapping_texts import MappingTexts

CORA = "cora/call.completed.yaml"


@pytest.fixture
def mappings(tmp_path: Path) -> Path:
    """A copy of the shipped mappings, for the test to spoil."""
    return Path(shutil.copytree(ROOT / "mappings", tmp_path / "mappings"))


def edit(mappings: Path, old: str, new: str, path: str = CORA) -> Path:
    file = mappings / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return file


def test_the_shipped_mappings_have_no_findings(tmp_path: Path) -> None:
    ended = crm_sync("check", DATABASE_URL=f"sqlite:///{tmp_path / 'none.db'}")

    assert ended.exit_code == 0
    assert ended.out == "7 mappings checked: no findings\n"


def test_asking_makes_no_database(tmp_path: Path) -> None:
    ended = crm_sync("check", DATABASE_URL=f"sqlite:///{tmp_path / 'none.db'}")

    assert "the database is not there" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_the_findings_of_all_files_are_shown_at_once(mappings: Path) -> None:
    edit(mappings, "as: ms_to_seconds", "as: ms_to_second")
    edit(mappings, "payload.summary", "payload.sumary")
    altur = edit(mappings, "version: 2", "version: two", "altur/on_call_end.yaml")

    ended = crm_sync("check", MAPPINGS_DIR=mappings)

    assert ended.exit_code == 1
    lines = ended.out.splitlines()
    assert lines[-1] == "2 findings in 7 mappings"
    assert f"{altur}:" in lines[0]
    assert "did you mean 'ms_to_seconds'?" in lines[1]


def test_what_is_wrong_with_the_meaning_is_shown_once_the_file_can_be_read(
    mappings: Path,
) -> None:
    edit(mappings, "payload.summary", "payload.sumary")

    ended = crm_sync("check", MAPPINGS_DIR=mappings)

    assert ended.exit_code == 1
    assert "did you mean 'summary'?" in ended.out


def test_only_the_named_files_are_checked(mappings: Path) -> None:
    good = mappings / "altur" / "on_call_end.yaml"
    bad = edit(mappings, "payload.summary", "payload.sumary")

    assert crm_sync("check", good, MAPPINGS_DIR=mappings).exit_code == 0
    assert crm_sync("check", good, bad, MAPPINGS_DIR=mappings).exit_code == 1


def test_findings_are_given_to_machines_too(mappings: Path) -> None:
    file = edit(mappings, "payload.summary", "payload.sumary")

    ended = crm_sync("check", "--json", MAPPINGS_DIR=mappings)

    (finding,) = json.loads(ended.out)
    assert finding["path"] == str(file)
    assert finding["kind"] == "unknown_path"


def test_a_folder_without_mappings_is_said_to_be_one(tmp_path: Path) -> None:
    ended = crm_sync("check", MAPPINGS_DIR=tmp_path)

    assert ended.exit_code == 1
    assert "no mappings in" in ended.err


@pytest.fixture
def used(sqlite: Engine) -> str:
    """The URL of a database in which the shipped mappings were used."""
    shipped = load_mappings(ROOT / "mappings")
    MappingTexts(sqlite).remember(texts_of(shipped), START)
    return sqlite.url.render_as_string()


def test_a_changed_content_needs_another_version(mappings: Path, used: str) -> None:
    edit(mappings, "Cora call, ", "A call of Cora's, ")

    ended = crm_sync("check", MAPPINGS_DIR=mappings, DATABASE_URL=used)

    assert ended.exit_code == 1
    assert ": the content is not that which was used as version 2: " in ended.out
    assert "set version: 3" in ended.out


def test_a_changed_content_with_a_new_version_is_fine(
    mappings: Path, used: str
) -> None:
    edit(mappings, "Cora call, ", "A call of Cora's, ")
    edit(mappings, "version: 2", "version: 3")

    ended = crm_sync("check", MAPPINGS_DIR=mappings, DATABASE_URL=used)

    assert ended.exit_code == 0, ended.out


def test_a_comment_is_no_changed_content(mappings: Path, used: str) -> None:
    edit(mappings, "writes:", "# What is written:\nwrites:")

    ended = crm_sync("check", MAPPINGS_DIR=mappings, DATABASE_URL=used)

    assert ended.exit_code == 0, ended.out


def test_without_a_database_the_last_commit_is_compared_with(
    mappings: Path, tmp_path: Path
) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=Tests", "-c", "user.email=tests@example.com"]
        subprocess.run(["git", *who, *arguments], cwd=mappings, check=True)

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "Begin")
    edit(mappings, "Cora call, ", "A call of Cora's, ")
    no_database = f"sqlite:///{tmp_path / 'none.db'}"

    ended = crm_sync("check", MAPPINGS_DIR=mappings, DATABASE_URL=no_database)

    assert ended.exit_code == 1
    assert "set version: 3" in ended.out
