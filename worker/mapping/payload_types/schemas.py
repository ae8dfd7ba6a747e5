"""A JSON Schema of a payload as a tree of types. Floor 1, pure.

As much of JSON Schema as the payloads' schemas use: `type`, `format`, `const`, `enum`,
`maxLength`, `properties`, `additionalProperties`, `unevaluatedProperties`, `items`,
`anyOf`, `not`, `$ref` into `$defs`, and our `x-known-values`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from worker.mapping.payload_types.types import (
    ANYTHING,
    TEXTS,
    Type,
    below,
    union,
    with_values,
)

_FORMATS = {"date": "date", "date-time": "datetime", "uri": "uri"}
_UUID_LENGTH = 36
_KEY = r'(?:[A-Za-z_][A-Za-z0-9_]*|"[^"\\]+")'
_CHAIN = re.compile(rf"{_KEY}(?:\.{_KEY}|\[\])*")
_STEP = re.compile(rf"{_KEY}|\[\]")


def type_of_root(schema: Mapping[str, Any], extra: Iterable[str] = ()) -> Type:
    """Return the type that a whole schema describes, and `extra` with it.

    `extra` are plain chains; what is at their end is open. Raises `ValueError` for one
    that is no plain chain.
    """
    root = type_of_schema(schema, schema.get("$defs", {}), "")
    for chain in extra:
        root = _opened(root, _steps(chain))
    return root


def type_of_schema(schema: Any, definitions: Mapping[str, Any], place: str) -> Type:
    """Return the type that a JSON Schema describes, for a value at this place."""
    node = _resolved(schema, definitions)
    if "not" in node:
        why = node["description"].rstrip(".")
        return Type(frozenset(), place=place, never=why[:1].lower() + why[1:])
    if "anyOf" in node:
        options = (type_of_schema(o, definitions, place) for o in node["anyOf"])
        return replace(union(options), place=place)
    if "type" not in node:
        return replace(ANYTHING, place=place)
    kinds = frozenset(_kinds(node))
    found = Type(kinds, place=place)
    if kinds & TEXTS:
        found = _text(found, node)
    if "list" in kinds:
        items = type_of_schema(node.get("items", True), definitions, f"{place}[]")
        found = replace(found, items=items)
    if "object" in kinds:
        found = _object(found, node, definitions)
    return found


def _resolved(schema: Any, definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put what a reference refers to in its place; what stands beside it is added."""
    if not isinstance(schema, Mapping):
        return {}
    if "$ref" not in schema:
        return schema
    target = _resolved(
        definitions[schema["$ref"].removeprefix("#/$defs/")], definitions
    )
    properties = {**target.get("properties", {}), **schema.get("properties", {})}
    return {**target, **schema, "properties": properties}


def _kinds(node: Mapping[str, Any]) -> Iterable[str]:
    names = [node["type"]] if isinstance(node["type"], str) else node["type"]
    for name in names:
        match name:
            case "string":
                yield _FORMATS.get(node.get("format", ""), "text")
            case "array":
                yield "list"
            case _:
                yield name


def _text(found: Type, node: Mapping[str, Any]) -> Type:
    if "const" in node or "enum" in node:
        return with_values(found, node.get("enum", [node.get("const")]))
    length = _UUID_LENGTH if node.get("format") == "uuid" else node.get("maxLength")
    values = tuple(node.get("x-known-values", ()))
    return replace(found, known_values=values, max_length=length)


def _object(
    found: Type, node: Mapping[str, Any], definitions: Mapping[str, Any]
) -> Type:
    properties = {
        key: type_of_schema(member, definitions, below(found.place, key))
        for key, member in node.get("properties", {}).items()
    }
    others = node.get("additionalProperties", node.get("unevaluatedProperties", True))
    rest = None if others is False else type_of_schema(others, definitions, "")
    return replace(found, properties=properties, rest=rest)


def _steps(chain: str) -> list[str]:
    if not _CHAIN.fullmatch(chain):
        raise ValueError(f"{chain!r} is no plain chain of keys")
    return [step.strip('"') for step in _STEP.findall(chain)]


def _opened(known: Type, steps: Sequence[str]) -> Type:
    """Return the type with what is at the end of these steps open."""
    if not steps or known.is_open:
        return replace(ANYTHING, place=known.place)
    step, *others = steps
    if step == "[]":
        place = f"{known.place}[]"
        items = _opened(known.items or Type(frozenset(), place=place), others)
        return replace(known, kinds=known.kinds | {"list"}, items=items)
    place = below(known.place, step)
    member = known.properties.get(step, Type(frozenset(), place=place))
    properties = {**known.properties, step: _opened(member, others)}
    return replace(
        known, kinds=known.kinds | {"object"}, properties=properties, never=""
    )
