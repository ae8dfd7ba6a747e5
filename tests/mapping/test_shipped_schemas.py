"""The JSON Schemas as they ship, and the command that writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft7Validator

from worker.cli.schema import schema, schema_files

MAPPINGS = Path(__file__).parents[2] / "mappings"
FILES = sorted(MAPPINGS.glob("*/*.yaml"))
SCHEMA = json.loads(schema_files()["mapping.schema.json"])


@pytest.mark.parametrize("name", schema_files())
def test_the_shipped_schema_is_the_one_that_the_grammar_gives(name: str) -> None:
    shipped = (MAPPINGS / name).read_text(encoding="utf-8")

    assert shipped == schema_files()[name], "run crm-sync schema"


@pytest.mark.parametrize("name", schema_files())
def test_a_schema_is_of_draft_7_and_uses_all_its_definitions(name: str) -> None:
    text = schema_files()[name]
    made = json.loads(text)

    Draft7Validator.check_schema(made)
    assert made["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert "//" not in made["$id"]
    for definition in made["definitions"]:
        assert f'"$ref": "#/definitions/{definition}"' in text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_names_its_schema_in_its_first_line(path: Path) -> None:
    first, *_ = path.read_text(encoding="utf-8").splitlines()

    said, named = first.split("=")
    kind = "mapping.test" if path.match("*.test.yaml") else "mapping"
    assert said == "# yaml-language-server: $schema"
    assert (path.parent / named).resolve() == MAPPINGS / f"{kind}.schema.json"


@pytest.mark.parametrize("text", schema_files().values(), ids=[*schema_files()])
def test_every_key_is_explained(text: str) -> None:
    def properties(part: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(part, dict):
            if part.get("additionalProperties") is False:
                yield from part["properties"].items()
            for child in part.values():
                yield from properties(child)
        elif isinstance(part, list):
            for child in part:
                yield from properties(child)

    found = [*properties(json.loads(text))]

    assert len(found) > 20
    assert [name for name, part in found if not part.get("description")] == []


def test_a_transform_is_explained_with_its_examples() -> None:
    transform = SCHEMA["definitions"]["transform"]
    said = {each["const"]: each["description"] for each in transform["anyOf"][:-1]}

    assert said["ms_to_seconds"].startswith("ms_to_seconds: Whole seconds, rounded up")
    assert "90500 -> 91" in said["ms_to_seconds"]
    joined = transform["properties"]["join"]
    assert 'with ", ": ["a", "b"] -> "a, b"' in joined["description"]


def exit_code_of_schema(folder: Path, *, check: bool = False) -> int:
    with pytest.raises(typer.Exit) as exited:
        schema(folder, check=check)
    return exited.value.exit_code


def test_the_command_writes_the_schemas_and_finds_them_current(tmp_path: Path) -> None:
    assert exit_code_of_schema(tmp_path) == 0

    assert exit_code_of_schema(tmp_path, check=True) == 0
    for name, text in schema_files().items():
        assert (tmp_path / name).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("content", [None, "{}"])
def test_a_schema_that_is_not_current_fails_the_check_and_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    exit_code_of_schema(tmp_path)
    path = tmp_path / "mapping.schema.json"
    path.unlink()
    if content is not None:
        path.write_text(content, encoding="utf-8")

    assert exit_code_of_schema(tmp_path, check=True) == 1

    said = capsys.readouterr().err.splitlines()
    assert said == [f"{path} is not current: run crm-sync schema"]
    assert (path.read_text(encoding="utf-8") if path.exists() else None) == content
