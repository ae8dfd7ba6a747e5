"""Texts. Floor 1, pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from worker.mapping.transforms.free_text import whole_until
from worker.mapping.transforms.registry import Argument, text_of, transform

LONGEST_WORD = 30
_BETWEEN_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|[_-]")


@transform(("Inbound", "inbound"), gives="text")
def lower(value: Any) -> str:
    """Lower case."""
    return text_of(value).lower()


@transform(("usd", "USD"), gives="text")
def upper(value: Any) -> str:
    """Upper case."""
    return text_of(value).upper()


@transform(
    ("OUTBOUND", "Outbound"),
    ("no_answer", "No answer"),
    ("noAnswer", "No answer"),
    gives="text",
)
def title(value: Any) -> str:
    """A word of a vendor's as a person writes it: words apart, one capital."""
    text = text_of(value)
    if text.isalpha() and (text.islower() or text.isupper()):
        return text.capitalize()
    return _BETWEEN_WORDS.sub(" ", text).strip().capitalize()


@transform(
    ("PAYMENT PLAN", "Payment Plan"), ("de la costa", "De La Costa"), gives="text"
)
def capitalize_words(value: Any) -> str:
    """Every word with one capital, for what a vendor sends in capitals or in none."""
    return re.sub(r"\S+", lambda word: word[0].capitalize(), text_of(value))


@transform(("  a b ", "a b"), gives="text")
def trim(value: Any) -> str:
    """Without white space around."""
    return text_of(value).strip()


@transform(
    ("  Will pay\n on   Friday ", "Will pay on Friday"), ("\n", ""), gives="text"
)
def collapse(value: Any) -> str:
    """In one line: every run of white space is one space."""
    return " ".join(text_of(value).split())


@transform(("\n Paid.\nThen hung up.", "Paid."), ("one line", "one line"), gives="text")
def first_line(value: Any) -> str:
    """The first line that is not blank, without white space around."""
    lines = (line.strip() for line in text_of(value).splitlines())
    return next((line for line in lines if line), "")


@transform(
    ("Acct. 123-456", "123456"), (4021, "4021"), ("none given", None), gives="text"
)
def digits(value: Any) -> str | None:
    """The digits of a text, such as a file number's; null where it has none.

    For phone numbers there is `phone_digits`.
    """
    return re.sub(r"[^0-9]", "", text_of(value)) or None


@transform(
    ("whatsapp:+12025550123", "whatsapp:", "+12025550123"),
    ("+12025550123", "whatsapp:", "+12025550123"),
    gives="text",
    argument=Argument.TEXT,
)
def strip_prefix(value: Any, prefix: str) -> str:
    """Without that beginning, where it begins so."""
    return text_of(value).removeprefix(prefix)


def check_replacements(table: Mapping[str, str]) -> None:
    """Raise `ValueError` for nothing to replace."""
    if "" in table:
        raise ValueError("an empty text cannot be replaced")


@transform(
    ("Ref: 12/34", {"Ref: ": "", "/": "-"}, "12-34"),
    ("a b", {"a": "b", "b": "a"}, "b a"),
    gives="text",
    argument=Argument.TABLE,
    check=check_replacements,
)
def replace(value: Any, table: Mapping[str, str]) -> str:
    """With each text of the table replaced by its other; capitals count.

    All at once: what was put in is not replaced again, and of two texts that begin
    alike the longer goes first. For whole values there is `choose`.
    """
    check_replacements(table)
    if not table:
        return text_of(value)
    longest_first = sorted(table, key=len, reverse=True)
    pattern = "|".join(re.escape(text) for text in longest_first)
    return re.sub(pattern, lambda found: table[found[0]], text_of(value))


def check_length(length: int) -> None:
    """Raise `ValueError` for a length that leaves nothing."""
    if length < 1:
        raise ValueError("a length of 0 leaves nothing")


@transform(
    ("a long summary", 10, "a long..."),
    ("short", 10, "short"),
    ("pay by 4111 1111 1111 1111", 24, "pay by..."),
    gives="text",
    argument=Argument.NUMBER,
    bounds=True,
    check=check_length,
)
def truncate(value: Any, length: int) -> str:
    """At most so many characters, cut at a word where there is one, with `...`.

    A card number or a social security number is left out rather than cut.
    """
    text = text_of(value)
    if len(text) <= length:
        return text
    if length < 4:
        return text[: whole_until(text, length)]
    cut = text[: length - 3]
    if not text[length - 3].isspace():
        # Back to the last word's end, but not far: a long word is cut where it is.
        space = cut.rfind(" ", max(0, len(cut) - LONGEST_WORD))
        if cut[:space].strip() and space > 0:
            cut = cut[:space]
    return cut[: whole_until(text, len(cut))].rstrip() + "..."


@transform(
    ("call-0123", 18, "call-0123"),
    (4021, 4, "4021"),
    gives="text",
    argument=Argument.NUMBER,
    bounds=True,
    check=check_length,
)
def at_most(value: Any, length: int) -> str:
    """The text as it is; a longer one is refused, for identifiers that a cut spoils."""
    text = text_of(value)
    if len(text) > length:
        raise ValueError(f"longer than {length} characters")
    return text
