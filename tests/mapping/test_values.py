from __future__ import annotations

from typing import Any

import pytest

from worker.mapping.paths import ABSENT
from worker.mapping.values import TransformRefused

from .building import value

BLANKS = ["", " ", "\n\t"]


@pytest.mark.parametrize(
    "given", [None, False, True, 0, "", " ", "x", [], {}], ids=repr
)
def test_a_path_gives_what_is_there(given: Any) -> None:
    assert given is value("payload.a", {"a": given})
    assert given is value("{from: payload.a}", {"a": given})


def test_a_path_to_nothing_is_absent() -> None:
    assert ABSENT is value("payload.a", {})


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"a": "x", "b": "y"}, "x"),
        ({"b": "y"}, "y"),
        ({"a": None, "b": "y"}, "y"),
        ({"a": " ", "b": "y"}, "y"),
        ({"a": False, "b": "y"}, False),
        ({"a": 0, "b": "y"}, 0),
        ({"a": None}, None),
        ({"b": None}, None),
        ({"a": "", "b": None}, ""),
        ({}, ABSENT),
    ],
    ids=repr,
)
def test_of_several_paths_the_first_with_a_value_counts(
    payload: Any, expected: Any
) -> None:
    assert expected == value("{from: [payload.a, payload.b]}", payload)


@pytest.mark.parametrize("payload", [{}, {"a": None}, {"a": ""}, {"a": " "}], ids=repr)
@pytest.mark.parametrize("more", ["", ", as: title", ", choose: {x: X}"])
def test_a_default_stands_in_where_there_is_no_value(payload: Any, more: str) -> None:
    assert value(f"{{from: payload.a, default: none{more}}}", payload) == "none"


@pytest.mark.parametrize("given", [False, 0, "x", []], ids=repr)
def test_a_default_does_not_stand_in_for_a_value(given: Any) -> None:
    assert given == value("{from: payload.a, default: none}", {"a": given})


def test_a_default_stands_in_where_no_flag_is_true() -> None:
    field = "{from: payload, as: {first_flag: {a: A}}, default: none}"

    assert value(field, {"a": False}) == "none"
    assert value(field, {"a": True}) == "A"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("IN", "Inbound"),
        ("in", ABSENT),
        (True, "Yes"),
        (False, "No"),
        (7, "Seven"),
        (None, None),
        ("", ABSENT),
        (" ", ABSENT),
    ],
    ids=repr,
)
def test_a_choice_is_by_the_value_as_text(given: Any, expected: Any) -> None:
    table = '{IN: Inbound, "true": "Yes", "false": "No", 7: Seven}'

    assert expected == value(f"{{from: payload.a, choose: {table}}}", {"a": given})


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"a": "IN"}, "Inbound"),
        ({"a": "sideways"}, "Other"),
        ({"a": False}, "Other"),
        ({"a": []}, "Other"),
        ({"a": None}, None),
        ({"a": ""}, ABSENT),
        ({}, ABSENT),
    ],
    ids=repr,
)
def test_otherwise_is_for_a_value_that_the_table_lacks(
    payload: Any, expected: Any
) -> None:
    field = "{from: payload.a, choose: {IN: Inbound}, otherwise: Other}"

    assert expected == value(field, payload)


def test_a_choice_is_made_after_the_transforms() -> None:
    field = "{from: payload.a, as: [trim, lower], choose: {in: Inbound}}"

    assert value(field, {"a": " IN "}) == "Inbound"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [(True, "x"), ("yes", "x"), (0, "x"), (False, ABSENT), ("", ABSENT), ([], ABSENT)],
    ids=repr,
)
def test_a_field_is_given_only_when_its_condition_is_true(
    condition: Any, expected: Any
) -> None:
    payload = {"a": "x", "if": condition}

    assert expected == value("{from: payload.a, when: payload.if}", payload)


@pytest.mark.parametrize("payload", [{"a": "x"}, {"a": "x", "if": None}, {"if": False}])
def test_a_condition_comes_before_default_and_text(payload: Any) -> None:
    assert ABSENT is value("{from: payload.a, default: y, when: payload.if}", payload)
    assert ABSENT is value("{text: always, when: payload.if}", payload)
    assert ABSENT is value("{value: always, when: payload.if}", payload)


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ("Completed", "Completed"),
        ("true", True),
        ("false", False),
        ('"true"', "true"),
        ("no", "no"),
        ("12:30", "12:30"),
        ("012", "012"),
        ("+15551234567", "+15551234567"),
        ('"null"', "null"),
        ("'~'", "~"),
        ('""', ""),
    ],
)
def test_a_fixed_value_is_text_but_for_true_and_false(
    literal: str, expected: Any
) -> None:
    assert expected == value(f"{{value: {literal}}}")


@pytest.mark.parametrize("blank", BLANKS, ids=repr)
@pytest.mark.parametrize("step", ["to_integer", "to_date", "title", "{truncate: 5}"])
def test_a_blank_text_is_not_transformed_but_absent(blank: str, step: str) -> None:
    assert ABSENT is value(f"{{from: payload.a, as: {step}}}", {"a": blank})


def test_a_null_is_not_transformed_but_stays_null() -> None:
    assert value("{from: payload.a, as: to_integer}", {"a": None}) is None


def test_an_absent_value_is_not_transformed_but_stays_absent() -> None:
    assert ABSENT is value("{from: payload.a, as: to_integer}", {})


def test_transforms_run_in_their_order() -> None:
    field = "{from: payload.a, as: [title, {truncate: 8}]}"

    assert value(field, {"a": "A_LONG_TEXT"}) == "A..."


@pytest.mark.parametrize("step", ["upper", "{truncate: 3}", "to_integer"])
def test_a_null_between_transforms_is_not_transformed_further(step: str) -> None:
    """Where no flag is true there is nothing to put in capitals."""
    field = f"{{from: payload, as: [{{first_flag: {{a: A}}}}, {step}]}}"

    assert value(field, {"a": False}) is None


def test_a_null_out_of_a_transform_is_not_what_otherwise_is_for() -> None:
    field = "{from: payload, as: {first_flag: {a: A}}, choose: {A: B}, otherwise: C}"

    assert value(field, {"a": False}) is None


def test_the_argument_of_a_transform_can_be_a_path() -> None:
    field = "{from: payload.days, as: {days_after: event.occurred_on}}"

    assert value(field, {"days": 7}) == "2026-05-11"


@pytest.mark.parametrize(
    ("field", "given", "message"),
    [
        ("{from: payload.a, as: to_integer}", "SECRET", "to_integer: not a number"),
        ("{from: payload.a, as: [title, to_date]}", "SECRET", "to_date: not a date"),
        ("{from: payload.a, as: {days_after: payload.b}}", 7, "days_after: not a date"),
        ("{from: payload.a, as: {flags: {x: X}}}", "SECRET", "flags: not an object"),
    ],
)
def test_a_refusal_names_the_transform_and_not_the_value(
    field: str, given: Any, message: str
) -> None:
    with pytest.raises(TransformRefused, match=f"^{message}") as refused:
        value(field, {"a": given})

    assert "SECRET" not in str(refused.value)


def test_a_refusal_inside_a_text_names_the_transform() -> None:
    with pytest.raises(ValueError, match=r"^to_date: not a date"):
        value('{text: "on {payload.a|to_date}"}', {"a": "SECRET"})


def test_a_text_as_a_key_may_have_no_hole() -> None:
    assert value('{text: "call: {payload.a|default:}"}', {}) == "call: "
    assert ABSENT is value('{text: "call: {payload.a}"}', {})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("event.phone || payload.phone", "+15005550006"),
        ("event.[call_id, phone][1]", "+15005550006"),
        ('event."phone"', "+15005550006"),
    ],
)
def test_jmespath_reads_the_event_as_well_as_the_payload(
    path: str, expected: str
) -> None:
    assert expected == value(f"'{path}'", {}, phone="+15005550006")
