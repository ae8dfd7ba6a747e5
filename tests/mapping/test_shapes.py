"""Each shape, what it takes, and what is said of all else."""

from __future__ import annotations

import pytest

from worker.mapping.findings import SHAPE_KINDS
from worker.mapping.shapes import (
    Calls,
    Choice,
    Data,
    Either,
    Fields,
    Items,
    Key,
    Names,
    Shape,
    Text,
    find_faults,
)
from worker.mapping.strict_yaml import read

NOTHING = "there is nothing here: leave the key out"
NAME = Text(r"[a-z]+", "a name")
CALLS = Calls(
    "step",
    arguments={"plain": None, "cut": Text(r"\d+", "a number"), "pick": Names(Text())},
    takes={"plain": "no argument", "cut": "a number", "pick": "a table"},
    docs={"plain": "", "cut": "", "pick": ""},
)
ORIGIN = Fields(
    {
        "here": Key("", Text()),
        "there": Key("", Text()),
        "mode": Key("", Choice(("slow", "fast"))),
        "speed": Key("", NAME),
        "note": Key("", Text()),
        "on": Key("", Data()),
    },
    one_of=(("here", "there"),),
    needs={"speed": ("mode", "fast"), "note": ("on", None)},
)
CASES: list[tuple[Shape, str, list[str]]] = [
    (Text(), "a", []),
    (Text(), "5", []),
    (Text(), "true", []),
    (Text(), "''", []),
    (Text(), "'null'", []),
    (Text(), "null", [f"1:1: {NOTHING}"]),
    (Text(), "~", [f"1:1: {NOTHING}"]),
    (Text(), "[a]", ["1:1: expected a text"]),
    (Text(), "{a: b}", ["1:1: expected a text"]),
    (NAME, "abc", []),
    (NAME, "'true'", []),
    (NAME, "a b", ["1:1: 'a b' is not a name"]),
    (NAME, "abc1", ["1:1: 'abc1' is not a name"]),
    (NAME, "5", ["1:1: '5' is not a name"]),
    (NAME, "''", ["1:1: '' is not a name"]),
    (NAME, "false", ["1:1: 'false' is not a name"]),
    (Choice(("slow", "fast")), "fast", []),
    (Choice(("slow", "fast")), "''", ["1:1: '' is not one of: slow, fast"]),
    (
        Choice(("slow", "fast")),
        "fats",
        ["1:1: 'fats' is not one of: slow, fast (did you mean 'fast'?)"],
    ),
    (Choice(("slow", "fast")), "[fast]", ["1:1: expected a text"]),
    (Choice(("true", "false")), "true", []),
    (Choice(("true", "false")), "no", ["1:1: 'no' is not one of: true, false"]),
    (Data(), "~", []),
    (Data(), "{a: [~, {}]}", []),
    (ORIGIN, "{here: a}", []),
    (ORIGIN, "{here: a, mode: fast, speed: low}", []),
    (ORIGIN, "{there: a, on: ~, note: b}", []),
    (ORIGIN, "{}", ["1:1: give exactly one of: here, there"]),
    (ORIGIN, "{here: a, there: b}", ["1:1: give exactly one of: here, there"]),
    (ORIGIN, "{here: a, speed: low}", ["1:11: 'speed' goes with 'mode: fast'"]),
    (
        ORIGIN,
        "{here: a, mode: slow, speed: low}",
        ["1:23: 'speed' goes with 'mode: fast'"],
    ),
    (
        ORIGIN,
        "{here: a, speed: low, mode: [fast]}",
        ["1:29: expected a text"],
    ),
    (ORIGIN, "{here: a, note: b}", ["1:11: 'note' goes with 'on'"]),
    (
        ORIGIN,
        "{her: a}",
        [
            "1:2: unknown key 'her' (did you mean 'here'?)",
        ],
    ),
    (ORIGIN, "a", ["1:1: expected a table with: here, there, mode, speed, note, on"]),
    (Fields({"a": Key("", Text(), required=True)}), "{}", ["1:1: 'a' is missing"]),
    (Fields({"a": Key("", Text(), required=True)}), "{a: }", [f"1:4: {NOTHING}"]),
    (Names(Text()), "{}", []),
    (Names(Text()), "{a b: c, '': d}", []),
    (Names(Text()), "[a]", ["1:1: expected a table"]),
    (Names(Text(), NAME), "{true: a}", []),
    (
        Names(Text(), NAME),
        "{A: [], b: ~}",
        ["1:2: 'A' is not a name", "1:5: expected a text", f"1:12: {NOTHING}"],
    ),
    (Names(Text(), exactly_one=True), "{a: b}", []),
    (
        Names(Text(), exactly_one=True),
        "{}",
        ["1:1: expected a table of exactly one entry"],
    ),
    (
        Names(Text(), exactly_one=True),
        "{a: b, c: d}",
        ["1:1: expected a table of exactly one entry"],
    ),
    (Items(Text()), "[]", []),
    (Items(Text()), "[a, ~]", [f"1:5: {NOTHING}"]),
    (Items(Text()), "a", ["1:1: expected a list"]),
    (Items(Text(), at_least=2), "[a]", ["1:1: expected a list of at least 2"]),
    (Either(Text(), Items(Text())), "a", []),
    (Either(Text(), Items(Text())), "[a, b]", []),
    (Either(Text(), Items(Text())), "{a: b}", ["1:1: expected a text or a list"]),
    (Either(Text(), table=Names(Text())), "[]", ["1:1: expected a text or a table"]),
    (Either(items=Items(Text())), "a", ["1:1: expected a list"]),
    (Either(CALLS, table=CALLS), "{cut: 5}", []),
    (CALLS, "plain", []),
    (CALLS, "{cut: 5}", []),
    (CALLS, "{pick: {a: b}}", []),
    (CALLS, "cut", ["1:1: 'cut' takes a number"]),
    (CALLS, "{plain: 5}", ["1:1: 'plain' takes no argument"]),
    (CALLS, "{cut: five}", ["1:7: 'cut' takes a number"]),
    (CALLS, "{cut: [5]}", ["1:7: 'cut' takes a number"]),
    (CALLS, "{pick: a}", ["1:8: 'pick' takes a table"]),
    (CALLS, "{pick: {a: []}}", ["1:12: expected a text"]),
    (CALLS, "plian", ["1:1: no step 'plian' (did you mean 'plain'?)"]),
    (CALLS, "{cute: 5}", ["1:1: no step 'cute' (did you mean 'cut'?)"]),
    (CALLS, "[plain]", ["1:1: expected a step, or a table of one and its argument"]),
    (CALLS, "{}", ["1:1: expected a step, or a table of one and its argument"]),
    (
        CALLS,
        "{cut: 5, plain: 6}",
        ["1:1: expected a step, or a table of one and its argument"],
    ),
]


@pytest.mark.parametrize(
    ("shape", "text", "expected"),
    CASES,
    ids=[f"{type(shape).__name__} {text}" for shape, text, _ in CASES],
)
def test_what_does_not_have_the_shape_is_found_at_its_place(
    shape: Shape, text: str, expected: list[str]
) -> None:
    found = sorted(find_faults(read(text, "file.yaml"), shape))

    assert [str(each).removeprefix("file.yaml:") for each in found] == expected
    assert {each.kind for each in found} <= {*SHAPE_KINDS}


@pytest.mark.parametrize(
    ("shape", "text", "kind"),
    [
        (Text(), "[]", "shape"),
        (NAME, "5", "name"),
        (Choice(("a",)), "b", "choice"),
        (ORIGIN, "{here: a, hier: b}", "unknown_key"),
        (ORIGIN, "{}", "combination"),
        (ORIGIN, "{here: a, note: b}", "combination"),
        (Fields({"a": Key("", Text(), required=True)}), "{}", "missing_key"),
        (Names(Text(), NAME), "{A: b}", "name"),
        (Names(Text(), exactly_one=True), "{}", "combination"),
        (Items(Text(), at_least=1), "[]", "shape"),
        (CALLS, "plian", "transform"),
        (CALLS, "{cut: five}", "transform"),
    ],
)
def test_a_fault_has_a_kind(shape: Shape, text: str, kind: str) -> None:
    (finding,) = find_faults(read(text, "file.yaml"), shape)

    assert finding.kind == kind


def test_all_faults_are_found_at_once() -> None:
    shape = Fields({"a": Key("", Items(NAME)), "b": Key("", CALLS)})

    found = sorted(find_faults(read("{a: [5, ok, ~], b: nope, c: d}", "x"), shape))

    assert [str(each) for each in found] == [
        "x:1:6: '5' is not a name",
        f"x:1:13: {NOTHING}",
        "x:1:20: no step 'nope'",
        "x:1:26: unknown key 'c'",
    ]
