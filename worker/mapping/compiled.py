"""A mapping ready to run. Floor 1, pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from worker.mapping.paths import ABSENT, Context, has_value, is_true
from worker.mapping.spec import FieldSpec, LinkSpec, MappingSpec, MatchSpec, WriteSpec
from worker.model import Link, Match, Plan, State, Unwritten, Write

TRANSFORM_REFUSED = "transform_refused"


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """One mapping file, compiled. Its methods are pure and take a context."""

    spec: MappingSpec

    def plan(self, context: Context) -> Plan:
        """Return the writes that the event asks for, or the reason to skip it.

        A field that a transform refuses is left out and noted; the others stand.
        """
        reason = self._skip_reason(context)
        writes = [] if reason else [plan_write(w, context) for w in self.spec.writes]
        made = tuple(write for write in writes if write is not None)
        return Plan(reason, made, self.spec.path, self.spec.version)

    def is_urgent(self, context: Context) -> bool:
        """Return whether the event overtakes everything."""
        urgent = self.spec.urgent
        return urgent is not None and is_true(urgent.evaluate(context))

    def party(self, context: Context) -> str | None:
        """Return the first party key that has a value, or None."""
        for path in self.spec.party:
            value = path.evaluate(context)
            if has_value(value):
                return str(value)
        return None

    def _skip_reason(self, context: Context) -> str | None:
        for skip in self.spec.skip:
            if is_true(skip.when.evaluate(context)):
                return skip.reason
        return None


def plan_write(spec: WriteSpec, context: Context) -> Write | Unwritten | None:
    """Return one write, or why it cannot be made; None where there is nothing to do."""
    if spec.when is not None and not is_true(spec.when.evaluate(context)):
        return None
    try:
        key = find_match(spec.key, context)
        links = tuple(_link(link, context) for link in spec.links)
    except ValueError as error:
        return _refused(spec, (f"{spec.place}: {error}",))
    fields, faults = _fields(spec, context)
    if spec.mode == "update" and not fields and not links:
        return _refused(spec, faults) if faults else None
    if key is None:
        return _without_key(spec, fields)
    return _write(spec, key, fields, links, faults)


def _fields(
    spec: WriteSpec, context: Context
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the fields to send, and the faults of those that a transform refused.

    One field that cannot be read keeps no other from the record.
    """
    fields, faults = {}, []
    for field in spec.fields:
        try:
            value = _value(field, context)
        except ValueError as error:
            faults.append(f"{field.value.place}: {field.name}: {error}")
            continue
        if value is not ABSENT:
            fields[field.name] = value
    return fields, tuple(faults)


def _refused(spec: WriteSpec, faults: tuple[str, ...]) -> Unwritten:
    hint = "; ".join(faults)
    place = str(spec.place)
    return Unwritten(spec.object, State.PARKED, TRANSFORM_REFUSED, hint, place)


def _without_key(spec: WriteSpec, sent: Mapping[str, Any]) -> Unwritten:
    """With nothing to find a record by there is none to update.

    But a record that should be made would be lost, and so would a flag that the law
    cares about: those wait for a person.
    """
    is_lost = spec.mode != "update" or bool(_named(spec, "sticky", sent))
    state = State.PARKED if is_lost else State.SKIPPED
    hint = f"{spec.place}: the payload has no value for the key"
    return Unwritten(spec.object, state, "no_key", hint, str(spec.place))


def find_match(specs: tuple[MatchSpec, ...], context: Context) -> Match | None:
    """Return the first match that has a value.

    A weaker one is never tried because a stronger one found nobody: that two debtors
    share a phone is no rarity, and a debtor's data must not reach another's record.
    """
    for spec in specs:
        value = spec.value.evaluate(context)
        if has_value(value):
            return Match(spec.field, str(value).strip())
    return None


def _value(field: FieldSpec, context: Context) -> Any:
    """Return what the field's policy lets through: a value to send, or `ABSENT`."""
    value = field.value.evaluate(context)
    if value is ABSENT:
        return ABSENT
    if field.policy == "clear_on_null":
        return value
    if value is None:
        return ABSENT
    if field.policy == "sticky":
        return ABSENT if value is False or value == "" else value
    if field.policy == "if_empty":
        return value if has_value(value) else ABSENT
    return value


def _link(spec: LinkSpec, context: Context) -> Link:
    match = find_match(spec.matches, context)
    return Link(spec.field, spec.object, match, spec.missing, spec.ambiguous)


def _write(
    spec: WriteSpec,
    key: Match,
    sent: dict[str, Any],
    links: tuple[Link, ...],
    faults: tuple[str, ...],
) -> Write:
    return Write(
        object=spec.object,
        mode=spec.mode,
        key=key,
        fields=sent,
        links=links,
        missing=spec.missing,
        ambiguous=spec.ambiguous,
        insert_only=_named(spec, "insert_only", sent),
        if_empty=_named(spec, "if_empty", sent),
        sticky=_named(spec, "sticky", sent),
        place=str(spec.place),
        faults=faults,
    )


def _named(spec: WriteSpec, policy: str, sent: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(
        f.name for f in spec.fields if f.policy == policy and f.name in sent
    )
