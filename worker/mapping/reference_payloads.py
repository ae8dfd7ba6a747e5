"""The paths into what a vendor sends, as a table in Markdown. Floor 1, pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from worker.mapping.payload_types.schemas import type_of_schema
from worker.mapping.payload_types.types import below
from worker.mapping.reference_shapes import code_list, markdown_table

Schema = Mapping[str, Any]
Row = tuple[str, str, str]


def payload_table(schema: Schema) -> str:
    """Return every path that an event's JSON Schema describes, as a table.

    `[]` in a path stands for the items of a list. Of the body there is what is not in
    `payload`.
    """
    definitions = schema.get("$defs", {})
    roots = schema["properties"]
    of_payload = frozenset(_references(roots["payload"], definitions))
    rows = [
        *_rows(roots["payload"], definitions, "payload"),
        *_rows(roots["event"], definitions, "event"),
        *_rows(roots["body"], definitions, "body", of_payload),
    ]
    return markdown_table(("path", "what is there", "what it means"), rows)


def _rows(
    schema: Schema,
    definitions: Schema,
    place: str,
    shown: frozenset[str] = frozenset(),
) -> Iterator[Row]:
    """Yield a row for a value and all in it, but for what was shown elsewhere."""
    node = _resolved(schema, definitions)
    if "anyOf" in node:
        node = {**_resolved(node["anyOf"][0], definitions), **node}
    if "not" not in node:
        yield f"`{place}`", _what(node, definitions), str(node.get("description", ""))
    if not shown.isdisjoint(_references(schema, definitions)):
        return
    for key, member in node.get("properties", {}).items():
        yield from _rows(member, definitions, below(place, key), shown)
    items = node.get("items", {})
    if "properties" in _resolved(items, definitions):
        yield from _rows(items, definitions, f"{place}[]", shown)


def _what(node: Schema, definitions: Schema) -> str:
    found = type_of_schema(node, definitions, "")
    words = [str(found)]
    if found.known_values:
        words.append(code_list(found.known_values))
    if "object" in found.kinds and found.rest is not None:
        words.append("with keys of the account's own")
    return ": ".join(words)


def _references(schema: Schema, definitions: Schema) -> Iterator[str]:
    """Yield the names of the definitions that a schema refers to, and they in turn."""
    while "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        yield name
        schema = definitions[name]


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """Return a schema with what it refers to in it."""
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].removeprefix("#/$defs/")
    target = _resolved(definitions[name], definitions)
    properties = {**target.get("properties", {}), **schema.get("properties", {})}
    return {**target, **schema, "properties": properties}
