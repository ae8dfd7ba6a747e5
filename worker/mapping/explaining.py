"""Why a mapping writes what it does: value, line and inputs of each field. Floor 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from worker.mapping.compiled import CompiledMapping
from worker.mapping.paths import ABSENT, Context, compile_path, has_value, is_true
from worker.mapping.spec import FieldSpec, LinkSpec, WriteSpec
from worker.mapping.write_plans import find_match
from worker.model import Match


@dataclass(frozen=True, slots=True)
class ExplainedField:
    """One field. `note` says why it is not sent; None where it is."""

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
    return tuple(_write(spec, context) for spec in mapping.spec.writes)


def _write(spec: WriteSpec, context: Context) -> ExplainedWrite:
    key = _safely(lambda: find_match(spec.key, context))
    note = None
    if spec.when is not None and not is_true(spec.when.get(context)):
        note = f"not written: {spec.when.text} is not true"
    elif key is None:
        note = "not written: the payload has no value for the key"
    return ExplainedWrite(
        object=spec.object,
        mode=spec.mode,
        place=str(spec.place),
        key=None if key is None else str(key),
        note=note,
        fields=tuple(_field(field, context) for field in spec.fields),
        links=tuple(_link(link, context) for link in spec.links),
    )


def _field(spec: FieldSpec, context: Context) -> ExplainedField:
    value: Any = ABSENT
    try:
        value = spec.value.evaluate(context)
        note = _why_not(value, spec.policy)
    except ValueError as error:
        note = f"parked: {error}"
    return ExplainedField(
        name=spec.name,
        value=None if value is ABSENT else value,
        place=str(spec.value.place),
        policy=spec.policy,
        inputs=_inputs(spec.value.inputs, context),
        note=note,
    )


def _why_not(value: Any, policy: str) -> str | None:
    if value is ABSENT:
        return "not sent: absent"
    if value is None and policy != "clear_on_null":
        return "not sent: null"
    if policy == "sticky" and (value is False or value == ""):
        return "not sent: a call only sets it, a person clears it"
    if policy == "if_empty" and not has_value(value):
        return "not sent: blank"
    return None


def _link(spec: LinkSpec, context: Context) -> ExplainedField:
    match = _safely(lambda: find_match(spec.matches, context))
    inputs = tuple(path for m in spec.matches for path in m.value.inputs)
    return ExplainedField(
        name=spec.field,
        value=None if match is None else f"id of the {spec.object} with {match}",
        place=str(spec.place),
        policy=f"missing: {spec.missing}",
        inputs=_inputs(inputs, context),
        note="not sent: nothing to match by" if match is None else None,
    )


def _inputs(paths: tuple[str, ...], context: Context) -> tuple[tuple[str, Any], ...]:
    found = ((path, compile_path(path)(context)) for path in dict.fromkeys(paths))
    return tuple((path, None if value is ABSENT else value) for path, value in found)


def _safely(find: Callable[[], Match | None]) -> Match | None:
    """Return what is found; None where a transform refuses, as a write would park."""
    try:
        return find()
    except ValueError:
        return None
