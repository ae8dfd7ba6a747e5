"""The documented keys of a payload, and which of them a delivery has. Floor 1, pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from worker.mapping.payload_types.schemas import type_of_root
from worker.mapping.payload_types.types import Type


def known_leaves(schema: Mapping[str, Any]) -> list[str]:
    """Return the path of every documented key below payload that has a value itself.

    `[]` stands for the items of a list. An object whose keys nobody knows, and a list
    of plain values, is one leaf.
    """
    return [leaf.place for leaf in _leaves(_payload(schema))]


def touched_leaves(schema: Mapping[str, Any], context: Mapping[str, Any]) -> set[str]:
    """Return which of the known leaves are in a context; a null is there too."""
    return {leaf.place for leaf in _touched(_payload(schema), context["payload"])}


def _payload(schema: Mapping[str, Any]) -> Type:
    return type_of_root(schema).properties["payload"]


def _leaves(known: Type) -> Iterator[Type]:
    members = _members(known)
    for member in members:
        yield from _leaves(member)
    if not members and known.kinds:
        yield known


def _touched(known: Type, value: Any) -> Iterator[Type]:
    if not _members(known):
        yield known
    elif isinstance(value, dict):
        for key in value.keys() & known.properties.keys():
            yield from _touched(known.properties[key], value[key])
    elif isinstance(value, list) and known.items is not None:
        for item in value:
            yield from _touched(known.items, item)


def _members(known: Type) -> list[Type]:
    """Return what is to be looked into instead of the value itself."""
    if known.items is not None and known.items.properties:
        return [known.items]
    return list(known.properties.values())
