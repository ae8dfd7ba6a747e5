"""What a value can be, found out without any payload. Floor 1, pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from worker.mapping.checks.notes import Notes
from worker.mapping.findings import did_you_mean
from worker.mapping.path_types import ANYTHING, Type, UnknownPath
from worker.mapping.spec import Literal, PathSpec, StepSpec, ValueSpec
from worker.mapping.strict_yaml import Place
from worker.mapping.template import Slot, Template
from worker.mapping.transforms import TRANSFORMS
from worker.mapping.transforms.registry import Transform

# How long the text of a value is at most that is no text of the vendor's.
_LENGTHS = {"boolean": 5, "integer": 20, "number": 25, "date": 10, "datetime": 30}
# Texts that these leave as long as they were, or make shorter.
_KEEPS_LENGTH = frozenset({"trim", "collapse", "first_line", "digits", "unique"})
_ANY = "any"
_WORDS = {
    "boolean": "true or false",
    "date": "a date",
    "datetime": "a date and time",
    "integer": "a whole number",
    "list": "a list",
    "number": "a number",
    "object": "an object",
    "uri": "a link",
}


@dataclass(frozen=True, slots=True)
class ValueType:
    """What a value can be: the kinds of `path_types.Type`, null left out.

    `labels` are all texts that it can be, None where they are not known; with
    `is_several` it is some of them, joined. `max_length` is None where there is none.
    """

    kinds: frozenset[str]
    labels: frozenset[str] | None = None
    max_length: int | None = None
    known_values: tuple[str, ...] = ()
    is_several: bool = False
    is_open: bool = False


def path_type(path: PathSpec | Slot, place: Place, notes: Notes) -> Type:
    """Return what a path can find; one that no payload has is a finding."""
    return _type_at(
        path.text if isinstance(path, PathSpec) else path.path, place, notes
    )


def _type_at(text: str, place: Place, notes: Notes) -> Type:
    if notes.paths is None or not text:
        return ANYTHING
    try:
        return notes.paths.type_of(text)
    except UnknownPath as unknown:
        fix = "; a new key of the vendor's goes under `expects`"
        is_near = "did you mean" in str(unknown)
        notes.find(place, "unknown_path", f"{unknown}{fix if is_near else ''}")
        return ANYTHING


def value_type(value: ValueSpec, notes: Notes) -> ValueType:
    """Return what a value can be; what is wrong on the way is found."""
    if value.when is not None:
        path_type(value.when, value.when.place, notes)
    found = _origin(value, notes)
    for index, step in enumerate(value.steps):
        if index == 0 and step.transform.labels and "object" in found.kinds:
            _check_flags(value.paths, step, notes)
        found = _after(found, step, notes)
    if value.choices is not None:
        found = _chosen(found, value, notes)
    if value.default is not None:
        found = _or(found, _literal(value.default))
    return found


def _origin(value: ValueSpec, notes: Notes) -> ValueType:
    if value.literal is not None:
        return _literal(value.literal)
    if value.template is not None:
        return _template(value.template, value.place, notes)
    types = [_of_path(path_type(p, p.place, notes)) for p in value.paths]
    found = types[0]
    for other in types[1:]:
        found = _or(found, other)
    return found


def _of_path(found: Type) -> ValueType:
    kinds = found.kinds - {"null"}
    length = found.max_length
    if length is None and kinds and kinds <= _LENGTHS.keys():
        length = max(_LENGTHS[kind] for kind in kinds)
    return ValueType(
        kinds,
        max_length=length,
        known_values=found.known_values,
        is_open=found.is_open,
    )


def _literal(literal: Literal) -> ValueType:
    if isinstance(literal.value, bool):
        return ValueType(frozenset({"boolean"}), max_length=5)
    text = str(literal.value)
    return ValueType(frozenset({"text"}), frozenset({text}), len(text))


def _or(one: ValueType, other: ValueType) -> ValueType:
    labels = None
    if one.labels is not None and other.labels is not None:
        labels = one.labels | other.labels
    lengths = (one.max_length, other.max_length)
    longest = None if None in lengths else max(n for n in lengths if n is not None)
    return ValueType(
        one.kinds | other.kinds,
        labels,
        longest,
        one.known_values + other.known_values,
        one.is_several or other.is_several,
        one.is_open or other.is_open,
    )


def _after(before: ValueType, step: StepSpec, notes: Notes) -> ValueType:
    """Return what a transform makes; one that cannot take the value is found."""
    known = step.transform
    if isinstance(step.argument, PathSpec):
        path_type(step.argument, step.argument.place, notes)
    takes = _check_takes(before, known, step.place, notes)
    made = _made_by(known, step.argument, before)
    return made if takes else replace(made, max_length=0)  # One finding is enough.


def _check_flags(paths: Iterable[PathSpec], step: StepSpec, notes: Notes) -> None:
    """Find keys of a table of flags that the object which it reads does not have."""
    for path in paths:
        for key, place in step.places.items():
            _type_at(f"({path.text}).{json.dumps(key)}", place, notes)


def _check_takes(
    before: ValueType, known: Transform, place: Place, notes: Notes
) -> bool:
    kinds = {"text" if kind == "uri" else kind for kind in before.kinds}
    if before.is_open or not kinds or any(map(known.accepts, kinds)):
        return True
    given, takes = words(kinds), words(known.takes)
    message = f"{known.name!r} cannot take {given}: it takes {takes}"
    notes.find(place, "type", message)
    return False


def _made_by(known: Transform, argument: object, before: ValueType) -> ValueType:
    if known.gives == _ANY:
        return replace(before, labels=None)
    kinds = frozenset({known.gives})
    if known.labels and isinstance(argument, dict):
        return _of_labels(frozenset(argument.values()), known.several)
    if known.results:
        return _of_labels(frozenset(known.results), is_several=False)
    length = _LENGTHS.get(known.gives)
    if known.bounds and isinstance(argument, int):
        length = argument
        if before.max_length is not None:
            length = min(length, before.max_length)
    elif known.name in _KEEPS_LENGTH:
        length = before.max_length
    return ValueType(kinds, max_length=length)


def _of_labels(labels: frozenset[str], is_several: bool) -> ValueType:
    lengths = [len(label) for label in labels]
    longest = sum(lengths) + len(lengths) if is_several else max(lengths, default=0)
    return ValueType(frozenset({"text"}), labels, longest, is_several=is_several)


def _chosen(before: ValueType, value: ValueSpec, notes: Notes) -> ValueType:
    choices = value.choices or {}
    for key, literal in choices.items():
        if key == "otherwise" and key not in before.known_values:
            message = "'otherwise' stands beside `choose`, not in its table"
            notes.find(literal.place, "unknown_value", f"{message}: indent it less")
        if before.known_values and key not in before.known_values:
            hint = did_you_mean(key, before.known_values)
            if hint:
                message = f"the vendor sends no {key!r}{hint}"
                notes.find(literal.place, "unknown_value", message)
    literals = [_literal(choice) for choice in choices.values()]
    if value.otherwise is not None:
        literals.append(_literal(value.otherwise))
    found = ValueType(frozenset(), frozenset(), 0)
    for literal_type in literals:
        found = _or(found, literal_type)
    return found


def _template(template: Template, place: Place, notes: Notes) -> ValueType:
    total: int | None = 0
    for part in template.parts:
        length = len(part) if isinstance(part, str) else _slot(part, place, notes)
        total = None if total is None or length is None else total + length
    labels = None
    if not template.slots:
        labels = frozenset({"".join(str(part) for part in template.parts)})
    return ValueType(frozenset({"text"}), labels, total)


def _slot(slot: Slot, place: Place, notes: Notes) -> int | None:
    """Return the greatest length of a slot's text, None where there is none."""
    found = _of_path(path_type(slot, place, notes))
    for name, argument in slot.calls:
        known = TRANSFORMS[name]
        _check_takes(found, known, place, notes)
        is_number = argument is not None and str(argument).strip().isdecimal()
        found = _made_by(known, int(argument) if is_number else argument, found)
    if found.max_length is None:
        return None
    return max(found.max_length, len(slot.default or ""))


def words(kinds: Iterable[str]) -> str:
    """Return kinds as a sentence has them."""
    return " or ".join(_WORDS.get(kind, kind) for kind in sorted(kinds))
