"""The manual of the transforms, out of what they are registered with. Floor 1, pure.

It is Markdown that reads well as it is, so that a page and a terminal show the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import groupby
from textwrap import wrap
from typing import Any

from worker.mapping.transforms.registry import GROUPS, Argument, Transform

WIDTH = 88
# Stands for any path in the examples of a transform that takes one.
PATH = "event.occurred_on"
_WORDS = {
    "boolean": "a boolean",
    "integer": "a whole number",
    "number": "a number",
    "text": "a text",
    "date": "a date",
    "datetime": "a date and time",
    "list": "a list",
    "object": "an object",
    "any": "anything",
}
_PLAIN = re.compile(r"(?![-.])[\w./$-](?:[\w ./$-]*[\w./$-])?")
_ORDER = [*dict.fromkeys(GROUPS.values())]


def manual(transforms: Iterable[Transform]) -> str:
    """Return the manual of these transforms as Markdown, in groups and by name."""
    sections = []
    for group, members in groupby(in_order(transforms), key=lambda known: known.group):
        entries = "\n".join(entry(known) for known in members)
        sections.append(f"## {group.capitalize()}\n\n{entries}")
    return "\n".join(sections)


def in_order(transforms: Iterable[Transform]) -> list[Transform]:
    """Return the transforms as the manual has them: by group, then by name."""
    return sorted(transforms, key=lambda known: (_place(known.group), known.name))


def entry(known: Transform) -> str:
    """Return what the manual says of one transform."""
    parts = [f"### `{known.name}`", known.description, _signature(known)]
    by_argument = groupby(known.examples, key=lambda example: example[1])
    for argument, examples in by_argument:
        lines = [_usage(known, argument)]
        for value, _argument, result in examples:
            lines += _example(value, result)
        parts.append("\n".join(f"    {line}" for line in lines))
    return "\n\n".join(parts) + "\n"


def in_yaml(known: Transform, argument: Any) -> str:
    """Return the transform as `as:` of a mapping names it."""
    if known.argument is Argument.NONE:
        return known.name
    if known.argument is Argument.PATH:
        return f"{{{known.name}: {PATH}}}"
    if isinstance(argument, dict):
        entries = (f"{_scalar(key)}: {_scalar(text)}" for key, text in argument.items())
        return f"{{{known.name}: {{{', '.join(entries)}}}}}"
    return f"{{{known.name}: {_scalar(str(argument))}}}"


def as_json(known: Transform) -> dict[str, Any]:
    """Return all that is known of a transform, for a program to read."""
    return {
        "name": known.name,
        "group": known.group,
        "description": known.description,
        "takes": list(known.takes),
        "gives": known.gives,
        "argument": known.argument.name.lower(),
        "bounds": known.bounds,
        "labels": known.labels,
        "several": known.several,
        "results": list(known.results),
        "examples": [
            {"as": in_yaml(known, arg), "argument": arg, "value": value, "result": made}
            for value, arg, made in known.examples
        ],
    }


def _place(group: str) -> int:
    return _ORDER.index(group) if group in _ORDER else len(_ORDER)


def _signature(known: Transform) -> str:
    *others, last = (_WORDS[kind] for kind in known.takes)
    taken = f"{', '.join(others)} or {last}" if others else last
    sentence = f"Takes {taken}; gives {_WORDS[known.gives]}."
    if known.argument is Argument.NONE:
        return f"{sentence} No argument."
    bound = ", the greatest length" if known.bounds else ""
    return f"{sentence} Argument: {known.argument.value}{bound}."


def _usage(known: Transform, argument: Any) -> str:
    usage = f"as: {in_yaml(known, argument)}"
    if known.argument is Argument.PATH:
        usage += f"  # which is {json.dumps(argument, ensure_ascii=False)}"
    return usage


def _example(value: Any, result: Any) -> list[str]:
    before, after = (json.dumps(each, ensure_ascii=False) for each in (value, result))
    if len(before) + len(after) + 10 <= WIDTH:
        return [f"  {before} -> {after}"]
    return [*_wrapped(before, "  ", "  "), *_wrapped(after, "    -> ", "       ")]


def _wrapped(text: str, first: str, later: str) -> list[str]:
    return wrap(
        text,
        WIDTH - 4,
        initial_indent=first,
        subsequent_indent=later,
        break_on_hyphens=False,
    )


def _scalar(text: str) -> str:
    """Return a text as a scalar of flow YAML, in quotes where it needs them."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
