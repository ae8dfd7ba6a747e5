"""Values as a terminal can show them: on one line, and not too long. Floor 5."""

from __future__ import annotations

import json
from itertools import takewhile
from typing import Any

SHOWN_CHARACTERS = 44
_LEAD = 8
NOTHING = "(nothing)"


def printable(text: str) -> str:
    """Return a text without what would steer a terminal."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def shown(value: Any) -> str:
    """Return a value on one line; a long text is shortened in the middle."""
    text = _text(value)
    if len(text) <= SHOWN_CHARACTERS:
        return text
    half = (SHOWN_CHARACTERS - 3) // 2
    return f"{text[:half]}...{text[-half:]}"


def shown_pair(before: Any, after: Any) -> tuple[str, str]:
    """Return two values so that they can be told apart.

    Of long texts that are alike at both ends it is the part where they first differ.
    """
    pair = shown(before), shown(after)
    if pair[0] != pair[1]:
        return pair
    room = SHOWN_CHARACTERS - 6
    return where_they_differ(_text(before), _text(after), room, lead=_LEAD)


def where_they_differ(one: str, other: str, room: int, lead: int) -> tuple[str, str]:
    """Return two texts, cut to where they begin to differ if they are long.

    `room` is how many characters to show, `lead` how many of those that are alike.
    """
    pairs = zip(one, other, strict=False)
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    is_long = max(len(one), len(other)) > room
    start = max(0, alike - lead) if is_long else 0
    return _cut(one, start, room), _cut(other, start, room)


def _cut(text: str, start: int, room: int) -> str:
    head = "..." if start else ""
    tail = "..." if start + room < len(text) else ""
    return f"{head}{text[start : start + room]}{tail}"


def _text(value: Any) -> str:
    if value is None:
        return NOTHING
    return printable(json.dumps(value, ensure_ascii=False))
