"""Writing a package, and writing it again."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.org_package.folder import MANIFEST, write_package

FILES = {"project.json": "{}\n", "force-app/objects/A.xml": "<A>é</A>\n"}


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }


def test_a_package_is_written_with_its_folders(tmp_path: Path) -> None:
    folder = tmp_path / "build" / "package"

    write_package(folder, FILES)

    assert contents(folder) == FILES


def test_an_earlier_package_is_replaced_with_all_its_files(tmp_path: Path) -> None:
    write_package(tmp_path, FILES)

    write_package(tmp_path, {"project.json": "{1}\n"})

    assert contents(tmp_path) == {"project.json": "{1}\n"}
    assert not (tmp_path / "force-app").exists()


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    write_package(tmp_path, FILES)
    first = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}

    write_package(tmp_path, FILES)

    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == first


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("ten years of work")

    with pytest.raises(FileExistsError, match=r"thesis\.txt.*another --output"):
        write_package(tmp_path, FILES)

    assert contents(tmp_path) == {"thesis.txt": "ten years of work"}


def test_a_file_added_to_a_package_is_not_lost(tmp_path: Path) -> None:
    write_package(tmp_path, FILES)
    (tmp_path / "force-app" / "objects" / "Own.xml").write_text("mine")

    with pytest.raises(FileExistsError, match=r"force-app/objects/Own\.xml"):
        write_package(tmp_path, {})

    assert contents(tmp_path) == {**FILES, "force-app/objects/Own.xml": "mine"}


def test_a_file_changed_by_hand_is_not_lost(tmp_path: Path) -> None:
    write_package(tmp_path, FILES)
    (tmp_path / "project.json").write_text("mine")

    with pytest.raises(FileExistsError, match=r"project\.json"):
        write_package(tmp_path, FILES)

    assert contents(tmp_path)["project.json"] == "mine"


def test_what_the_cli_notes_beside_a_package_stays(tmp_path: Path) -> None:
    write_package(tmp_path, FILES)
    (tmp_path / ".sf").mkdir()
    (tmp_path / ".sf" / "notes.json").write_text("of the CLI")

    write_package(tmp_path, {})

    assert contents(tmp_path) == {".sf/notes.json": "of the CLI"}


def test_nothing_outside_the_folder_is_touched(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.txt").write_text("keep")
    folder = tmp_path / "package"
    write_package(folder, FILES)
    (folder / "link").symlink_to(outside)
    (folder / MANIFEST).write_text('{"../outside/precious.txt": null, "link": null}')

    with pytest.raises(FileExistsError, match="link"):
        write_package(folder, FILES)

    assert (outside / "precious.txt").read_text() == "keep"


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_without_its_manifest_a_package_is_a_folder_like_any(
    tmp_path: Path, text: str
) -> None:
    write_package(tmp_path, FILES)
    (tmp_path / MANIFEST).write_text(text)

    with pytest.raises(FileExistsError, match=r"project\.json"):
        write_package(tmp_path, FILES)
