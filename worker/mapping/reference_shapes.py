"""Shapes as tables of a reference in Markdown. Floor 1, pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from worker.mapping.shapes import (
    Calls,
    Choice,
    Data,
    Either,
    Fields,
    Items,
    Key,
    Names,
    Shape,
    Text,
)

# The title of the table that a shape is written out in.
Titles = Mapping[str, Fields]


def key_table(shape: Fields, titles: Titles, *, with_defaults: bool) -> str:
    """Return the keys of a shape as a table, and what goes with what below it.

    A shape that is written out under one of the titles is linked to. Of a choice, the
    first option is the default.
    """
    rows = [
        (f"`{name}`", _value(key, titles, with_defaults), key.doc)
        for name, key in shape.keys.items()
    ]
    table = markdown_table(("key", "value", "what it is for"), rows)
    return "\n".join([table, *_rules(shape)])


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of these rows; a bar in a cell is none of the table's."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines) + "\n"


def code_list(words: Sequence[str], joined_by: str = "or") -> str:
    """Return words as code, as a sentence lists them."""
    *others, last = (f"`{word}`" for word in words)
    return f"{', '.join(others)} {joined_by} {last}" if others else last


def anchor(title: str) -> str:
    """Return the address of a heading within its page."""
    return "#" + re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _value(key: Key, titles: Titles, with_default: bool) -> str:
    words = _words(key.shape, titles)
    if with_default and isinstance(key.shape, Choice):
        words += f"; `{key.shape.options[0]}` if left out"
    return f"{words}; **required**" if key.required else words


def _rules(shape: Fields) -> Iterator[str]:
    for group in shape.one_of:
        yield f"There is exactly one of {code_list(group, 'and')}.\n"
    for name, (other, value) in shape.needs.items():
        wanted = f"{other}: {value}" if value else other
        yield f"`{name}` goes with `{wanted}`.\n"


def _words(shape: Shape, titles: Titles) -> str:
    """Return what stands at a place of this shape."""
    match shape:
        case Text():
            return shape.what
        case Choice():
            return code_list(shape.options)
        case Fields():
            return _title(shape, titles) or f"a table of {code_list([*shape.keys])}"
        case Names():
            number = "one entry" if shape.exactly_one else "a table"
            return f"{number}: {shape.key.what} → {_words(shape.value, titles)}"
        case Items():
            return f"a list, each {_words(shape.item, titles)}"
        case Either():
            found = (shape.scalar, shape.items, shape.table)
            words = [_words(part, titles) for part in found if part is not None]
            return " or ".join(dict.fromkeys(words))
        case Calls():
            return f"a {shape.what}"
        case Data():
            return "a value"


def _title(shape: Fields, titles: Titles) -> str:
    """Return a link to where a shape is written out; nothing where it is not."""
    for title, known in titles.items():
        if known.keys is shape.keys:
            words = title if title.startswith("`") else title[0].lower() + title[1:]
            return f"[{words}]({anchor(title)})"
    return ""
