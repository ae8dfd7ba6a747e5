"""Whether a field of the org can hold what a mapping gives it. Floor 1, pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.mapping.checks.notes import Notes
from worker.mapping.checks.values import ValueType, words
from worker.mapping.findings import did_you_mean
from worker.mapping.payload_types.types import TEXTS
from worker.mapping.spec import FieldSpec, Literal, ValueSpec
from worker.mapping.strict_yaml import Place

Describe = Mapping[str, Any]

PICKLISTS = frozenset({"picklist", "multipicklist"})
TEXT_TYPES = frozenset(
    {"string", "textarea", "phone", "email", "url", "combobox", "encryptedstring"}
)
# What a field of a type takes, and what to do where it gets something else.
_TYPES = {
    "boolean": (frozenset({"boolean"}), "use `as: to_boolean`"),
    "int": (frozenset({"integer"}), "use `as: to_integer`"),
    "double": (frozenset({"integer", "number"}), "use `as: to_number`"),
    "percent": (frozenset({"integer", "number"}), "use `as: to_number`"),
    "currency": (frozenset({"integer", "number"}), "use `as: to_money`"),
    "date": (frozenset({"date"}), "use `as: to_date`"),
    "datetime": (frozenset({"datetime"}), "use `as: to_datetime`"),
}
_TEXT_HINT = 'use `text: "{path}"`, `choose`, or a transform that gives a text'
_PICKLIST_HINT = "use `choose`, with `otherwise` for what is not in its table"


def check_value(
    name: str, value: ValueSpec, found: ValueType, described: Describe, notes: Notes
) -> None:
    """Find where a field cannot hold what a value can be."""
    type_name = described["type"]
    if notes.paths is None:
        return  # Of an event that no vendor sends, nothing is known: that is the fault.
    if type_name in PICKLISTS:
        _check_picklist(name, value, found, described, notes)
    elif type_name in TEXT_TYPES:
        if found.kinds <= TEXTS:
            _check_length(name, value.place, found, described, notes)
        wanted = (TEXTS, _TEXT_HINT)
        _check_kinds(name, value.place, found, wanted, described, notes)
    elif type_name in _TYPES:
        _check_kinds(name, value.place, found, _TYPES[type_name], described, notes)


def _check_kinds(
    name: str,
    place: Place,
    found: ValueType,
    wanted: tuple[frozenset[str], str],
    described: Describe,
    notes: Notes,
) -> None:
    kinds, hint = wanted
    if found.kinds <= kinds:
        return
    sent = "anything the vendor sends"
    what = sent if found.is_open else words(found.kinds - kinds)
    message = f"{name} is {_article(described['type'])} and gets {what}: {hint}"
    notes.find(place, "type", message)


def _check_length(
    name: str, place: Place, found: ValueType, described: Describe, notes: Notes
) -> None:
    length = described.get("length")
    if not length or (found.max_length is not None and found.max_length <= length):
        return
    longest = (
        "any length" if found.max_length is None else f"{found.max_length} characters"
    )
    message = (
        f"{name} holds {length} characters and may get {longest}: cut it with"
        f" `as: {{truncate: {length}}}`, or leave it out and park it with"
        f" `as: {{at_most: {length}}}`"
    )
    notes.find(place, "length", message)


def _check_picklist(
    name: str, value: ValueSpec, found: ValueType, described: Describe, notes: Notes
) -> None:
    values = [
        entry["value"]
        for entry in described.get("picklistValues", ())
        if entry.get("active", True)
    ]
    is_restricted = described.get("restrictedPicklist", False)
    kinds = found.kinds - TEXTS
    if kinds and not found.is_open:
        message = f"{name} is a picklist and gets {words(kinds)}"
        notes.find(value.place, "type", f"{message}: {_PICKLIST_HINT}")
        return
    if found.is_several and described["type"] == "picklist":
        message = f"{name} takes one value and may get several: use first_flag"
        notes.find(value.place, "type", message)
    if found.labels is None:
        if is_restricted:
            message = f"{name} is a restricted picklist and gets the vendor's own words"
            notes.find(value.place, "picklist", f"{message}: {_PICKLIST_HINT}")
        return
    for text, place in _labels(value):
        hint = did_you_mean(text, values)
        if text not in values and (is_restricted or hint):
            listed = "" if hint else f": it has {', '.join(values)}"
            message = f"{name} does not have the value {text!r}{hint}{listed}"
            fix = "; map another, or add it in Setup and run `crm-sync org pull`"
            notes.find(place, "picklist", message + fix)


def _labels(value: ValueSpec) -> list[tuple[str, Place]]:
    """Return every text that the mapping itself gives, with its place."""
    literals: list[Literal | None] = [value.literal, value.otherwise, value.default]
    literals.extend((value.choices or {}).values())
    found = [(str(x.value), x.place) for x in literals if x is not None]
    if value.choices is None:
        for step in value.steps[-1:]:
            if step.transform.labels and isinstance(step.argument, dict):
                places = step.places
                found.extend((text, places[key]) for key, text in step.argument.items())
    return [(text, place) for text, place in found if text]


def _is_true_by_default(value: ValueSpec) -> bool:
    return value.default is not None and value.default.value is True


def check_policy(
    field: FieldSpec, found: ValueType, described: Describe, notes: Notes
) -> None:
    """Find a policy that does not go with the field's type."""
    place = field.place
    if field.policy == "sticky" and described["type"] != "boolean":
        message = (
            f"{field.name} is {_article(described['type'])}: only a checkbox can be"
            " sticky; use if_empty to keep what is there"
        )
        notes.find(place, "sticky", message)
    elif field.policy == "sticky" and not found.kinds <= {"boolean"}:
        message = f"{field.name} is sticky and gets {words(found.kinds)}"
        notes.find(place, "sticky", f"{message}: use `as: to_boolean`")
    elif field.policy == "sticky" and _is_true_by_default(field.value):
        message = f"{field.name} is sticky, and `default` sets it on every call"
        notes.find(place, "sticky", f"{message} that says nothing: leave it out")
    is_long = described["type"] == "textarea" and described.get("length", 0) > 255
    if field.policy == "append" and not is_long:
        message = f"{field.name} is {_article(described['type'])}"
        notes.find(place, "append", f"{message}: append needs a long text area")


def _article(type_name: str) -> str:
    names = {"string": "text", "textarea": "text area", "boolean": "checkbox"}
    name = names.get(type_name, type_name)
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"
