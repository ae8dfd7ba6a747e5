"""Why a mapping writes what it does: value, line and inputs of each field. Floor 1."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from worker.mapping.compiled import CompiledMapping
from worker.mapping.field_plans import field_plan, field_value
from worker.mapping.paths import ABSENT, Context, compile_path, has_value, is_true
from worker.mapping.spec import FieldSpec, LinkSpec, ValueSpec, WriteSpec
from worker.mapping.write_plans import find_match
from worker.model import Match

ABSENT_WORD = "(absent)"


@dataclass(frozen=True, slots=True)
class ExplainedField:
    """One field. `note` says why it is not sent, None where it is.

    `inputs` are the paths it is made of and what the payload has there.
    """

    name: str
    value: Any
    place: str
    policy: str
    inputs: tuple[tuple[str, Any], ...]
    note: str | None


@dataclass(frozen=True, slots=True)
class ExplainedWrite:
    """One write. `key` is None where the payload has no value for it."""

    object: str
    mode: str
    place: str
    key: str | None
    note: str | None
    fields: tuple[ExplainedField, ...]
    links: tuple[ExplainedField, ...]


def explain(mapping: CompiledMapping, context: Context) -> tuple[ExplainedWrite, ...]:
    """Return every write of the mapping with the reasons, those not made too."""
    is_wrong_party = mapping.is_wrong_party(context)
    return tuple(
        _write(write, context, is_wrong_party) for write in mapping.spec.writes
    )


def _write(spec: WriteSpec, context: Context, is_wrong_party: bool) -> ExplainedWrite:
    key = _safely(lambda: find_match(spec.key, context))
    note = None
    if spec.when is not None and not is_true(spec.when.get(context)):
        note = f"not written: {spec.when.text} is not true"
    elif is_wrong_party and not spec.writes_wrong_party:
        note = "not written: the call reached another person than the debtor"
    elif key is None:
        note = "not written: the payload has no value for the key"
    return ExplainedWrite(
        object=spec.object,
        mode=spec.mode,
        place=str(spec.place),
        key=None if key is None else str(key),
        note=note,
        fields=tuple(_field(field, context) for field in spec.fields),
        links=tuple(_link(link, context, is_wrong_party) for link in spec.links),
    )


def _field(spec: FieldSpec, context: Context) -> ExplainedField:
    value: Any = ABSENT
    note = None
    try:
        made = spec.value.evaluate(context)
        value = field_value(field_plan(spec), context)
        if value is ABSENT:
            note = f"not sent: {_why_held(made, spec, context)}"
    except ValueError as error:
        note = f"left out, and the event parked: {error}"
    return ExplainedField(
        name=spec.name,
        value=None if value is ABSENT else value,
        place=str(spec.place),
        policy=spec.policy,
        inputs=_inputs(spec.value.inputs, context),
        note=note,
    )


def _why_held(made: Any, spec: FieldSpec, context: Context) -> str:
    """Say why a value that was made, or was not, is not sent."""
    if made is ABSENT or made is None:
        return _why_nothing(made, spec.value, context)
    if spec.policy == "sticky":
        return "a call only sets it, a person clears it"
    return "it is blank"


def _why_nothing(made: Any, value: ValueSpec, context: Context) -> str:
    if value.when is not None and not is_true(value.when.get(context)):
        return f"{value.when.text} is not true"
    if value.template is not None:
        return "nothing in the text has a value"
    found = [path.get(context) for path in value.paths]
    present = next((item for item in found if has_value(item)), ABSENT)
    if present is not ABSENT:
        if value.choices is not None:
            return f"the table of `choose` has no {json.dumps(present, default=str)}"
        return f"{value.steps[-1].transform.name} made nothing of it"
    if made is None:
        return "null, which leaves the field as it is"
    if any(isinstance(item, str) for item in found):
        return "the payload has a blank text"
    several = "any of the paths" if len(found) > 1 else "the path"
    return f"the payload does not have {several}"


def _link(spec: LinkSpec, context: Context, is_wrong_party: bool) -> ExplainedField:
    match = _safely(lambda: find_match(spec.matches, context))
    inputs = tuple(path for m in spec.matches for path in m.value.inputs)
    note = "not sent: nothing to match by" if match is None else None
    if is_wrong_party and not spec.keeps_wrong_party:
        note = "not sent: the call reached another person than the debtor"
    return ExplainedField(
        name=spec.field,
        value=None if match is None else f"id of the {spec.object} with {match}",
        place=str(spec.place),
        policy=f"missing: {spec.missing}",
        inputs=_inputs(inputs, context),
        note=note,
    )


def _inputs(paths: tuple[str, ...], context: Context) -> tuple[tuple[str, Any], ...]:
    found = ((path, compile_path(path)(context)) for path in dict.fromkeys(paths))
    return tuple(
        (path, ABSENT_WORD if value is ABSENT else value) for path, value in found
    )


def _safely(find: Callable[[], Match | None]) -> Match | None:
    """Return what is found; None where a transform refuses, as a write would park."""
    try:
        return find()
    except ValueError:
        return None
