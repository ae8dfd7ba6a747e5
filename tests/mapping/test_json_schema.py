"""The JSON Schema and the loader refuse the same files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft7Validator

from worker.cli.schema import schema, schema_files
from worker.mapping import grammar
from worker.mapping.findings import FILE_KINDS, SHAPE_KINDS, BadMapping
from worker.mapping.json_schema import json_schema
from worker.mapping.mapping_set import read_set
from worker.mapping.shapes import Either, Fields, Items, Names, Shape, find_faults
from worker.mapping.strict_yaml import Node, Sequence, Table, read

from .building import PATH
from .editors import seen
from .mutants import mutants, neighbours_of, scalar, table, words_of
from .test_invalid import findings_of

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
MAPPINGS = ROOT / "mappings"
DEFAULTS = sorted(
    path for path in MAPPINGS.glob("*/*.yaml") if not path.match("*.test.yaml")
)
VALID = sorted((HERE / "valid").glob("*.yaml"))
INVALID = sorted((HERE / "invalid").glob("*.yaml"))
SCHEMA = json.loads(schema_files()["mapping.schema.json"])
VALIDATOR = Draft7Validator(SCHEMA)
DOCUMENTS = {path.stem: read(path.read_text(encoding="utf-8"), PATH) for path in VALID}
WORDS = [*dict.fromkeys(words_of(grammar.MAPPING_FILE))]
EXAMPLES = settings(
    max_examples=600,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", [*DEFAULTS, *VALID, *INVALID], ids=name_of)
def test_schema_and_loader_agree_on_a_file(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    _, findings = read_set({PATH: text})
    kinds = {finding.kind for finding in findings}
    try:
        root = read(text, PATH)
    except BadMapping:
        # The loader stops at what is no YAML, or YAML that it does not allow. An
        # editor's parser has its own faults for that, and no value to look at.
        assert kinds <= {*FILE_KINDS}
        return

    assert VALIDATOR.is_valid(seen(root)) == kinds.isdisjoint(SHAPE_KINDS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_schema_and_loader_agree_on_what_is_a_step_from_a_valid_file(name: str) -> None:
    apart = []
    for node in neighbours_of(DOCUMENTS[name]):
        faults = find_faults(node, grammar.MAPPING_FILE)
        if VALIDATOR.is_valid(seen(node)) != (faults == []):
            apart.append((seen(node), [*map(str, faults)]))

    assert apart == []


@EXAMPLES
@given(mutants([*DOCUMENTS.values()], WORDS))
def test_schema_and_loader_agree_on_what_is_some_steps_from_valid_files(
    node: Node,
) -> None:
    faults = find_faults(node, grammar.MAPPING_FILE)

    assert VALIDATOR.is_valid(seen(node)) == (faults == []), [*map(str, faults)]


def test_schema_and_loader_agree_on_each_transform_and_its_argument() -> None:
    made = json_schema(grammar.TRANSFORM, title="t", identifier="i")
    validator = Draft7Validator(made)
    apart = []
    for name, argument in grammar.TRANSFORM.arguments.items():
        given_one = table({name: table({"a": scalar("b")})})
        for start in (scalar(name), table({name: scalar("7")}), given_one):
            for node in neighbours_of(start):
                faults = find_faults(node, grammar.TRANSFORM)
                if validator.is_valid(seen(node)) != (faults == []):
                    apart.append((argument, seen(node), [*map(str, faults)]))

    assert apart == []


@pytest.mark.parametrize("path", VALID, ids=name_of)
def test_a_valid_mapping_has_no_findings(path: Path) -> None:
    assert findings_of(path.read_text(encoding="utf-8")) == []


def keys_in(node: Node, shape: Shape) -> Iterator[tuple[str, ...]]:
    """Yield each table's keys, with the key of the grammar that is used there."""
    match node, shape:
        case Table(), Fields():
            for name, child in node.entries.items():
                yield (*shape.keys, name)
                yield from keys_in(child, shape.keys[name].shape)
        case Table(), Names():
            for child in node.entries.values():
                yield from keys_in(child, shape.value)
        case Sequence(), Items():
            for child in node.items:
                yield from keys_in(child, shape.item)
        case Table() | Sequence(), Either():
            part = shape.table if isinstance(node, Table) else shape.items
            if part is not None:
                yield from keys_in(node, part)


def all_keys(shape: Shape) -> Iterator[tuple[str, ...]]:
    match shape:
        case Fields():
            for name, key in shape.keys.items():
                yield (*shape.keys, name)
                yield from all_keys(key.shape)
        case Names():
            yield from all_keys(shape.value)
        case Items():
            yield from all_keys(shape.item)
        case Either():
            for part in (shape.items, shape.table):
                if part is not None:
                    yield from all_keys(part)


def test_the_valid_files_use_every_key_of_the_grammar() -> None:
    used = {
        key
        for node in DOCUMENTS.values()
        for key in keys_in(node, grammar.MAPPING_FILE)
    }

    assert {*all_keys(grammar.MAPPING_FILE)} - used == set()


def test_a_number_in_another_spelling_is_refused_by_the_loader_alone() -> None:
    """JSON has one spelling of a value, so an editor cannot tell these apart."""
    for version in ("1.0", "+1", "0x1", "1e3"):
        text = f"source: cora\nevent: call.completed\nversion: {version}\nwrites: []"
        root = read(text, PATH)

        assert VALIDATOR.is_valid(seen(root))
        (finding,) = find_faults(root, grammar.MAPPING_FILE)
        assert finding.kind == "name"


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


@pytest.mark.parametrize("path", DEFAULTS, ids=name_of)
def test_a_default_mapping_names_the_schema_in_its_first_line(path: Path) -> None:
    first, *_ = path.read_text(encoding="utf-8").splitlines()

    said, named = first.split("=")
    assert said == "# yaml-language-server: $schema"
    assert (path.parent / named).resolve() == MAPPINGS / "mapping.schema.json"


def test_every_key_is_explained() -> None:
    def properties(part: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(part, dict):
            if part.get("additionalProperties") is False:
                yield from part["properties"].items()
            for child in part.values():
                yield from properties(child)
        elif isinstance(part, list):
            for child in part:
                yield from properties(child)

    found = [*properties(SCHEMA)]

    assert len(found) > 50
    assert [name for name, part in found if not part.get("description")] == []


def test_a_transform_is_explained_with_its_examples() -> None:
    transform = SCHEMA["definitions"]["transform"]
    said = {each["const"]: each["description"] for each in transform["anyOf"][:-1]}

    assert said["ms_to_seconds"].startswith("ms_to_seconds: Whole seconds, rounded up")
    assert "90500 -> 91" in said["ms_to_seconds"]
    joined = transform["properties"]["join"]
    assert 'with ", ": ["a", "b"] -> "a, b"' in joined["description"]


def test_the_command_writes_the_schemas_and_then_finds_them_current(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mapping.schema.json"

    with pytest.raises(typer.Exit) as missing:
        schema(tmp_path, check=True)
    assert missing.value.exit_code == 1
    assert f"{path} is not current: run crm-sync schema" in capsys.readouterr().err
    assert not path.exists()

    with pytest.raises(typer.Exit) as written:
        schema(tmp_path)
    assert written.value.exit_code == 0
    assert path.read_text(encoding="utf-8") == schema_files()[path.name]

    with pytest.raises(typer.Exit) as current:
        schema(tmp_path, check=True)
    assert current.value.exit_code == 0

    path.write_text("{}", encoding="utf-8")
    with pytest.raises(typer.Exit) as stale:
        schema(tmp_path, check=True)
    assert stale.value.exit_code == 1
