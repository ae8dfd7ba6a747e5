"""Scalars of a grammar as JSON Schemas. Floor 1, pure.

The loader takes every scalar as text, while an editor gives it a type: where a text
may stand a number or a boolean may too, and where a pattern is asked for, the numbers
that it lets through. One difference is left, since JSON has one spelling of a value:
`1.0`, `0x1` and `True` are 1 and true to an editor, and other texts to the loader.
"""

from __future__ import annotations

import json
import re
from typing import Any

from worker.mapping.shapes import Choice, Text

_WHOLE = ("1", "2", "10", "25", "255", "1024", "32768")
_NEGATIVE = ("-1", "-12")
_FRACTIONS = ("0.5", "1.25")


def text(shape: Text) -> dict[str, Any]:
    """Return the schema of a text.

    Raises `ValueError` for a pattern that takes some whole numbers and not others.
    """
    offered = [{"label": each, "body": each} for each in shape.offered]
    snippets = {"defaultSnippets": offered} if offered else {}
    if not shape.pattern:
        return {"type": ["string", "number", "boolean"], **snippets}
    return {
        **_typed(shape),
        "pattern": whole(shape.pattern),
        "patternErrorMessage": f"expected {shape.what}",
        **snippets,
    }


def _typed(shape: Text) -> dict[str, Any]:
    """Return the types of what a pattern takes, and the least number."""
    if not _takes(shape, _WHOLE):
        return {"type": "string"}
    number = "number" if _takes(shape, _FRACTIONS) else "integer"
    if _takes(shape, _NEGATIVE):
        return {"type": ["string", number]}
    return {"type": ["string", number], "minimum": 0 if _takes(shape, ("0",)) else 1}


def _takes(shape: Text, samples: tuple[str, ...]) -> bool:
    """Return whether the pattern takes these, which are all of a kind."""
    found = {re.fullmatch(shape.pattern, sample) is not None for sample in samples}
    if len(found) > 1:
        listed = ", ".join(samples)
        raise ValueError(f"{shape.what} may be some of {listed} and not others")
    return found.pop()


def choice(shape: Choice, with_default: bool) -> dict[str, Any]:
    """Return the schema of one of a few texts; `true` may stand in quotes or not."""
    options = [spellings(option)[-1] for option in shape.options]
    quoted = [option for option in shape.options if option not in options]
    listed: dict[str, Any] = {"enum": options}
    if quoted:
        pattern = {"type": "string", "pattern": whole("|".join(quoted))}
        listed = {"anyOf": [listed, pattern]}
    return {**listed, "default": options[0]} if with_default else listed


def spellings(value: str) -> list[Any]:
    """Return a text, and what an editor takes it for where it stands unquoted."""
    try:
        typed = json.loads(value)
    except ValueError:
        return [value]
    is_other = isinstance(typed, bool | int | float) and json.dumps(typed) == value
    return [value, typed] if is_other else [value]


def whole(pattern: str) -> str:
    """Return the pattern for JSON Schema, which looks for any part that matches."""
    return f"^(?:{pattern})$" if "|" in pattern else f"^{pattern}$"
