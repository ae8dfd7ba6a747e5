from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.commands.running import ROOT, crm_sync
from tests.databases import url_of
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


def test_a_file_that_cannot_be_read_is_a_finding_among_the_others(
    mappings: Path,
) -> None:
    edit(mappings, "payload.summary", "payload.sumary")
    (mappings / "cora" / "b.yaml").write_bytes("source: cora\n# sí".encode("latin-1"))
    (mappings / "cora" / "c.yaml").mkdir()
    (mappings / "cora" / "d.yaml").symlink_to("nothing.yaml")

    ended = crm_sync("check", MAPPINGS_DIR=mappings)

    assert ended.exit_code == 1
    found = ended.out.replace(f"{mappings}/", "").splitlines()
    assert found[0] == "cora/b.yaml:2:4: this is not UTF-8: save the file as UTF-8"
    assert found[1] == "cora/c.yaml:1:1: this is no file"
    assert found[3].startswith("cora/d.yaml:1:1: the file cannot be read: No such file")
    assert found[-1] == "4 findings in 10 mappings"


@pytest.mark.parametrize(
    "name", ["cora/call.completed.yml", "call.completed.yaml", "cora/old/a.yaml"]
)
def test_a_file_that_is_not_used_is_a_finding(mappings: Path, name: str) -> None:
    (mappings / name).parent.mkdir(exist_ok=True)
    (mappings / name).write_text("source: cora\n", encoding="utf-8")

    ended = crm_sync("check", MAPPINGS_DIR=mappings)

    assert ended.exit_code == 1
    assert f"{mappings / name}:1:1: this file is not used" in ended.out


def test_a_folder_stands_for_its_mappings_and_a_test_for_none(mappings: Path) -> None:
    folder = crm_sync("check", mappings / "cora", MAPPINGS_DIR=mappings)
    tests = crm_sync(
        "check", mappings / "cora" / "call.completed.test.yaml", MAPPINGS_DIR=mappings
    )

    assert (folder.exit_code, folder.out) == (0, "4 mappings checked: no findings\n")
    assert tests.exit_code == 1
    assert "tests are tried by `crm-sync test`" in tests.err


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (
            "source: cora",
            "source: corra",
            "3:9: no source 'corra' (did you mean 'cora'?)",
        ),
        (
            "event: call.completed",
            "event: call.complete",
            "4:8: cora sends no 'call.complete' that can be mapped"
            " (did you mean 'call.completed'?)",
        ),
    ],
)
def test_a_misspelt_vendor_or_event_is_one_finding_in_its_line(
    mappings: Path, old: str, new: str, found: str
) -> None:
    file = edit(mappings, old, new)

    ended = crm_sync("check", MAPPINGS_DIR=mappings)

    assert ended.out.splitlines() == [f"{file}:{found}", "1 finding in 7 mappings"]


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
def used(database: Engine) -> str:
    """The URL of a database in which the shipped mappings were used."""
    shipped = load_mappings(ROOT / "mappings")
    MappingTexts(database).remember(texts_of(shipped), START)
    return url_of(database)


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
