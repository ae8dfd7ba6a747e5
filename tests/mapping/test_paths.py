from __future__ import annotations

import json
from typing import Any

import jmespath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.mapping.paths import ABSENT, compile_path, has_value, is_true

quick = settings(derandomize=True, max_examples=60, deadline=None, database=None)

KEYS = st.sampled_from(["a", "b", "_c1", "Payment Date", "a.b", "é", "0"])
TREES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner),
    max_leaves=12,
)
CHAINS = st.lists(KEYS, max_size=4)
VALUES = [None, False, True, "", " ", "x", 0, 0.0, 1, [], [None], {}, {"a": None}]


def chain(keys: list[str]) -> str:
    """Return the path of these keys; only those that need quotes have them."""
    plain = [key if key in ("a", "b", "_c1") else json.dumps(key) for key in keys]
    return ".".join(["payload", *plain])


def walk(value: Any, keys: list[str]) -> Any:
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return ABSENT
        value = value[key]
    return value


@quick
@given(tree=st.dictionaries(KEYS, TREES), keys=CHAINS)
def test_a_chain_finds_what_jmespath_finds(
    tree: dict[str, Any], keys: list[str]
) -> None:
    context = {"payload": tree, "event": {}, "body": {}}

    found = compile_path(chain(keys))(context)

    expected = jmespath.search(chain(keys), context)
    assert expected == (None if found is ABSENT else found)


@quick
@given(tree=st.dictionaries(KEYS, TREES), keys=CHAINS)
def test_a_chain_tells_an_absent_key_from_a_null(
    tree: dict[str, Any], keys: list[str]
) -> None:
    context = {"payload": tree, "event": {}, "body": {}}

    assert walk(tree, keys) is compile_path(chain(keys))(context)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("payload", {"x": {"y": None, "Payment Date": 1}}),
        ("payload.x.y", None),
        ("payload.x.z", ABSENT),
        ("payload.x.y.z", ABSENT),
        ('payload.x."Payment Date"', 1),
        ('payload."x"."Payment Date"', 1),
        ('"payload".x.y', None),
        ("event.call_id", "call-1"),
        ("body.agent.name", ABSENT),
    ],
)
def test_a_chain_finds(path: str, found: Any) -> None:
    payload = {"x": {"y": None, "Payment Date": 1}}
    context = {"payload": payload, "event": {"call_id": "call-1"}, "body": {}}

    assert found == compile_path(path)(context)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("payload.tags[0]", "a"),
        ("payload.tags[9]", ABSENT),
        ("payload.tags | length(@)", 2),
        ("payload.gone || payload.tags[1]", "b"),
        ("payload.[yes, no] | contains(@, `true`)", True),
        ("payload.[no] | contains(@, `true`)", False),
        ("!(payload.yes)", False),
        ("payload.gone.[yes] | contains(@, `true`)", ABSENT),
        ("payload.null || payload.gone", ABSENT),
    ],
)
def test_what_is_no_chain_is_jmespath_and_its_null_is_absent(
    path: str, found: Any
) -> None:
    payload = {"tags": ["a", "b"], "yes": True, "no": False, "null": None}

    assert found == compile_path(path)({"payload": payload})


@pytest.mark.parametrize("payload", [{}, {"x": None}, {"x": 1}, {"x": [1, "a"]}])
@pytest.mark.parametrize(
    "path",
    ["contains(payload.x, `1`)", "sort(payload.x)", "sum(payload.x)", "payload.x[::0]"],
)
def test_a_wrong_type_in_a_payload_finds_nothing_and_raises_nothing(
    path: str, payload: Any
) -> None:
    assert compile_path(path)({"payload": payload}) in (True, ABSENT)


@pytest.mark.parametrize(
    "path",
    ["paylod.x", "x", '"pay load".x', "PAYLOAD.x", "paylod.x[0]", "!paylod.x"],
)
def test_an_unknown_root_is_refused_with_the_roots_there_are(path: str) -> None:
    with pytest.raises(
        ValueError, match=r"has to begin with one of: payload, event, body$"
    ):
        compile_path(path)


@pytest.mark.parametrize(
    "path", ["", "payload..x", "payload.", "payload[", "a b", "{x"]
)
def test_what_is_no_path_is_refused_in_one_line(path: str) -> None:
    with pytest.raises(ValueError, match=r"is not JMESPath: .*") as refused:
        compile_path(path)

    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    "path",
    [
        "contian(payload.tags, 'x')",
        "payload.outcomes.[doNotCall] | contians(@, `true`)",
        "payload.tags[?starts_wth(@, 'x')]",
    ],
)
def test_a_function_that_jmespath_does_not_have_is_refused(path: str) -> None:
    """It would be found out at every call, and a `when` of it would never be true."""
    with pytest.raises(ValueError, match=r"is not JMESPath: .*unction"):
        compile_path(path)


def test_a_function_with_too_few_arguments_is_refused() -> None:
    with pytest.raises(ValueError, match=r"is not JMESPath: .*argument"):
        compile_path("contains(payload.tags)")


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_truth_is_that_of_jmespath(value: Any) -> None:
    expected = jmespath.search("x && `true` || `false`", {"x": value})

    assert expected is is_true(value)


def test_the_absent_is_not_true() -> None:
    assert is_true(ABSENT) is False
    assert not ABSENT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ABSENT, False),
        (None, False),
        ("", False),
        (" \n", False),
        ("x", True),
        (False, True),
        (0, True),
        ([], True),
        ({}, True),
    ],
    ids=repr,
)
def test_a_value_is_all_but_the_absent_the_null_and_the_blank(
    value: Any, expected: bool
) -> None:
    assert expected is has_value(value)
