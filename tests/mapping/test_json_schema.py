"""The JSON Schemas and the loaders refuse the same files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
from hypothesis import given
from jsonschema import Draft7Validator

from worker.cli.schema import schema_files
from worker.mapping import case_grammar, grammar
from worker.mapping.cases.reading import read_cases
from worker.mapping.findings import FILE_KINDS, SHAPE_KINDS, BadMapping, Finding
from worker.mapping.json_schema import json_schema
from worker.mapping.mapping_set import read_set
from worker.mapping.shapes import Either, Fields, Items, Names, Shape, find_faults
from worker.mapping.strict_yaml import Node, Sequence, Table, read

from .amounts import EVERY, examples
from .building import PATH
from .editors import seen
from .mutants import (
    mutants,
    neighbours_of,
    scalar,
    spots_of,
    steps_from,
    table,
    words_of,
)
from .test_invalid import findings_of

HERE = Path(__file__).parent
DEFAULTS = sorted((HERE.parents[1] / "mappings").glob("*/*.yaml"))
EXAMPLES = examples(400)


@dataclass(frozen=True)
class Language:
    """A kind of file: its grammar, its schema, its loader, and files of it."""

    shape: Shape
    schema_name: str
    findings_in: Callable[[str], Iterable[Finding]]
    valid: tuple[Path, ...]
    others: tuple[Path, ...]

    @cached_property
    def validator(self) -> Draft7Validator:
        return Draft7Validator(json.loads(schema_files()[self.schema_name]))

    @cached_property
    def documents(self) -> list[Node]:
        texts = (path.read_text(encoding="utf-8") for path in self.valid)
        return [read(text, PATH) for text in texts]

    @cached_property
    def words(self) -> list[str]:
        return [*dict.fromkeys(words_of(self.shape))]

    def disagreement(self, node: Node) -> tuple[object, list[str]] | None:
        """Return what an editor sees and the loader says, if one of them refuses."""
        faults = find_faults(node, self.shape)
        if self.validator.is_valid(seen(node)) == (faults == []):
            return None
        return seen(node), [*map(str, faults)]


def mapping_findings(text: str) -> list[Finding]:
    _, findings = read_set({PATH: text})
    return findings


def case_findings(text: str) -> tuple[Finding, ...]:
    try:
        read_cases(text, PATH)
    except BadMapping as bad:
        return bad.findings
    return ()


def files(folder: str) -> tuple[Path, ...]:
    return tuple(sorted((HERE / folder).glob("*.yaml")))


def is_test(path: Path) -> bool:
    return path.match("*.test.yaml")


MAPPING = Language(
    grammar.MAPPING_FILE,
    "mapping.schema.json",
    mapping_findings,
    files("valid"),
    (*files("invalid"), *(path for path in DEFAULTS if not is_test(path))),
)
TEST = Language(
    case_grammar.TEST_FILE,
    "mapping.test.schema.json",
    case_findings,
    files("valid_cases"),
    (*files("invalid_cases"), *(path for path in DEFAULTS if is_test(path))),
)
LANGUAGES = pytest.mark.parametrize(
    "language", [MAPPING, TEST], ids=["mapping", "test"]
)
EACH_FILE = [
    pytest.param(language, path, id=f"{path.parent.name}/{path.stem}")
    for language in (MAPPING, TEST)
    for path in (*language.valid, *language.others)
]
EACH_VALID = [
    pytest.param(language, place, id=path.stem)
    for language in (MAPPING, TEST)
    for place, path in enumerate(language.valid)
]


@pytest.mark.parametrize(("language", "path"), EACH_FILE)
def test_schema_and_loader_agree_on_a_file(language: Language, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    kinds = {finding.kind for finding in language.findings_in(text)}
    try:
        root = read(text, PATH)
    except BadMapping:
        # The loader stops at what is no YAML, or YAML that it does not allow. An
        # editor's parser has its own faults for that, and no value to look at.
        assert kinds <= {*FILE_KINDS}
        return

    assert language.validator.is_valid(seen(root)) == kinds.isdisjoint(SHAPE_KINDS)


@pytest.mark.parametrize(("language", "place"), EACH_VALID)
def test_schema_and_loader_agree_on_what_is_a_step_from_a_valid_file(
    language: Language, place: int
) -> None:
    document = language.documents[place]
    neighbours = [*neighbours_of(document, EVERY)]

    apart = [said for node in neighbours if (said := language.disagreement(node))]

    assert len(neighbours) > 50 / EVERY
    assert apart == []


@LANGUAGES
def test_no_node_of_a_valid_file_is_left_out(language: Language) -> None:
    for document in language.documents:
        changed = {spot for spot, _ in steps_from(document, EVERY)}

        assert changed == {spot for spot, _ in spots_of(document)}


@EXAMPLES
@given(mutants(MAPPING.documents, MAPPING.words))
def test_schema_and_loader_agree_on_what_is_some_steps_from_mappings(
    node: Node,
) -> None:
    assert MAPPING.disagreement(node) is None


@EXAMPLES
@given(mutants(TEST.documents, TEST.words))
def test_schema_and_loader_agree_on_what_is_some_steps_from_test_files(
    node: Node,
) -> None:
    assert TEST.disagreement(node) is None


def test_schema_and_loader_agree_on_each_transform_and_its_argument() -> None:
    made = json_schema(grammar.TRANSFORM, title="t", identifier="i")
    validator = Draft7Validator(made)
    nodes: list[Node] = []
    for name in grammar.TRANSFORM.arguments:
        given_one = table({name: table({"a": scalar("b")})})
        for start in (scalar(name), table({name: scalar("7")}), given_one):
            nodes.extend(neighbours_of(start))
    apart = []
    for node in nodes[::EVERY]:
        faults = find_faults(node, grammar.TRANSFORM)
        if validator.is_valid(seen(node)) != (faults == []):
            apart.append((seen(node), [*map(str, faults)]))

    assert apart == []


@pytest.mark.parametrize("path", MAPPING.valid, ids=lambda path: path.stem)
def test_a_valid_mapping_has_no_findings(path: Path) -> None:
    assert findings_of(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", TEST.valid, ids=lambda path: path.stem)
def test_a_valid_test_file_has_no_findings(path: Path) -> None:
    assert case_findings(path.read_text(encoding="utf-8")) == ()


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


@LANGUAGES
def test_the_valid_files_use_every_key_of_the_grammar(language: Language) -> None:
    used = {key for node in language.documents for key in keys_in(node, language.shape)}

    assert {*all_keys(language.shape)} - used == set()


def test_a_number_in_another_spelling_is_refused_by_the_loader_alone() -> None:
    """JSON has one spelling of a value, so an editor cannot tell these apart."""
    for version in ("1.0", "+1", "0x1", "1e3"):
        text = f"source: cora\nevent: call.completed\nversion: {version}\nwrites: []"
        root = read(text, PATH)

        assert MAPPING.validator.is_valid(seen(root))
        (finding,) = find_faults(root, grammar.MAPPING_FILE)
        assert finding.kind == "name"
