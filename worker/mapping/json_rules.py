"""Which keys stand together, as JSON Schemas. Floor 1, pure.

JSON Schema's `oneOf` would say the same, and an editor no more than that not one of
several schemas matches. These rules pass over whatever is no table.
"""

from __future__ import annotations

from typing import Any

from worker.mapping.json_scalars import spellings
from worker.mapping.shape_keys import exactly_one_of
from worker.mapping.shapes import Fields

Schema = dict[str, Any]


def exclusions(shape: Fields) -> list[Schema]:
    """Return the rules by which exactly one key of each group is there."""
    rules: list[Schema] = []
    for group in shape.one_of:
        none = {"errorMessage": exactly_one_of(group, shape.why)}
        rules.append({"anyOf": [{"required": [name], **none} for name in group]})
        message = {"errorMessage": exactly_one_of(group)}
        others = {name: group[place + 1 :] for place, name in enumerate(group[:-1])}
        rules.append(
            {
                "dependencies": {
                    name: {"properties": dict.fromkeys(excluded, False), **message}
                    for name, excluded in others.items()
                }
            }
        )
    return rules


def needs(shape: Fields) -> list[Schema]:
    """Return the rules by which a key is not there without another."""
    rules: list[Schema] = []
    for name, (other, value) in shape.needs.items():
        wanted = f"{other}: {value}" if value else other
        message = {"errorMessage": f"{name!r} goes with {wanted!r}"}
        needed: Schema = {"required": [other], **message}
        if value is not None:
            needed["properties"] = {other: {"enum": spellings(value), **message}}
        rules.append({"dependencies": {name: needed}})
    return rules
