"""The transforms that a mapping may name. Floor 1, pure.

A transform is its examples: they are its tests and its manual. It gets one value, which
is never absent or null, and at most one argument from the mapping. It reads no clock,
no network and no other field. One that cannot do its work raises `ValueError` with a
reason that holds no value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any


class Argument(StrEnum):
    """What kind of argument a transform takes."""

    NONE = "no argument"
    NUMBER = "a whole number"
    TEXT = "a text"
    TABLE = "a table of texts"
    PATH = "a path"


@dataclass(frozen=True, slots=True)
class Transform:
    """A registered transform. Each example is (value, argument, result)."""

    name: str
    run: Callable[..., Any]
    argument: Argument
    examples: tuple[tuple[Any, Any, Any], ...]


TRANSFORMS: dict[str, Transform] = {}

Function = Callable[..., Any]


def transform(
    *examples: tuple[Any, ...], argument: Argument = Argument.NONE
) -> Callable[[Function], Function]:
    """Register a transform with its examples: (value, result) or (value, arg, result).

    A function without an argument is called with the value alone.
    """

    def register(function: Function) -> Function:
        name = function.__name__
        shaped = tuple(e if len(e) == 3 else (e[0], None, e[1]) for e in examples)
        TRANSFORMS[name] = Transform(name, function, argument, shaped)
        return function

    return register


@transform((90_500, 91), (0, 0), (1, 1))
def ms_to_seconds(value: Any) -> int:
    """Whole seconds, rounded up: a call of 1 ms is a call of 1 s."""
    return math.ceil(_decimal(value) / 1000)


@transform(("61", 61), (61.0, 61), (" 7 ", 7))
def to_integer(value: Any) -> int:
    """A whole number, from text too; anything with a fraction is refused."""
    number = _decimal(value)
    if number != number.to_integral_value():
        raise ValueError("not a whole number")
    return int(number)


@transform(("1200", 1200.0), (14, 14), ("0.50", 0.5))
def to_number(value: Any) -> int | float:
    """A number, from text written with a point."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return float(_decimal(value))


@transform(("1,200.50", 1200.5), ("$1200", 1200.0), ("MXN 1.200,50", 1200.5))
def to_money(value: Any) -> float:
    """An amount out of free text; a lone separator before three digits is thousands."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    found = re.findall(r"\d[\d.,]*", str(value))
    if len(found) != 1:
        raise ValueError("not one amount of money")
    digits = found[0].rstrip(".,")
    decimal_mark = max(digits.rfind("."), digits.rfind(","))
    whole, fraction = digits, ""
    if decimal_mark >= 0 and not _only_thousands(digits):
        whole, fraction = digits[:decimal_mark], digits[decimal_mark + 1 :]
    sign = "-" if re.match(r"\s*-", str(value)) else ""
    return float(f"{sign}{re.sub('[.,]', '', whole)}.{fraction or 0}")


@transform(("yes", True), ("No", False), ("sí", True), (True, True))
def to_boolean(value: Any) -> bool:
    """A boolean, from yes/no words in English and Spanish too."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().casefold()
    if word in {"yes", "y", "true", "1", "sí", "si"}:
        return True
    if word in {"no", "n", "false", "0"}:
        return False
    raise ValueError("neither yes nor no")


@transform(("2026-05-10", "2026-05-10"), ("2026-05-10T10:00:00Z", "2026-05-10"))
def to_date(value: Any) -> str:
    """A date as YYYY-MM-DD, from a date or date and time in ISO 8601."""
    return _moment(value).date().isoformat()


@transform(
    ("2026-05-04T10:14:20.500Z", "2026-05-04T10:14:20Z"),
    ("2026-05-04T05:14:20-05:00", "2026-05-04T10:14:20Z"),
)
def to_datetime(value: Any) -> str:
    """A moment in UTC to the second, from ISO 8601; without an offset it is UTC."""
    moment = _moment(value)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@transform((7, "2026-05-04", "2026-05-11"), argument=Argument.PATH)
def days_after(value: Any, start: Any) -> str:
    """The date that many days after the date at the path."""
    days = to_integer(value)
    try:
        return (_moment(start).date() + timedelta(days=days)).isoformat()
    except OverflowError:
        raise ValueError("too many days") from None


@transform(("Inbound", "inbound"))
def lower(value: Any) -> str:
    """Lower case."""
    return _text(value).lower()


@transform(("usd", "USD"))
def upper(value: Any) -> str:
    """Upper case."""
    return _text(value).upper()


@transform(("OUTBOUND", "Outbound"), ("no_answer", "No answer"))
def title(value: Any) -> str:
    """A word of a vendor's as a person writes it: underscores off, one capital."""
    return _text(value).replace("_", " ").strip().capitalize()


@transform(("  a b ", "a b"))
def trim(value: Any) -> str:
    """Without white space around."""
    return _text(value).strip()


@transform(("a long summary", 10, "a long..."), argument=Argument.NUMBER)
def truncate(value: Any, length: int) -> str:
    """At most so many characters, cut at a word where there is one, with `...`."""
    text = _text(value)
    if len(text) <= length:
        return text
    if length < 4:
        return text[:length]
    cut = text[: length - 3]
    if not text[length - 3].isspace() and " " in cut:
        cut = cut.rsplit(None, 1)[0]
    return cut.rstrip() + "..."


@transform((["a", "b"], ", ", "a, b"), argument=Argument.TEXT)
def join(value: Any, separator: str) -> str:
    """A list as one text."""
    if not isinstance(value, list):
        raise ValueError("not a list")
    return separator.join(_text(item) for item in value)


@transform(
    ({"dispute": True, "fraud": False}, {"dispute": "Dispute"}, "Dispute"),
    ({"a": True, "b": True}, {"b": "B", "a": "A"}, "B;A"),
    argument=Argument.TABLE,
)
def flags(value: Any, labels: Mapping[str, str]) -> str:
    """A multi-select value: the labels of the keys that are true, in the labels' order.

    No key true gives an empty text.
    """
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return ";".join(label for key, label in labels.items() if value.get(key) is True)


@transform(
    ({"a": True, "b": True}, {"b": "B", "a": "A"}, "B"),
    ({"a": False}, {"a": "A"}, None),
    argument=Argument.TABLE,
)
def first_flag(value: Any, labels: Mapping[str, str]) -> str | None:
    """The label of the first key that is true, in the labels' order; else null."""
    return flags(value, labels).split(";")[0] or None


@transform(({"Amount": "1200", "When": None}, "Amount: 1200"))
def pairs(value: Any) -> str:
    """An object as lines of `key: value`; keys with null are left out."""
    if not isinstance(value, dict):
        raise ValueError("not an object")
    present = ((k, v) for k, v in value.items() if v is not None)
    return "\n".join(f"{key}: {_text(item)}" for key, item in present)


@transform(
    (
        [{"role": "bot", "content": "Hello"}, {"role": "user", "content": "Hi"}],
        {"speaker": "role", "text": "content"},
        "bot: Hello\nuser: Hi",
    ),
    argument=Argument.TABLE,
)
def transcript(value: Any, keys: Mapping[str, str]) -> str:
    """A list of turns as lines of `speaker: text`; the argument names the two keys."""
    if not isinstance(value, list):
        raise ValueError("not a list")
    speaker, text = keys.get("speaker", "speaker"), keys.get("text", "text")
    turns = (turn for turn in value if isinstance(turn, dict))
    return "\n".join(
        f"{_text(turn.get(speaker, '?'))}: {_text(turn.get(text, ''))}"
        for turn in turns
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("not a number")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 18:
        raise ValueError("not a number that Salesforce can hold")
    return number


def _only_thousands(digits: str) -> bool:
    """Return whether every separator is one kind and has three digits behind it."""
    return bool(re.fullmatch(r"\d{1,3}(?:,\d{3})+|\d{1,3}(?:\.\d{3})+", digits))


def _moment(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError("not a date")
    text = value.strip()
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("not a date in ISO 8601") from None
