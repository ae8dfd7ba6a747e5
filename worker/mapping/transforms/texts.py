"""Texts. Floor 1, pure."""

from __future__ import annotations

import re
from typing import Any

from worker.mapping.transforms.registry import Argument, text_of, transform

LONGEST_WORD = 30


@transform(("Inbound", "inbound"))
def lower(value: Any) -> str:
    """Lower case."""
    return text_of(value).lower()


@transform(("usd", "USD"))
def upper(value: Any) -> str:
    """Upper case."""
    return text_of(value).upper()


@transform(
    ("OUTBOUND", "Outbound"), ("no_answer", "No answer"), ("noAnswer", "No answer")
)
def title(value: Any) -> str:
    """A word of a vendor's as a person writes it: words apart, one capital."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]", " ", text_of(value))
    return words.strip().capitalize()


@transform(("  a b ", "a b"))
def trim(value: Any) -> str:
    """Without white space around."""
    return text_of(value).strip()


@transform(("a long summary", 10, "a long..."), argument=Argument.NUMBER)
def truncate(value: Any, length: int) -> str:
    """At most so many characters, cut at a word where there is one, with `...`."""
    text = text_of(value)
    if len(text) <= length:
        return text
    if length < 4:
        return text[:length]
    cut = text[: length - 3]
    if not text[length - 3].isspace():
        # Back to the last word's end, but not far: a long word is cut where it is.
        space = cut.rfind(" ", max(0, len(cut) - LONGEST_WORD))
        if cut[:space].strip() and space > 0:
            cut = cut[:space]
    return cut.rstrip() + "..."


@transform((["a", "b"], ", ", "a, b"), argument=Argument.TEXT)
def join(value: Any, separator: str) -> str:
    """A list as one text."""
    if not isinstance(value, list):
        raise ValueError("not a list")
    return separator.join(text_of(item) for item in value if item is not None)
