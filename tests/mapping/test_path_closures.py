from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jmespath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jmespath.exceptions import JMESPathError

from tests.mapping.amounts import amount
from worker.mapping.path_closures import compile_closure

quick = settings(
    derandomize=True, max_examples=amount(400), deadline=None, database=None
)

NAMES = st.sampled_from(["a", "b", "c", '"x y"'])
SCALARS = st.sampled_from([None, True, False, 0, 1, 2.5, -1, "", " ", "a", "ab", "1"])
TREES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c", "x y"]), inner, max_size=4)
    ),
    max_leaves=20,
)
ROOTS = st.dictionaries(st.sampled_from(["a", "b", "c", "x y"]), TREES)
LITERALS = st.sampled_from(
    ["`true`", "`false`", "`null`", "`0`", "`1`", "`[1, 2]`", '`{"a": 1}`', "'a'", "''"]
)
AFTER = st.sampled_from(
    ["[0]", "[-1]", "[5]", "[]", "[*]", "[0:2]", "[::-1]", "[::0]", ".*", ".c"]
) | st.sampled_from(
    [".*.a", "[*].a", "[].b", ".[a, b]", ".[c]", ".{a: b, k: @}", " | [0]", " | @"]
)
COMPARATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
ONE_ARGUMENT = st.sampled_from(
    ["abs", "avg", "ceil", "keys", "length", "max", "min", "reverse", "sort", "sum"]
) | st.sampled_from(["to_array", "to_number", "to_string", "type", "values"])
TWO_ARGUMENTS = st.sampled_from(["contains", "starts_with", "ends_with", "join"])


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return the expressions that are made of these."""
    return st.one_of(
        st.builds("({}){}".format, inner, AFTER),
        st.builds("{}.{}".format, NAMES, NAMES),
        st.builds("{}[?{}].{}".format, NAMES, inner, NAMES),
        st.builds("{}[?{}] | [0]".format, NAMES, inner),
        st.builds("({} {} {})".format, inner, COMPARATORS, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("({} && {})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{{k: {}, a: {}}}".format, inner, inner),
        st.builds("({} | {})".format, inner, inner),
        st.builds("{}({})".format, ONE_ARGUMENT, inner),
        st.builds("{}({}, {})".format, TWO_ARGUMENTS, inner, inner),
        st.builds("not_null({}, {})".format, inner, inner),
        st.builds("merge({}, {})".format, inner, inner),
    )


EXPRESSIONS = st.recursive(NAMES | LITERALS | st.just("@"), grown, max_leaves=8)


def outcome(search: Callable[[Any], Any], tree: Any) -> str:
    """Return what is found or raised; `1` and `True` are not the same in it."""
    try:
        return repr(search(tree))
    except (JMESPathError, TypeError, ValueError) as error:
        return type(error).__name__


@quick
@given(expression=EXPRESSIONS, tree=ROOTS)
def test_a_closure_finds_and_raises_what_jmespath_does(
    expression: str, tree: dict[str, Any]
) -> None:
    compiled = jmespath.compile(expression)
    closure = compile_closure(compiled.parsed)

    assert closure is not None
    assert outcome(compiled.search, tree) == outcome(closure, tree)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("payload.outcomes.[doNotCall, gone] | contains(@, `true`)", True),
        ("payload.outcomes.[gone] | contains(@, `true`)", False),
        ("[payload][?status != 'ended'].status | [0]", "busy"),
        ("[payload][?status != 'busy'].status | [0]", None),
        ("not_null(payload.gone, payload.status)", "busy"),
        ("payload.[event_type && type][0]", "outbound"),
        ("payload.transcript[0].timestamp", "10:00"),
        ("payload.transcript[7].timestamp", None),
        ("!(payload.gone)", True),
        ("payload.duration > `60` && payload.type == 'outbound'", True),
        ("payload.duration > `60` || payload.gone", True),
        ("length(payload.transcript)", 1),
        ("payload.outcomes.*", [True]),
        ("payload.transcript[*].{at: timestamp}", [{"at": "10:00"}]),
    ],
)
def test_what_mappings_ask_for_is_found_and_is_what_jmespath_finds(
    expression: str, expected: Any
) -> None:
    payload = {
        "event_type": "on_call_end",
        "type": "outbound",
        "status": "busy",
        "duration": 61,
        "outcomes": {"doNotCall": True},
        "transcript": [{"timestamp": "10:00"}],
    }
    compiled = jmespath.compile(expression)
    closure = compile_closure(compiled.parsed)

    assert closure is not None
    assert expected == closure({"payload": payload})
    assert expected == compiled.search({"payload": payload})


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("length(payload.x)", "JMESPathTypeError"),
        ("contains(payload.x, 'a')", "JMESPathTypeError"),
        ("contains('abc', payload.x)", "TypeError"),
        ("payload.x < 'a'", "TypeError"),
        ("payload.list[::0]", "ValueError"),
    ],
)
def test_a_fault_is_raised_as_jmespath_raises_it(expression: str, kind: str) -> None:
    tree = {"payload": {"x": 1, "list": []}}
    compiled = jmespath.compile(expression)
    closure = compile_closure(compiled.parsed)

    assert closure is not None
    assert kind == outcome(closure, tree)
    assert kind == outcome(compiled.search, tree)


@pytest.mark.parametrize(
    "expression",
    ["sort_by(payload.x, &a)", "payload.x | map(&a, @)", "payload.[max_by(x, &a), y]"],
)
def test_an_expression_as_an_argument_is_left_to_the_interpreter(
    expression: str,
) -> None:
    assert compile_closure(jmespath.compile(expression).parsed) is None
