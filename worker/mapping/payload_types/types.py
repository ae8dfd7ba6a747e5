"""What a value can be. Floor 1, pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Final

TEXTS: Final = frozenset({"text", "date", "datetime", "uri"})
NUMBERS: Final = frozenset({"integer", "number"})
KINDS: Final = TEXTS | NUMBERS | {"null", "boolean", "list", "object"}

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_WORDS = {
    "text": "text",
    "date": "a date",
    "datetime": "a time",
    "uri": "a link",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "list": "a list",
    "null": "null",
}


@dataclass(frozen=True, slots=True)
class Type:
    """What a value can be where it is there: that it may be absent is no kind.

    `kinds` are some of `KINDS`: a date, datetime or uri is a text of that form. It is
    empty for what can have no value. `is_open` says that nothing is known of the value.
    `known_values` are documented values of a text, all of them only where
    `has_other_values` is false. `max_length` counts characters; None is no limit.

    `items` is there for a list. `properties` are the known keys of an object and `rest`
    is what any other key holds, None where there can be none. `place` is where the
    value is read, and `never` says why it never is there.
    """

    kinds: frozenset[str]
    is_open: bool = False
    known_values: tuple[str, ...] = ()
    has_other_values: bool = True
    max_length: int | None = None
    items: Type | None = None
    properties: Mapping[str, Type] = field(default_factory=dict, hash=False)
    rest: Type | None = None
    place: str = field(default="", compare=False)
    never: str = ""

    def __str__(self) -> str:
        """Return the kinds in words; null is named where there is nothing else."""
        words = [word for kind, word in _WORDS.items() if kind in self.kinds]
        if words[1:] and "null" in self.kinds:
            words.pop()
        return " or ".join(words) or "nothing"


ANYTHING: Final = Type(KINDS, is_open=True)
NOTHING: Final = Type(frozenset())


def simple(*kinds: str) -> Type:
    """Return the type of these kinds of which nothing else is known."""
    return Type(frozenset(kinds))


def list_of(items: Type) -> Type:
    """Return the type of a list of these."""
    return Type(frozenset({"list"}), items=items)


def union(types: Iterable[Type]) -> Type:
    """Return what can be any of these."""
    return reduce(_either, types, NOTHING)


def without_null(known: Type) -> Type:
    """Return the type without null."""
    if known.is_open or "null" not in known.kinds:
        return known
    return replace(known, kinds=known.kinds - {"null"})


def items_of(known: Type) -> Type:
    """Return what an item of the list can be."""
    return known.items or ANYTHING


def with_values(known: Type, values: Iterable[Any]) -> Type:
    """Return the type of a text that is one of these values."""
    texts = tuple(value for value in values if isinstance(value, str))
    length = max(map(len, texts), default=0)
    return replace(known, known_values=texts, has_other_values=False, max_length=length)


def step_of(key: str) -> str:
    """Return a key as it stands in a path."""
    return key if _PLAIN_KEY.match(key) else f'"{key}"'


def below(place: str, key: str) -> str:
    """Return the place of a key of what is at this place."""
    return f"{place}.{step_of(key)}" if place else step_of(key)


def type_of_value(value: Any) -> Type:
    """Return the type of a JSON value that is known."""
    match value:
        case None:
            return simple("null")
        case bool():
            return simple("boolean")
        case int():
            return simple("integer")
        case float():
            return simple("number")
        case str():
            return with_values(simple("text"), (value,))
        case list():
            return list_of(union(map(type_of_value, value)))
        case _:
            properties = {key: type_of_value(member) for key, member in value.items()}
            return Type(frozenset({"object"}), properties=properties)


def _either(first: Type, second: Type) -> Type:
    if not first.kinds or not second.kinds:
        return first if first.kinds else second
    if first.is_open or second.is_open:
        return ANYTHING
    return replace(
        _either_text(first, second),
        kinds=first.kinds | second.kinds,
        items=_either_or_none(first.items, second.items),
        properties=_either_properties(first, second),
        rest=_either_or_none(first.rest, second.rest),
        place=first.place or second.place,
        never="",
    )


def _either_text(first: Type, second: Type) -> Type:
    """Return a type with what is known of the texts of both."""
    if not (first.kinds & TEXTS and second.kinds & TEXTS):
        return first if first.kinds & TEXTS else second
    lengths = (first.max_length, second.max_length)
    are_both_known = bool(first.known_values and second.known_values)
    values = dict.fromkeys((*first.known_values, *second.known_values))
    return replace(
        first,
        known_values=tuple(values) if are_both_known else (),
        has_other_values=first.has_other_values or second.has_other_values,
        max_length=None if None in lengths else max(filter(None, lengths), default=0),
    )


def _either_properties(first: Type, second: Type) -> dict[str, Type]:
    keys = dict.fromkeys((*first.properties, *second.properties))
    return {
        key: union(
            owner.properties.get(key) or owner.rest or NOTHING
            for owner in (first, second)
        )
        for key in keys
    }


def _either_or_none(first: Type | None, second: Type | None) -> Type | None:
    if first is None or second is None:
        return second if first is None else first
    return _either(first, second)
