"""What JMESPath's functions return, and what they can take. Floor 1, pure.

Facts: the jmespath package's own table of functions, and its code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from jmespath.functions import Functions

from worker.mapping.payload_types.types import (
    ANYTHING,
    NOTHING,
    NUMBERS,
    TEXTS,
    Type,
    items_of,
    list_of,
    simple,
    union,
    without_null,
)

Types = Sequence[Type]

_NULL: Final = simple("null")
_BOOLEAN: Final = simple("boolean")
_TEXT: Final = simple("text")
_INTEGER: Final = simple("integer")

# JMESPath's names of types, in words and as ours.
_TAKES = {
    "number": ("a number", NUMBERS),
    "string": ("a text", TEXTS),
    "array": ("a list", {"list"}),
    "object": ("an object", {"object"}),
    "array-number": ("a list of numbers", NUMBERS),
    "array-string": ("a list of texts", TEXTS),
}


def result_of(name: str, given: Types) -> Type:
    """Return what a function makes of arguments of these types.

    The type of an expression (`&x`) is that of what it finds in an item of the list.
    """
    make = _RESULTS.get(name)
    return make(given) if make and given else ANYTHING


def misuse_of(name: str, given: Types) -> str:
    """Say why a function can never take these arguments; empty where it can."""
    known: Any = Functions.FUNCTION_TABLE.get(name, {"signature": ()})
    wanted = [parameter["types"] for parameter in known["signature"]]
    # The last parameter of a variadic function stands for all that follow it.
    wanted += wanted[-1:] * (len(given) - len(wanted))
    for names, found in zip(wanted, given, strict=False):
        takes = [kind for kind in names if kind in _TAKES]
        if takes and not any(_fits(kind, found) for kind in takes):
            words = " or ".join(_TAKES[kind][0] for kind in takes)
            culprit = items_of(found) if "list" in found.kinds else found
            return f"{name}() takes {words}, and {culprit.place or 'this'} is {culprit}"
    return ""


def _fits(name: str, found: Type) -> bool:
    wanted = _TAKES[name][1]
    if found.is_open or not found.kinds:
        return True
    if not name.startswith("array-"):
        return bool(wanted & found.kinds)
    items = items_of(found)
    return "list" in found.kinds and (not items.kinds or bool(wanted & items.kinds))


def _only(kinds: frozenset[str]) -> Callable[[Types], Type]:
    """Return what of the first argument is of these kinds."""

    def make(given: Types) -> Type:
        return replace(given[0], kinds=given[0].kinds & kinds, is_open=False)

    return make


def _item_or_null(given: Types) -> Type:
    return union([items_of(given[0]), _NULL])


def _reversed(given: Types) -> Type:
    return replace(given[0], known_values=(), has_other_values=True)


def _sum(given: Types) -> Type:
    return simple("integer" if items_of(given[0]).kinds <= {"integer"} else "number")


def _to_array(given: Types) -> Type:
    (value,) = given[:1]
    others = replace(value, kinds=value.kinds - {"list"}, items=None)
    return list_of(union([others, *([value.items] if value.items else [])]))


def _values(given: Types) -> Type:
    known = given[0]
    if known.is_open:
        return list_of(ANYTHING)
    return list_of(union([*known.properties.values(), known.rest or NOTHING]))


_RESULTS: Final[dict[str, Callable[[Types], Type]]] = {
    "abs": _only(NUMBERS),
    "avg": lambda _given: simple("number", "null"),
    "ceil": lambda _given: _INTEGER,
    "contains": lambda _given: _BOOLEAN,
    "ends_with": lambda _given: _BOOLEAN,
    "floor": lambda _given: _INTEGER,
    "join": lambda _given: _TEXT,
    "keys": lambda _given: list_of(_TEXT),
    "length": lambda _given: _INTEGER,
    "map": lambda given: list_of(union([given[0], _NULL])),
    "max": _item_or_null,
    "max_by": _item_or_null,
    "merge": union,
    "min": _item_or_null,
    "min_by": _item_or_null,
    "not_null": lambda given: union([*map(without_null, given), _NULL]),
    "reverse": _reversed,
    "sort": lambda given: given[0],
    "sort_by": lambda given: given[0],
    "starts_with": lambda _given: _BOOLEAN,
    "sum": _sum,
    "to_array": _to_array,
    "to_number": lambda _given: simple("number", "null"),
    "to_string": lambda _given: _TEXT,
    "type": lambda _given: _TEXT,
    "values": _values,
}
