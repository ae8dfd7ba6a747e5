"""The shapes that a YAML node may have, and the faults of one that has not. Floor 1.

A file's grammar is a tree of shapes. The loader finds faults by it, and the JSON Schema
for editors is made of it, so that the two cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.mapping.findings import Finding, did_you_mean
from worker.mapping.shape_keys import find_exclusions, find_needs, key_hint, meant_by
from worker.mapping.strict_yaml import Node, Place, Scalar, Sequence, Table

EMPTY = ("", "~", "null", "Null", "NULL")
BOOLEANS = ("true", "True", "TRUE", "false", "False", "FALSE")


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar. `pattern` is matched against the whole; `what` names it in a fault.

    Where there is a pattern, an unquoted `true` or `false` does not match it.
    `offered` are texts that an editor offers, of the many that are allowed.
    """

    pattern: str = ""
    what: str = "a text"
    offered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few texts; the first is what an absent one means."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Data:
    """Anything at all."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a table: what it is for, and the shape of its value."""

    doc: str
    shape: Shape
    required: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """A table of known keys.

    Of each group in `one_of`, exactly one key is there; `why` says what comes of none.
    `needs` says which key cannot be without which other, or without it having a certain
    value.
    """

    keys: Mapping[str, Key]
    one_of: tuple[tuple[str, ...], ...] = ()
    needs: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """A table whose keys are the admin's own."""

    value: Shape
    key: Text = Text()
    exactly_one: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    item: Shape
    at_least: int = 0


@dataclass(frozen=True, slots=True)
class Either:
    """Different shapes for a scalar, a list and a table; None where it may not be."""

    scalar: Text | Choice | Calls | None = None
    items: Items | None = None
    table: Fields | Names | Calls | None = None


@dataclass(frozen=True, slots=True)
class Calls:
    """A function's name, or a table of one name and its argument.

    `arguments` has the shape of each function's argument, None for one without.
    `takes` says so in words.
    """

    what: str
    arguments: Mapping[str, Shape | None]
    takes: Mapping[str, str]
    docs: Mapping[str, str]


Shape = Text | Choice | Data | Fields | Names | Items | Either | Calls


def find_faults(node: Node, shape: Shape) -> list[Finding]:
    """Return every fault of a node by its shape, and of what is in it."""
    findings: list[Finding] = []
    _check(node, shape, findings)
    return findings


def _check(node: Node, shape: Shape, found: list[Finding]) -> None:
    match shape:
        case Text() | Choice():
            _check_scalar(node, shape, found)
        case Fields():
            _check_fields(node, shape, found)
        case Names():
            _check_names(node, shape, found)
        case Items():
            _check_items(node, shape, found)
        case Either():
            _check_either(node, shape, found)
        case Calls():
            _check_call(node, shape, found)
        case Data():
            pass


def _check_scalar(node: Node, shape: Text | Choice, found: list[Finding]) -> None:
    if not isinstance(node, Scalar):
        found.append(_finding(node.place, "expected a text"))
        return
    if node.plain and node.text in EMPTY:
        found.append(_finding(node.place, "there is nothing here: leave the key out"))
    elif isinstance(shape, Choice):
        if node.text not in shape.options:
            listed = ", ".join(shape.options) + did_you_mean(node.text, shape.options)
            message = f"{node.text!r} is not one of: {listed}"
            found.append(_finding(node.place, message, "choice"))
    elif shape.pattern:
        is_boolean = node.plain and node.text in BOOLEANS
        if is_boolean or not re.fullmatch(shape.pattern, node.text):
            message = f"{node.text!r} is not {shape.what}"
            found.append(_finding(node.place, message, "name"))


def _check_fields(node: Node, shape: Fields, found: list[Finding]) -> None:
    if not isinstance(node, Table):
        listed = ", ".join(shape.keys)
        found.append(_finding(node.place, f"expected a table with: {listed}"))
        return
    faulty = set()
    for name, child in node.entries.items():
        if name not in shape.keys:
            message = f"unknown key {name!r}{key_hint(name, shape.keys)}"
            found.append(_finding(node.key_places[name], message, "unknown_key"))
        elif inner := find_faults(child, shape.keys[name].shape):
            faulty.add(name)
            found.extend(inner)
    meant = meant_by(node.entries, shape.keys)
    for name, key in shape.keys.items():
        if key.required and name not in meant:
            found.append(_finding(node.place, f"{name!r} is missing", "missing_key"))
    found.extend(find_exclusions(node, shape.one_of, meant, shape.why))
    found.extend(find_needs(node, shape.needs, meant, faulty))


def _check_names(node: Node, shape: Names, found: list[Finding]) -> None:
    if not isinstance(node, Table):
        found.append(_finding(node.place, "expected a table"))
        return
    if shape.exactly_one and len(node.entries) != 1:
        message = "expected a table of exactly one entry"
        found.append(_finding(node.place, message, "combination"))
    for name, child in node.entries.items():
        if shape.key.pattern and not re.fullmatch(shape.key.pattern, name):
            message = f"{name!r} is not {shape.key.what}"
            found.append(_finding(node.key_places[name], message, "name"))
        _check(child, shape.value, found)


def _check_items(node: Node, shape: Items, found: list[Finding]) -> None:
    if not isinstance(node, Sequence):
        found.append(_finding(node.place, "expected a list"))
        return
    if len(node.items) < (least := shape.at_least):
        found.append(_finding(node.place, f"expected a list of at least {least}"))
    for item in node.items:
        _check(item, shape.item, found)


def _check_either(node: Node, shape: Either, found: list[Finding]) -> None:
    kinds = {Scalar: shape.scalar, Sequence: shape.items, Table: shape.table}
    fitting: Any = kinds[type(node)]
    if fitting is not None:
        _check(node, fitting, found)
        return
    words = {Scalar: "a text", Sequence: "a list", Table: "a table"}
    allowed = " or ".join(words[kind] for kind, fit in kinds.items() if fit)
    found.append(_finding(node.place, f"expected {allowed}"))


def _check_call(node: Node, shape: Calls, found: list[Finding]) -> None:
    argument: Node | None = None
    if isinstance(node, Table) and len(node.entries) == 1:
        ((name, argument),) = node.entries.items()
    elif isinstance(node, Scalar):
        name = node.text
    else:
        message = f"expected a {shape.what}, or a table of one and its argument"
        found.append(_finding(node.place, message))
        return
    if name not in shape.arguments:
        hint = did_you_mean(name, shape.arguments)
        message = f"no {shape.what} {name!r}{hint}"
        found.append(_finding(node.place, message, "transform"))
        return
    wanted = shape.arguments[name]
    message = f"{name!r} takes {shape.takes[name]}"
    if (wanted is None) != (argument is None):
        found.append(_finding(node.place, message, "transform"))
    elif wanted is not None and argument is not None:
        inner = find_faults(argument, wanted)
        if inner and not isinstance(argument, Table):
            inner = [_finding(argument.place, message, "transform")]
        found.extend(inner)


def _finding(place: Place, message: str, kind: str = "shape") -> Finding:
    return place.finding(message, kind)
