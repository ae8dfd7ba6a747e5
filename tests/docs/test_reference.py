from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.commands.running import crm_sync
from tests.docs.pages import REFERENCE
from worker.mapping import case_grammar, grammar
from worker.mapping.findings import KINDS
from worker.mapping.path_types import known_leaves
from worker.mapping.reference import MAPPING_KEYS, POLICIES, TEST_KEYS
from worker.mapping.shapes import Either, Fields, Items, Names
from worker.mapping.transforms import TRANSFORMS
from worker.payloads import events, load_payload_schema

TEXT = REFERENCE.read_text(encoding="utf-8")


def tables_in(shape: Any, seen: set[int]) -> Iterator[Fields]:
    """Yield every table of known keys that a file of this shape may have."""
    if id(shape) in seen:
        return
    seen.add(id(shape))
    inner: list[Any] = []
    match shape:
        case Fields():
            yield shape
            inner = [key.shape for key in shape.keys.values()]
        case Names():
            inner = [shape.value]
        case Items():
            inner = [shape.item]
        case Either():
            inner = [shape.scalar, shape.items, shape.table]
    for part in inner:
        yield from tables_in(part, seen)


def test_the_page_is_what_the_command_prints() -> None:
    printed = crm_sync("reference")

    assert printed.exit_code == 0
    assert printed.out == TEXT, "docs/mapping-reference.md is stale: run `make docs`"


@pytest.mark.parametrize(
    ("root", "written_out"),
    [(grammar.MAPPING_FILE, MAPPING_KEYS), (case_grammar.TEST_FILE, TEST_KEYS)],
    ids=["mapping", "test file"],
)
def test_every_table_that_a_file_may_have_is_written_out(
    root: Fields, written_out: dict[str, Fields]
) -> None:
    there = {id(shape.keys) for shape in tables_in(root, set())}

    assert there == {id(shape.keys) for shape in written_out.values()}


@pytest.mark.parametrize("shape", [*MAPPING_KEYS.values(), *TEST_KEYS.values()])
def test_every_key_stands_there_with_what_it_is_for(shape: Fields) -> None:
    for name, key in shape.keys.items():
        rows = [line for line in TEXT.splitlines() if line.startswith(f"| `{name}` |")]

        assert any(key.doc in row for row in rows), name


def test_every_policy_is_described() -> None:
    assert tuple(POLICIES) == grammar.POLICIES


def test_every_kind_of_finding_is_described() -> None:
    rows = {f"| `{kind}` | {meaning} |" for kind, meaning in KINDS.items()}

    assert rows <= {*TEXT.splitlines()}


@pytest.mark.parametrize(("source", "event"), events())
def test_every_key_that_a_vendor_documents_is_listed(source: str, event: str) -> None:
    leaves = known_leaves(load_payload_schema(source, event))
    part = TEXT.partition(f"\n### {source} {event}\n")[2].partition("\n## ")[0]
    table = part.partition("\n### ")[0]

    assert leaves
    assert [leaf for leaf in leaves if f"| `{leaf}` |" not in table] == []


def test_every_transform_is_in_the_manual() -> None:
    headings = {line for line in TEXT.splitlines() if line.startswith("#### ")}

    assert headings == {f"#### `{name}`" for name in TRANSFORMS}
