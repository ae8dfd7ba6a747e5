from __future__ import annotations

import re
from typing import Any

import pytest

from worker.mapping.findings import BadMapping
from worker.mapping.strict_yaml import Node, Scalar, Sequence, Table, read


def plain(node: Node) -> Any:
    """Return the node as texts, lists and dicts."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key: plain(member) for key, member in node.entries.items()}


def findings(text: str) -> list[str]:
    with pytest.raises(BadMapping, match=r"^m\.yaml:\d+:\d+: ") as bad:
        read(text, "m.yaml")
    assert [str(finding) for finding in bad.value.findings] == str(
        bad.value
    ).splitlines()
    return [str(finding).removeprefix("m.yaml:") for finding in bad.value.findings]


@pytest.mark.parametrize(
    "text",
    [
        "+15551234567",
        "no",
        "yes",
        "on",
        "true",
        "null",
        "~",
        "12:30",
        "012",
        "0x1F",
        "1_000",
        "1e3",
        ".inf",
        "2026-05-04",
        "<<",
        "=",
    ],
)
def test_a_scalar_stays_as_it_is_written(text: str) -> None:
    node = read(f"a: {text}", "m.yaml")

    assert {"a": text} == plain(node)


@pytest.mark.parametrize("key", ["on", "no", "012", "12:30", "null", "true", "1", "<<"])
def test_a_key_stays_as_it_is_written(key: str) -> None:
    assert {key: "x"} == plain(read(f"{key}: x", "m.yaml"))


def test_a_value_that_is_left_out_is_an_empty_text() -> None:
    assert plain(read("a:\nb: x", "m.yaml")) == {"a": "", "b": "x"}


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [("true", True), ('"true"', False), ("'true'", False), ("|\n  true", False)],
)
def test_a_scalar_knows_whether_it_stood_without_quotes(
    text: str, is_plain: bool
) -> None:
    node = read(text, "m.yaml")

    assert isinstance(node, Scalar)
    assert is_plain is node.plain


def test_every_node_knows_its_line_and_column() -> None:
    root = read("# why\na:\n  - x\n  - b: y\n", "m.yaml")

    assert isinstance(root, Table)
    items = root.entries["a"]
    assert isinstance(items, Sequence)
    places = [(node.place.line, node.place.column) for node in (root, *items.items)]
    assert places == [(2, 1), (3, 5), (4, 5)]
    assert (
        root.key_places["a"].path,
        root.key_places["a"].line,
        root.key_places["a"].column,
    ) == ("m.yaml", 2, 1)


def test_tables_keep_their_order() -> None:
    assert list(plain(read("{b: 1, a: 2, c: 3}", "m.yaml"))) == ["b", "a", "c"]


TOO_EARLY = "the file ends too early: a bracket, brace or quote is not closed"
A_COLON = "a ': ' too many: put a text that has one in quotes"
INDENT = "the indent is not that of the lines around it"
OPEN = "is not closed, or a comma is missing in it"
COMMA = "a comma is missing, or quotes around a text"
DEEP = "lists and tables are nested more than 50 deep"
ANCHORS = "anchors and aliases are not allowed: write the value out"
TAGS = "tags are not allowed: every value is text"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3", ["3:1: key 'a' is already there in line 1"]),
        ("{a: 1, a: 2}", ["1:8: key 'a' is already there in line 1"]),
        ('on: 1\n"on": 2', ["2:1: key 'on' is already there in line 1"]),
        (
            "a: 1\na: 2\nb:\n  c: 1\n  c: 2\na: 3",
            [
                "2:1: key 'a' is already there in line 1",
                "5:3: key 'c' is already there in line 4",
                "6:1: key 'a' is already there in line 2",
            ],
        ),
        ("a: &x 1\nb: *x", [f"1:4: {ANCHORS}", f"2:4: {ANCHORS}"]),
        ("a: &x {b: 1}", [f"1:4: {ANCHORS}"]),
        ("a:\n  - &x [1]", [f"2:5: {ANCHORS}"]),
        ("a: !!str 1", [f"1:4: {TAGS}"]),
        ("a: ! 1", [f"1:4: {TAGS}"]),
        ("a: !!python/object:os.system {}", [f"1:4: {TAGS}"]),
        ("? [a, b]\n: c", ["1:3: a key has to be text"]),
        ("{a: 1}: c", ["1:1: a key has to be text"]),
        ("", ["1:1: the file is empty"]),
        ("# only a comment\n", ["1:1: the file is empty"]),
        ("a:\n\tb: 1", ["2:1: a tab: indent with spaces"]),
        ("a: b: c", [f"1:5: {A_COLON}"]),
        ("a: [1", [f"1:6: {TOO_EARLY}"]),
        ("a: 'x", ["1:4: the quote that begins here is not closed"]),
        ("a: 1\n---\nb: 2", ["2:1: a second document: a file has one"]),
        ("a: *x", [f"1:4: {ANCHORS}"]),
        ("a:\n  b: 1\n   c: 2", ["3:5: " + A_COLON]),
        ("a:\n  b: {c: 1}\n   d: 2", [f"3:4: {INDENT}"]),
        ("a:\n   b: 1\n  c: 2", [f"3:3: {INDENT}"]),
        ("a: {b: 1\nc: 2", [f"1:4: '{{' {OPEN}"]),
        ("a: [{b: 1}\nc: 2", [f"1:4: '[' {OPEN}"]),
        ("a: {b: 1; c: 2}", [f"1:12: expected ',' or '}}', but got ':': {COMMA}"]),
        (
            'a: "b\nc: 1\nd: "e"',
            ["1:4: the quote that begins here is closed only in line 3"],
        ),
        (
            'a: "b" c',
            ["1:8: more text after the end of a value: put all of it in quotes"],
        ),
        ("a: {b: 1}}", ["1:10: '}' is too many, or a text lacks its quotes"]),
        ("a: 1\nb\nc: 2", ["2:1: a ':' is missing after the key"]),
        ("a:\n  -b: 1\n    c: 2", ["2:3: a space is missing after '-'"]),
        (
            "a: {b: %c}",
            [
                "1:8: found character '%' that cannot start any token:"
                " put the text in quotes"
            ],
        ),
        (
            "a:\n\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}b: 1\n  c: 2",
            ["2:1: a no-break space: indent with spaces"],
        ),
        ("a: " + "[" * 5_000 + "]" * 5_000, [f"1:53: {DEEP}"]),
        ("a: " + "{a: " * 5_000 + "}" * 5_000, [f"1:200: {DEEP}"]),
        ("a: b\nc: \x00", ["2:4: a character that no text file has: take it out"]),
    ],
)
def test_what_would_surprise_is_found(text: str, expected: list[str]) -> None:
    assert expected == findings(text)


@pytest.mark.parametrize(
    ("text", "kind"), [("- a", Sequence), ("a", Scalar), ("{}", Table)]
)
def test_any_kind_of_root_is_read(text: str, kind: type) -> None:
    assert isinstance(read(text, "m.yaml"), kind)


def test_a_bomb_of_aliases_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 x"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]

    with pytest.raises(BadMapping, match=re.escape(ANCHORS)):
        read("\n".join(lines), "m.yaml")


def test_a_finding_says_file_line_column_and_what() -> None:
    with pytest.raises(
        BadMapping, match=r"^cora/x\.yaml:2:1: key 'a' is already there"
    ):
        read("a: 1\na: 2", "cora/x.yaml")
