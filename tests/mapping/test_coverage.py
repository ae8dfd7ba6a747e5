from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from worker.mapping.compiled import CompiledMapping
from worker.mapping.coverage import (
    EVENT,
    NOT_LOOKED_AT,
    Coverage,
    Seen,
    Tally,
    percent,
)
from worker.mapping.coverage_points import KEPT, NOBODY, SEVERAL, points_of
from worker.mapping.paths import Context

from .building import compiled, context

ONE_FIELD = "- {object: Task, key: {K: event.call_id}, fields: {A: payload.a}}"
EVERYTHING = frozenset(
    {(o, f) for o in ("Task", "Account") for f in ("", "A", "B", "W")}
    | {(EVENT, name) for name in ("urgent", "party", "skip")}
)


def seen(
    mapping: CompiledMapping,
    given: Context,
    compared: Iterable[tuple[str, str]] = EVERYTHING,
    met: Iterable[tuple[str, str, str]] = (),
) -> Seen:
    return Seen(
        context=given,
        plan=mapping.plan(given),
        is_wrong_party=mapping.is_wrong_party(given),
        compared=frozenset(compared),
        met=frozenset(met),
    )


def coverage(mapping: CompiledMapping, *cases: Seen, schema: Any = None) -> Coverage:
    tally = Tally(mapping.spec.path, points_of(mapping.spec), schema)
    for case in cases:
        tally.see(case)
    return tally.coverage()


def untouched(mapping: CompiledMapping, *cases: Seen) -> list[str]:
    """Return in words what these cases leave out."""
    found = coverage(mapping, *cases).untouched
    return [finding.message for _, finding in found]


def of_field(field: str, *payloads: Any, head: str = "") -> list[str]:
    """Return what cases with these payloads leave out of a field's node."""
    text = f"- {{object: Task, key: {{K: event.call_id}}, fields: {{A: {field}}}}}"
    mapping = compiled(text, head=head)
    return untouched(mapping, *(seen(mapping, context(given)) for given in payloads))


# Fields


def test_a_field_counts_where_it_is_sent_and_looked_at() -> None:
    mapping = compiled(
        "- {object: Task, key: {K: event.call_id}, fields: {A: payload.a}}"
    )
    sent, absent = context({"a": 1}), context({})

    assert untouched(mapping, seen(mapping, sent)) == []
    assert untouched(mapping, seen(mapping, absent)) == ["Task.A is never sent"]
    assert untouched(mapping, seen(mapping, sent, compared=())) == [
        f"Task.A is sent, {NOT_LOOKED_AT}"
    ]


def test_to_look_in_one_case_at_what_another_sends_proves_nothing() -> None:
    mapping = compiled(
        "- {object: Task, key: {K: event.call_id}, fields: {A: payload.a}}"
    )
    sends = seen(mapping, context({"a": 1}), compared=())
    looks = seen(mapping, context({}))

    assert untouched(mapping, sends, looks) == [f"Task.A is sent, {NOT_LOOKED_AT}"]


def test_a_field_that_its_policy_holds_back_is_not_sent() -> None:
    field = "{from: payload.a, write: sticky}"

    assert of_field(field, {"a": False}) == ["Task.A is never sent"]


def test_a_field_of_a_write_that_is_parked_is_not_sent() -> None:
    mapping = compiled("""
    - object: Account
      mode: update
      match: [{K: payload.k}]
      fields: {A: payload.a}
    """)
    found = untouched(mapping, seen(mapping, context({"a": 1})))

    assert "Account.A is never sent" in found


# Conditions and ways


@pytest.mark.parametrize(
    ("field", "payloads", "left"),
    [
        (
            "{from: payload.a, choose: {x: X, y: Y}}",
            [{"a": "x"}],
            ["Task.A: choose y is never taken"],
        ),
        (
            "{from: payload.a, choose: {x: X}, otherwise: Z}",
            [{"a": "x"}],
            ["Task.A: otherwise is never taken"],
        ),
        ("{from: payload.a, choose: {x: X}, otherwise: Z}", [{"a": "x"}, {"a": 1}], []),
        # What is chosen is not what happens to look like it.
        (
            "{from: payload.a, choose: {x: S, y: S}, otherwise: S}",
            [{"a": "y"}],
            ["Task.A: choose x is never taken", "Task.A: otherwise is never taken"],
        ),
        (
            "{from: payload.a, choose: {'true': S, 'false': S}}",
            [{"a": True}],
            ["Task.A: choose false is never taken"],
        ),
        (
            "{from: payload.a, default: D}",
            [{"a": 1}],
            ["Task.A: default is never taken"],
        ),
        # Also where the payload has the very text of the default.
        (
            "{from: payload.a, default: D}",
            [{"a": "D"}],
            ["Task.A: default is never taken"],
        ),
        ("{from: payload.a, default: D}", [{}], []),
        (
            "{from: payload.a, as: trim, default: D}",
            [{"a": 1}],
            ["Task.A: default is never taken"],
        ),
        (
            "{from: [payload.a, payload.b]}",
            [{"a": 1, "b": 2}],
            ["Task.A: payload.b is never the first with a value"],
        ),
        ("{from: [payload.a, payload.b]}", [{"a": 1}, {"a": " ", "b": 2}], []),
        (
            "{text: 'to {payload.a|default:nobody}'}",
            [{"a": 1}],
            ["Task.A: the default of {payload.a} is never used"],
        ),
        (
            "{text: 'to {payload.a|default:nobody}'}",
            [{}],
            ["Task.A: {payload.a} is never given"],
        ),
        ("{text: 'to {payload.a}'}", [{"a": 1}], []),
        (
            "{from: payload.a, when: payload.b}",
            [{"a": 1, "b": True}],
            ["Task.A: when is never false"],
        ),
        # What lies behind a condition that is false was not tried.
        (
            "{from: payload.a, default: D, when: payload.b}",
            [{"a": 1, "b": True}, {}],
            ["Task.A: default is never taken"],
        ),
    ],
)
def test_each_way_to_a_value_has_to_be_gone(
    field: str, payloads: list[Any], left: list[str]
) -> None:
    assert left == of_field(field, *payloads)


@pytest.mark.parametrize(
    ("field", "payloads", "left"),
    [
        (
            "{from: payload, as: {first_flag: {x: S, y: S}}}",
            [{"x": True, "y": True}],
            ["Task.A: first_flag y is never taken"],
        ),
        (
            "{from: payload, as: {flags: {x: X, y: Y}}}",
            [{"x": True, "y": False}],
            ["Task.A: flags y is never taken"],
        ),
        ("{from: payload, as: {flags: {x: X, y: Y}}}", [{"x": True, "y": True}], []),
        (
            "{from: payload.a, as: [unique, {multi_select_of: {x: S, y: S}}]}",
            [{"a": ["y", "y"]}],
            ["Task.A: multi_select_of x is never taken"],
        ),
    ],
)
def test_each_label_of_a_table_has_to_be_given(
    field: str, payloads: list[Any], left: list[str]
) -> None:
    assert left == of_field(field, *payloads)


def test_a_value_that_a_transform_refuses_takes_no_way() -> None:
    field = "{from: payload.a, as: to_integer, choose: {'1': X}, otherwise: Z}"

    assert of_field(field, {"a": "one"}) == [
        "Task.A is never sent",
        "Task.A: choose 1 is never taken",
        "Task.A: otherwise is never taken",
    ]


def test_conditions_of_the_file_and_of_a_write_have_to_be_true_and_false() -> None:
    mapping = compiled(
        """
        - object: Task
          key: {K: event.call_id}
          when: payload.is_wanted
          fields: {A: {value: a}}
        """,
        head="""
        skip: [{when: payload.is_test, reason: test_call}]
        urgent: {when: payload.is_urgent}
        right_party: {wrong_when: payload.is_wrong}
        """,
    )
    test = seen(
        mapping, context({"is_test": True, "is_wrong": True, "is_wanted": True})
    )
    wanted = seen(mapping, context({"is_urgent": True, "is_wanted": True}))
    wrong = seen(mapping, context({"is_wrong": True}))
    other = seen(mapping, context({}))

    # What an event that is skipped would have done does not count.
    assert untouched(mapping, test) == [
        "skip test_call is never false",
        "urgent is never true",
        "wrong_when is never true",
        "wrong_when is never false",
        "Task: when is never true",
        "Task: when is never false",
        "Task.A is never sent",
    ]
    assert untouched(mapping, wanted, seen(mapping, context({"is_wanted": True}))) == [
        "skip test_call is never true",
        "wrong_when is never true",
        "Task: when is never false",
    ]
    assert untouched(mapping, test, wanted, wrong) == ["Task: when is never false"]
    assert untouched(mapping, test, wanted, wrong, other) == []


def test_a_condition_counts_where_a_case_says_what_comes_of_it() -> None:
    mapping = compiled(
        """
        - object: Task
          key: {K: event.call_id}
          when: payload.is_wanted
          fields: {A: {value: a}}
        - object: Account
          mode: update
          match: [{N: payload.number}, {P: payload.phone}]
          fields: {B: {value: b}}
        """,
        head="""
        skip: [{when: payload.is_test, reason: test_call}]
        urgent: {when: payload.is_urgent}
        party: [event.file_number, event.phone]
        """,
    )
    fields = {("Task", "A"), ("Account", "B")}
    by_number = context({"is_wanted": True, "is_urgent": True, "number": 1})
    by_phone = context({"phone": 1}, phone="P")
    test = context({"is_test": True}, file_number="F")
    cases = [seen(mapping, each, fields) for each in (by_number, by_phone, test)]

    assert untouched(mapping, *cases) == [
        f"skip test_call is true, {NOT_LOOKED_AT}",
        f"urgent is true, {NOT_LOOKED_AT}",
        f"urgent is false, {NOT_LOOKED_AT}",
        f"party: event.file_number is the first with a value, {NOT_LOOKED_AT}",
        f"party: event.phone is the first with a value, {NOT_LOOKED_AT}",
        f"Task: when is true, {NOT_LOOKED_AT}",
        f"Task: when is false, {NOT_LOOKED_AT}",
        f"Account: match N is used, {NOT_LOOKED_AT}",
        f"Account: match P is used, {NOT_LOOKED_AT}",
        "Account: a missing record is never met",
        "Account: an ambiguous match is never met",
    ]


# Policies, matches and links


ORG = """
- object: Account
  mode: update
  match: [{N: payload.number}, {P: payload.phone}]
  fields:
    A: {from: payload.a, write: if_empty}
"""


def test_what_only_an_org_can_show_has_to_be_shown() -> None:
    mapping = compiled(ORG)
    (write,) = mapping.spec.writes
    place = str(write.place)
    number = seen(mapping, context({"number": 1, "a": 1}))
    phone = seen(mapping, context({"phone": 1, "a": 1}))
    met = {(place, "", NOBODY), (place, "", SEVERAL), (place, "A", KEPT)}

    assert untouched(mapping, number) == [
        "Account: match P is never used",
        "Account: a missing record is never met",
        "Account: an ambiguous match is never met",
        "Account.A: the value of a record that is there is never kept",
    ]
    assert untouched(mapping, number, seen(mapping, phone.context, met=met)) == []


def test_a_match_is_used_only_where_no_stronger_one_has_a_value() -> None:
    mapping = compiled(ORG)
    both = seen(mapping, context({"number": 1, "phone": 1, "a": 1}))

    assert "Account: match P is never used" in untouched(mapping, both)


def test_a_link_has_to_be_made_by_each_match_and_be_looked_at() -> None:
    mapping = compiled("""
    - object: Task
      key: {K: event.call_id}
      fields: {A: {value: a}}
      links:
        W: {object: Account, match: [{N: payload.number}, {P: payload.phone}]}
    """)
    number = context({"number": 1})
    phone = context({"phone": 1})
    never_met = [
        "Task.W: a missing record is never met",
        "Task.W: an ambiguous match is never met",
    ]

    assert never_met == untouched(mapping, seen(mapping, number), seen(mapping, phone))
    assert [
        f"Task.W: match P is used, {NOT_LOOKED_AT}",
        *never_met,
    ] == untouched(
        mapping,
        seen(mapping, number),
        seen(mapping, phone, compared={("Task", "A")}),
    )


def test_the_fields_of_a_record_that_a_link_makes_have_to_be_sent() -> None:
    mapping = compiled("""
    - object: Task
      key: {K: event.call_id}
      fields: {A: {value: a}}
      links:
        W:
          object: Account
          match: [{N: payload.number}]
          missing: create
          create: {A: payload.a, B: payload.b}
    """)

    found = untouched(mapping, seen(mapping, context({"number": 1, "a": 1})))

    assert found[2:] == ["Account.B is never sent"]


@pytest.mark.parametrize(
    ("policy", "value", "left"),
    [
        ("sticky", False, []),
        ("sticky", "", []),
        ("sticky", 0, ["Task.A: a false that leaves the flag is never given"]),
        ("sticky", None, ["Task.A: a false that leaves the flag is never given"]),
        ("clear_on_null", None, []),
        ("clear_on_null", 1, ["Task.A: a null that clears is never given"]),
    ],
)
def test_the_special_values_of_a_policy_have_to_be_given(
    policy: str, value: Any, left: list[str]
) -> None:
    field = f"{{from: payload.a, write: {policy}}}"

    assert left == of_field(field, {"a": True}, {"a": value})


def test_each_path_of_the_party_has_to_be_the_first_with_a_value() -> None:
    mapping = compiled(
        "- {object: Task, key: {K: event.call_id}, fields: {A: {value: a}}}",
        head="party: [event.file_number, event.phone]",
    )
    by_number = context({}, file_number="F", phone="P")

    assert untouched(mapping, seen(mapping, by_number)) == [
        "party: event.phone is never the first with a value"
    ]


# Vendor keys and percents


SCHEMA = {
    "title": "cora call.completed",
    "type": "object",
    "properties": {
        "payload": {
            "type": "object",
            "properties": {
                "a": {"type": "string"},
                "b": {"type": "object", "properties": {"c": {"type": "boolean"}}},
            },
        }
    },
}


def test_each_documented_key_of_the_vendor_has_to_be_sent() -> None:
    mapping = compiled(
        "- {object: Task, key: {K: event.call_id}, fields: {A: payload.a}}"
    )
    without, null = seen(mapping, context({"a": 1})), context({"b": {"c": None}})

    found = coverage(mapping, without, schema=SCHEMA)

    assert [f.message for _, f in found.untouched] == ["no case sends payload.b.c"]
    assert (found.points, found.touched) == (3, 2)
    whole = coverage(mapping, without, seen(mapping, null), schema=SCHEMA)
    assert whole.untouched == ()


def test_nothing_is_touched_without_cases() -> None:
    mapping = compiled(
        "- {object: Task, key: {K: event.call_id}, fields: {A: payload.a}}"
    )

    found = coverage(mapping, schema=SCHEMA)

    assert (found.points, found.touched) == (3, 0)
    assert percent([found]) == 0


def test_a_hundred_percent_is_all_of_it() -> None:
    mapping = compiled(
        "- {object: Task, key: {K: event.call_id}, fields: {A: payload.a}}"
    )
    all_of_it = coverage(mapping, seen(mapping, context({"a": 1})))
    almost = Coverage("a.yaml", 9999, all_of_it.untouched + coverage(mapping).untouched)

    assert percent([all_of_it]) == 100
    assert percent([almost]) == 99.9  # 9998 of 9999 are 99.99 %
    assert percent([all_of_it, almost]) == 99.9


def test_what_is_left_out_is_told_with_its_place_in_the_mapping() -> None:
    mapping = compiled("""
    - object: Task
      key: {K: event.call_id}
      fields:
        A:
          from: payload.a
          choose:
            x: X
            y: Y
    """)

    found = coverage(mapping, seen(mapping, context({"a": "x"}))).untouched

    ((kind, finding),) = found
    assert kind == "branch"
    assert (
        str(finding)
        == "cora/call.completed.yaml:11:14: Task.A: choose y is never taken"
    )
