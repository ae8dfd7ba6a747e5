"""A grammar of YAML files as a JSON Schema, for editors. Floor 1, pure.

It refuses what `find_faults` refuses; `json_scalars` has the one difference.
`defaultSnippets`, `errorMessage` and `patternErrorMessage` are no JSON Schema: editors
know them, and everything else passes over them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.mapping import json_rules, json_scalars
from worker.mapping.shapes import (
    Calls,
    Choice,
    Data,
    Either,
    Fields,
    Items,
    Names,
    Shape,
    Text,
)

DRAFT = "http://json-schema.org/draft-07/schema#"

_ONE_ENTRY = {"minProperties": 1, "maxProperties": 1}
# They pass over whatever is no table.
_OF_TABLES = {
    "properties",
    "additionalProperties",
    "required",
    "allOf",
    "propertyNames",
    *_ONE_ENTRY,
}

Schema = dict[str, Any]


def json_schema(
    shape: Shape,
    *,
    title: str,
    identifier: str,
    parts: Mapping[str, Shape] | None = None,
    with_defaults: bool = True,
) -> Schema:
    """Return the JSON Schema, in draft 7, of a file of this shape.

    The `parts` are shapes that are in it, under the names by which they are referred
    to. Without defaults an absent choice does not mean the first of its options.
    Raises `ValueError` for a pattern that takes some whole numbers and not others.
    """
    writer = _Writer(parts or {}, with_defaults)
    return {
        "$schema": DRAFT,
        "$id": identifier,
        "title": title,
        **writer.whole(shape),
        "definitions": {
            name: {"title": f"{title}: {name}", **writer.whole(part)}
            for name, part in (parts or {}).items()
        },
    }


class _Writer:
    """Writes shapes as schemas; one that has a name is referred to."""

    def __init__(self, parts: Mapping[str, Shape], with_defaults: bool) -> None:
        self._with_defaults = with_defaults
        self._names = {id(shape): name for name, shape in parts.items()}

    def part(self, shape: Shape) -> Schema:
        """Return the schema of a shape that is inside another."""
        name = self._names.get(id(shape))
        return {"$ref": f"#/definitions/{name}"} if name else self.whole(shape)

    def whole(self, shape: Shape) -> Schema:
        """Return the schema of a shape, written out."""
        match shape:
            case Text():
                return json_scalars.text(shape)
            case Choice():
                return json_scalars.choice(shape, self._with_defaults)
            case Fields():
                return self._fields(shape)
            case Names():
                return self._names_table(shape)
            case Items():
                return self._items(shape)
            case Either():
                return self._either(shape)
            case Calls():
                return _any_of(_bare(shape), self._table(shape))
            case Data():
                return {}

    def _fields(self, shape: Fields) -> Schema:
        made: Schema = {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                name: {"description": key.doc, **self.part(key.shape)}
                for name, key in shape.keys.items()
            },
        }
        required = [name for name, key in shape.keys.items() if key.required]
        if required:
            made["required"] = required
        rules = [*json_rules.exclusions(shape), *json_rules.needs(shape)]
        return made | ({"allOf": rules} if rules else {})

    def _names_table(self, shape: Names) -> Schema:
        made: Schema = {"type": "object", "errorMessage": "expected a table"}
        if shape.exactly_one:
            made |= _ONE_ENTRY
        if shape.key.pattern:
            made["propertyNames"] = {
                "title": shape.key.what,
                "pattern": json_scalars.whole(shape.key.pattern),
                "patternErrorMessage": f"expected {shape.key.what}",
            }
        return made | {"additionalProperties": self.part(shape.value)}

    def _items(self, shape: Items) -> Schema:
        at_least = {"minItems": shape.at_least} if shape.at_least else {}
        return {"type": "array", **at_least, "items": self.part(shape.item)}

    def _either(self, shape: Either) -> Schema:
        if isinstance(shape.scalar, Calls) and shape.scalar is shape.table:
            options, table = [self.part(shape.scalar)], None
        else:
            options, table = self._scalars(shape.scalar), self._table(shape.table)
        if shape.items is not None:
            options.append(self.part(shape.items))
        return _any_of(options, table)

    def _scalars(self, shape: Text | Choice | Calls | None) -> list[Schema]:
        if isinstance(shape, Calls):
            return _bare(shape)
        return [] if shape is None else [self.part(shape)]

    def _table(self, shape: Fields | Names | Calls | None) -> Schema | None:
        if not isinstance(shape, Calls):
            return None if shape is None else self.whole(shape)
        properties = {
            name: {"description": shape.docs[name], **self.part(argument)}
            for name, argument in shape.arguments.items()
            if argument is not None
        }
        made = {"type": "object", "additionalProperties": False, **_ONE_ENTRY}
        return {**made, "properties": properties} if properties else None


def _bare(shape: Calls) -> list[Schema]:
    """Return the schemas of the functions that are named without an argument."""
    return [
        {"const": name, "description": f"{name}: {shape.docs[name]}"}
        for name, argument in shape.arguments.items()
        if argument is None
    ]


def _any_of(options: list[Schema], table: Schema | None) -> Schema:
    """Return the schema of one of the options or of a table.

    What is asked of a table stands beside the options, so that an editor says what is
    wrong with a table, and not that it should have been something else.
    """
    if table is None:
        return options[0] if len(options) == 1 else {"anyOf": options}
    if not options:
        return table
    asked = {key: value for key, value in table.items() if key in _OF_TABLES}
    return {"anyOf": [*options, {"type": "object"}], **asked}
