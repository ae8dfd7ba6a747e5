from __future__ import annotations

import re
from typing import Any

import pytest

from worker.mapping.paths import ABSENT
from worker.mapping.template import compile_template

from .building import context


def render(text: str, payload: Any = None, **event: Any) -> Any:
    return compile_template(text).render(context(payload, **event))


@pytest.mark.parametrize(
    ("text", "payload", "expected"),
    [
        ("plain", {}, "plain"),
        ("", {}, ""),
        ("call {payload.a}", {"a": "one"}, "call one"),
        ("{payload.a}{payload.b}", {"a": "x", "b": "y"}, "xy"),
        ("{payload.a}", {"a": 0}, "0"),
        ("{payload.a}", {"a": 1.5}, "1.5"),
        ("{payload.a}", {"a": True}, "true"),
        ("{payload.a}", {"a": False}, "false"),
        ('{payload."Payment Date"}', {"Payment Date": "soon"}, "soon"),
        ("{ payload.a }", {"a": "x"}, "x"),
        ("{payload.a[1]}", {"a": ["x", "y"]}, "y"),
        ("{payload.a|title}", {"a": "OUT_BOUND"}, "Out bound"),
        ("{payload.a | trim | upper}", {"a": " usd "}, "USD"),
        ("{payload.a|truncate:8}", {"a": "a long text"}, "a..."),
        ("{payload.a|join:, }", {"a": ["x", "y"]}, "x, y"),
        ("{{{payload.a}}}", {"a": "x"}, "{x}"),
        ("{{payload.a}}", {"a": "x"}, "{payload.a}"),
    ],
)
def test_a_template_renders(text: str, payload: Any, expected: str) -> None:
    assert expected == render(text, payload)


NOTHINGS = [{}, {"a": None}, {"a": ""}, {"a": " "}]


@pytest.mark.parametrize("payload", NOTHINGS, ids=repr)
def test_a_default_stands_in_where_there_is_nothing(payload: Any) -> None:
    assert render("call: {payload.a|title|default:none}", payload) == "call: none"


@pytest.mark.parametrize("payload", NOTHINGS, ids=repr)
def test_a_template_whose_slots_are_all_empty_is_absent(payload: Any) -> None:
    assert ABSENT is render("call: {payload.a}, {payload.b}", payload)


@pytest.mark.parametrize("payload", NOTHINGS, ids=repr)
def test_an_empty_slot_beside_a_full_one_is_an_empty_text(payload: Any) -> None:
    assert render("call: {payload.a}, {payload.b}", payload | {"b": "x"}) == "call: , x"


@pytest.mark.parametrize("payload", NOTHINGS, ids=repr)
def test_a_key_with_a_hole_is_absent(payload: Any) -> None:
    template = compile_template("promise:{event.call_id}:{payload.a}")

    assert ABSENT is template.render_key(context(payload))


def test_a_key_without_holes_is_the_text() -> None:
    template = compile_template("promise:{event.call_id}:{payload.a}")

    assert template.render_key(context({"a": "x"})) == "promise:call-1:x"


def test_a_template_lists_its_paths_in_order() -> None:
    template = compile_template("{event.phone|default:?} {payload.a} {{no}}")

    assert template.paths == ("event.phone", "payload.a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a { b", "a lone '{': write it twice for a brace"),
        ("a } b", "a lone '}': write it twice for a brace"),
        ("{payload.a", "a lone '{': write it twice for a brace"),
        ("{}", "'' is not JMESPath: Invalid JMESPath expression: cannot be empty."),
        (
            "{paylod.a}",
            "path 'paylod.a' has to begin with one of: payload, event, body",
        ),
        ("{payload.a|titel}", "no transform 'titel' (did you mean 'title'?)"),
        ("{payload.a|xyzzy}", "no transform 'xyzzy'"),
        ("{payload.a|truncate}", "'truncate' takes a whole number and is not for"),
        ("{payload.a|truncate:ten}", "'truncate' takes a whole number"),
        ("{payload.a|title:x}", "'title' takes no argument and is not for templates"),
        ("{payload.a|flags:x}", "'flags' takes a table of texts and is not for"),
    ],
)
def test_a_bad_template_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        compile_template(text)
