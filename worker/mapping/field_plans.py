"""The fields of a write, compiled: from context to what is sent. Floor 1, pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from worker.mapping.paths import ABSENT, Context, Getter, has_value
from worker.mapping.spec import FieldSpec, ValueSpec
from worker.mapping.transforms.digit_runs import may_have_number
from worker.mapping.transforms.free_text import redact_text
from worker.mapping.transforms.registry import text_of

# What would end a line, or the mark at its end.
_NO_MARK = re.compile(r"[\s\[\]]+")
# A card's number as JSON's number.
_LEAST_CARD = 10**12
# What these give holds no words of a call.
_TYPED = frozenset({"boolean", "integer", "number", "date", "datetime"})

Rule = Callable[[Any, Context], Any]
# The fields of a write, the name of one of them and the text in it.
FreeText = tuple[dict[str, Any], str, str]


class FieldPlan(NamedTuple):
    """One field, with what is known of it before any event comes.

    `rule` is what the policy makes of a value; None where it lets every one through.
    """

    name: str
    evaluate: Getter
    rule: Rule | None
    sends_null: bool
    redacts: bool
    place: str


def field_plan(field: FieldSpec) -> FieldPlan:
    """Return a field with what is known of it before any event comes."""
    policy = field.policy
    redacts = field.redacts and policy != "sticky" and reads_free_text(field.value)
    rule = _RULES.get(policy)
    if policy == "append" and redacts:
        # The line's own end must stay, whatever digits are in it.
        rule, redacts = _redacted_line, False
    return FieldPlan(
        name=field.name,
        evaluate=field.value.evaluate,
        rule=rule,
        sends_null=policy == "clear_on_null",
        redacts=redacts,
        place=str(field.place),
    )


def reads_free_text(value: ValueSpec) -> bool:
    """Return whether the value may hold words of a call, and not just facts of it."""
    if value.choices is not None or value.literal is not None:
        return False
    if value.steps:
        last = value.steps[-1].transform
        # Labels are the mapping's words, results are ours.
        if last.gives in _TYPED or last.labels or last.results:
            return False
    return any(not path.startswith("event.") for path in value.inputs)


def field_value(field: FieldPlan, context: Context) -> Any:
    """Return what the field's policy lets through: a value to send, or `ABSENT`.

    Raises `ValueError` where a transform refuses.
    """
    texts: list[FreeText] = []
    fields, faults = field_values((field,), context, texts)
    if faults:
        raise faults[0][1]
    redact(texts)
    return fields.get(field.name, ABSENT)


def field_values(
    plans: tuple[FieldPlan, ...], context: Context, texts: list[FreeText]
) -> tuple[dict[str, Any], list[tuple[FieldPlan, ValueError]]]:
    """Return the fields to send, and those that a transform refused.

    One field that cannot be read keeps no other from the record. What is free text goes
    to `texts` too: nothing may be sent before `redact` was called with them.
    """
    fields: dict[str, Any] = {}
    faults: list[tuple[FieldPlan, ValueError]] = []
    for plan in plans:
        name, evaluate, rule, sends_null, redacts, _place = plan
        try:
            value = evaluate(context)
            if value is ABSENT or (value is None and not sends_null):
                continue
            if rule is not None:
                value = rule(value, context)
                if value is ABSENT:
                    continue
        except ValueError as error:
            faults.append((plan, error))
            continue
        fields[name] = value
        if redacts and isinstance(value, str):
            texts.append((fields, name, value))
        elif redacts and type(value) is int and value >= _LEAST_CARD:
            label = redact_text(str(value))
            fields[name] = label if label.startswith("[") else value
    return fields, faults


def redact(texts: list[FreeText]) -> None:
    """Take card numbers and SSNs out of the free texts, where they stand."""
    # To ask once for all of them costs a tenth of asking for each.
    if may_have_number("\n".join([text for _fields, _name, text in texts])):
        for fields, name, text in texts:
            fields[name] = redact_text(text)


def _if_set(value: Any, _context: Context) -> Any:
    return ABSENT if value is False or value == "" else value


def _if_some(value: Any, _context: Context) -> Any:
    return value if has_value(value) else ABSENT


def _line(value: Any, context: Context) -> Any:
    """Return a dated line; its end names the call, so that it is never there twice."""
    words = text_of(value).split()
    if not words:
        return ABSENT
    event = context["event"]
    call = _NO_MARK.sub("_", event.get("call_id") or event["dedupe_key"])
    return f"{event['occurred_on']} {' '.join(words)} [{call}]"


def _redacted_line(value: Any, context: Context) -> Any:
    return _line(redact_text(text_of(value)), context)


_RULES: dict[str, Rule] = {"sticky": _if_set, "if_empty": _if_some, "append": _line}
