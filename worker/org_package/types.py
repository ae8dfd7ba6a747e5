"""Custom field types: what holds what, what can be made, and with which elements. Pure.

Facts: see the package. Lengths and digits are those of Setup's limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from worker.org_package.markup import Node, yes_no

ACTIVITIES = ("Task", "Event")
TEXT_LENGTH = 255
LONG_TEXT = range(256, 131_072 + 1)
MOST_DIGITS = 18
LONGEST_NAME = 40
LONGEST_LABEL = 40
MOST_VALUES = {"picklist": 1000, "multipicklist": 500}

# A namespace, as of an installed package, would be a second `__`.
_CUSTOM_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c")
_SIMPLE = {
    "boolean": "Checkbox",
    "currency": "Currency",
    "date": "Date",
    "datetime": "DateTime",
    "double": "Number",
    "email": "Email",
    "int": "Number",
    "multipicklist": "MultiselectPicklist",
    "percent": "Percent",
    "phone": "Phone",
    "picklist": "Picklist",
    "reference": "Lookup",
    "string": "Text",
    "time": "Time",
    "url": "Url",
}
_NUMBERS = ("double", "int", "currency", "percent")
_KEYS = ("Text", "Number", "Email")

_TEXTS = frozenset({"string", "textarea"})
_DECIMALS = frozenset(_NUMBERS)
# What an org's field may be instead, and still take the values of the needed type.
_TAKEN_BY: Mapping[str, frozenset[str]] = {
    "string": _TEXTS | {"combobox"},
    "textarea": _TEXTS,
    "combobox": _TEXTS | {"picklist"},
    "phone": _TEXTS,
    "email": _TEXTS,
    "url": _TEXTS,
    "picklist": _TEXTS | {"combobox", "multipicklist"},
    "multipicklist": _TEXTS,
    "double": _DECIMALS,
    "int": _DECIMALS,
    "currency": _DECIMALS,
    "percent": _DECIMALS,
}


def is_custom(name: str) -> bool:
    """Return whether an object or field is one that somebody made."""
    return name.endswith("__c")


def takes(live_type: str, needed_type: str) -> bool:
    """Return whether a field of one type takes what is made for another."""
    return live_type == needed_type or live_type in _TAKEN_BY.get(needed_type, ())


def metadata_type(entry: Mapping[str, Any]) -> str | None:
    """Return the Metadata API's type of a describe entry; None where none is made."""
    described = entry.get("type", "string")
    length = entry.get("length") or 0
    if described == "textarea" or (described == "string" and length > TEXT_LENGTH):
        if entry.get("htmlFormatted"):
            return "Html"
        return "LongTextArea" if length > TEXT_LENGTH else "TextArea"
    return _SIMPLE.get(described)


def name_problem(name: str) -> str | None:
    """Return why no object or field of this name can be made, or None."""
    if not is_custom(name):
        return "it is a standard one, which nobody can make"
    if not _CUSTOM_NAME.fullmatch(name):
        return "it belongs to an installed package, or its name is no API name"
    if len(name.removesuffix("__c")) > LONGEST_NAME:
        return f"its name is longer than {LONGEST_NAME} characters"
    return None


def problem(object_name: str, entry: Mapping[str, Any]) -> str | None:
    """Return why this field cannot be made, or None where it can."""
    kind = metadata_type(entry)
    found = name_problem(entry["name"])
    if found:
        return found
    if kind is None:
        return f"no custom field can be of type {entry.get('type')}"
    if kind in ("LongTextArea", "Html"):
        if object_name in ACTIVITIES:
            return "activities take no custom long text: use Description, say"
        if _length(entry) not in LONG_TEXT:
            return f"a long text has at most {LONG_TEXT[-1]} characters"
    if (entry.get("externalId") or entry.get("unique")) and kind not in _KEYS:
        return f"{kind} can be no unique external id: use a text"
    if kind in ("Number", "Currency", "Percent"):
        return _digits_problem(entry)
    if kind in ("Picklist", "MultiselectPicklist"):
        return _values_problem(entry)
    if kind == "Lookup" and len(entry.get("referenceTo") or ()) != 1:
        return "a lookup refers to one object"
    return None


def _digits_problem(entry: Mapping[str, Any]) -> str | None:
    precision, scale = digits(entry)
    if not 0 <= scale <= precision <= MOST_DIGITS:
        return f"a number has at most {MOST_DIGITS} digits, decimals among them"
    return None


def _values_problem(entry: Mapping[str, Any]) -> str | None:
    values = [value["value"] for value in active_values(entry)]
    if not values:
        return "a picklist needs its values: put them into the snapshot"
    if len(values) > MOST_VALUES[entry["type"]]:
        return f"a {entry['type']} has at most {MOST_VALUES[entry['type']]} values"
    if max(map(len, values)) > TEXT_LENGTH:
        return f"a value is longer than {TEXT_LENGTH} characters"
    return None


def active_values(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the picklist values that can be chosen."""
    values = entry.get("picklistValues") or ()
    return [value for value in values if value.get("active", True)]


def digits(entry: Mapping[str, Any]) -> tuple[int, int]:
    """Return precision (all digits) and scale (decimals) of a number."""
    default_scale = 2 if entry["type"] == "currency" and "scale" not in entry else 0
    precision = entry.get("precision") or MOST_DIGITS
    scale = 0 if entry["type"] == "int" else entry.get("scale", default_scale)
    return precision, scale


def _length(entry: Mapping[str, Any]) -> int:
    return max(entry.get("length") or 0, LONG_TEXT[0])


def elements(entry: Mapping[str, Any]) -> Iterator[Node]:
    """Yield the elements that make the field what it is, its type among them."""
    kind = metadata_type(entry) or ""
    yield "type", kind
    if kind == "Text":
        yield "length", str(entry.get("length") or TEXT_LENGTH)
    elif kind in ("LongTextArea", "Html"):
        yield "length", str(_length(entry))
        yield "visibleLines", "25" if kind == "Html" else "5"
    elif kind == "Checkbox":
        yield "defaultValue", yes_no(entry.get("defaultValue"))
    elif kind in ("Number", "Currency", "Percent"):
        precision, scale = digits(entry)
        yield from (("precision", str(precision)), ("scale", str(scale)))
    elif kind in ("Picklist", "MultiselectPicklist"):
        yield "valueSet", list(_value_set(entry))
        if kind == "MultiselectPicklist":
            yield "visibleLines", "5"
    if kind in _KEYS:
        yield "externalId", yes_no(entry.get("externalId"))
        yield "unique", yes_no(entry.get("unique"))
    if kind == "Text" and entry.get("unique"):
        yield "caseSensitive", yes_no(entry.get("caseSensitive"))


def _value_set(entry: Mapping[str, Any]) -> Iterator[Node]:
    values: list[Node] = [("sorted", "false")]
    for value in active_values(entry):
        node: list[Node] = [
            ("fullName", value["value"]),
            ("default", yes_no(value.get("defaultValue"))),
            ("label", value.get("label") or value["value"]),
        ]
        values.append(("value", node))
    yield "restricted", yes_no(entry.get("restrictedPicklist"))
    yield "valueSetDefinition", values
