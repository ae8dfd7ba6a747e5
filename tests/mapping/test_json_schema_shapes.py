"""The JSON Schema of any shape whatever refuses what `find_faults` refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from worker.mapping.json_schema import json_schema
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
from worker.mapping.strict_yaml import Node

from .amounts import examples
from .editors import seen
from .mutants import items, scalar, table

NAMES = ("a", "b", "c")
KEYS = (*NAMES, "d d")
TEXTS = (
    Text(),
    Text("[a-c]", "a letter"),
    Text("a|true", "one or the other"),
    Text("[0-9]+", "a whole number"),
    Text("[1-9][0-9]*", "a number from 1 on"),
    Text("-?[0-9]+", "a whole number, also below 0"),
    Text(r"-?[0-9]+(\.[0-9]+)?", "a number"),
)
CHOICES = (Choice(("a", "b")), Choice(("true", "false")), Choice(("7", "a", "1.5")))
SCALARS = [
    scalar(text, plain=plain)
    for text in ("a", "b", "d d", "true", "false", "0", "7", "-1", "1.5", "", "null")
    for plain in (True, False)
]


def calls(number: int, table_of: Shape) -> Calls:
    arguments: dict[str, Shape | None] = {"a": TEXTS[number], "b": None, "c": table_of}
    return Calls("call", arguments, dict.fromkeys(NAMES, "x"), dict.fromkeys(NAMES, ""))


@st.composite
def fields(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> Fields:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    keys = {name: Key("", draw(inner), draw(st.booleans())) for name in names}
    groups = draw(st.lists(st.permutations(NAMES), max_size=2))
    others = st.tuples(st.sampled_from(NAMES), st.sampled_from([None, "a", "true"]))
    needs = draw(st.dictionaries(st.sampled_from(NAMES), others, max_size=1))
    return Fields(keys, tuple(tuple(group[:2]) for group in groups), needs)


def larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.builds(Items, inner, st.integers(0, 2))
    names = st.builds(Names, inner, st.sampled_from(TEXTS[:2]), st.booleans())
    made_calls = st.builds(calls, st.integers(0, 6), inner)
    tables = fields(inner) | names | made_calls
    scalars = st.sampled_from([*TEXTS, *CHOICES]) | made_calls
    no = st.none()
    either = st.builds(Either, scalars | no, lists | no, tables)
    same = made_calls.map(lambda call: Either(call, Items(call), call))
    return lists | tables | either | same


SHAPES = st.recursive(st.sampled_from([*TEXTS, *CHOICES, Data()]), larger, max_leaves=6)
NODES = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda found: items(*found))
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3).map(table)
    ),
    max_leaves=4,
)


@st.composite
def nodes_near(draw: st.DrawFn, shape: Shape) -> Node:
    """Draw a node that has the shape, more or less."""
    if draw(st.integers(0, 7)) == 0:
        return draw(NODES)
    match shape:
        case Fields():
            names = draw(st.lists(st.sampled_from(NAMES), unique=True))
            return table({n: draw(_value(shape, n)) for n in names})
        case Names():
            names = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=2))
            return table({name: draw(nodes_near(shape.value)) for name in names})
        case Items():
            return items(*draw(st.lists(nodes_near(shape.item), max_size=2)))
        case Either():
            parts = [p for p in (shape.scalar, shape.items, shape.table) if p]
            return draw(nodes_near(draw(st.sampled_from(parts))))
        case Calls():
            name = draw(st.sampled_from(KEYS))
            argument = shape.arguments.get(name)
            return (
                scalar(name)
                if argument is None
                else table({name: draw(nodes_near(argument))})
            )
        case _:
            return draw(st.sampled_from(SCALARS) if shape != Data() else NODES)


def _value(shape: Fields, name: str) -> st.SearchStrategy[Node]:
    return nodes_near(shape.keys[name].shape) if name in shape.keys else NODES


@examples(500)
@given(st.data())
def test_schema_and_loader_agree_on_any_shape(data: st.DataObject) -> None:
    shape = data.draw(SHAPES)
    made = json_schema(shape, title="t", identifier="crm-sync:t")
    Draft7Validator.check_schema(made)
    validator = Draft7Validator(made)

    for _ in range(4):
        node = data.draw(nodes_near(shape))
        faults = find_faults(node, shape)
        assert validator.is_valid(seen(node)) == (faults == []), (seen(node), faults)


def test_a_named_part_is_referred_to_wherever_it_stands() -> None:
    part = Names(Text())
    shape = Fields({"a": Key("", part), "b": Key("", Items(part))})

    made = json_schema(shape, title="t", identifier="i", parts={"part": part})

    assert made["definitions"]["part"]["type"] == "object"
    assert made["properties"]["a"]["$ref"] == "#/definitions/part"
    assert made["properties"]["b"]["items"] == {"$ref": "#/definitions/part"}
    validator = Draft7Validator(made)
    assert validator.is_valid({"a": {"x": "y"}, "b": [{"x": "y"}]})
    assert not validator.is_valid({"a": {"x": None}})
    assert not validator.is_valid({"b": [{"x": []}]})


def test_a_pattern_that_takes_only_some_numbers_has_no_schema() -> None:
    shape = Text(r"[0-9]{2}", "two digits")

    with pytest.raises(ValueError, match=r"^two digits may be some of 1, 2, 10, "):
        json_schema(shape, title="t", identifier="i")
