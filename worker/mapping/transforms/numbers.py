"""Numbers and units. Floor 1, pure."""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any, TypeGuard

from worker.mapping.transforms.registry import transform

LONGEST_NUMBER = 500
_LARGE = 10**18
_PERCENT = re.compile(r"(-?[0-9]+(?:[.,][0-9]+)?) ?%?")


@transform((90_500, 91), (0, 0), (1, 1), takes=("number", "text"), gives="integer")
def ms_to_seconds(value: Any) -> int:
    """Whole seconds, rounded up: a call of 1 ms is a call of 1 s."""
    if is_small_integer(value):
        return -(-value // 1000)
    return math.ceil(decimal_of(value) / 1000)


@transform((2, 120), (1.5, 90), ("0.51", 31), takes=("number", "text"), gives="integer")
def minutes_to_seconds(value: Any) -> int:
    """Whole seconds, rounded up."""
    return math.ceil(decimal_of(value) * 60)


@transform((61, 2), (60, 1), ("0", 0), takes=("number", "text"), gives="integer")
def seconds_to_minutes(value: Any) -> int:
    """Whole minutes, rounded up: a minute begun is a minute, as calls are billed."""
    return math.ceil(decimal_of(value) / 60)


@transform(
    ("61", 61), (61.0, 61), (" 7 ", 7), takes=("number", "text"), gives="integer"
)
def to_integer(value: Any) -> int:
    """A whole number, from text too; anything with a fraction is refused."""
    if is_small_integer(value):
        return value
    number = decimal_of(value)
    if number != number.to_integral_value():
        raise ValueError("not a whole number")
    return int(number)


@transform(
    ("1200", 1200.0), (14, 14), ("0.50", 0.5), takes=("number", "text"), gives="number"
)
def to_number(value: Any) -> int | float:
    """A number, from text written with a point."""
    if is_small_integer(value):
        return value
    number = decimal_of(value)
    return value if isinstance(value, int | float) else float(number)


@transform(
    ("12.5%", 12.5),
    ("12,5 %", 12.5),
    (40, 40.0),
    takes=("number", "text"),
    gives="number",
)
def to_percent(value: Any) -> float:
    """The number of a Percent field, from a number or from text with its sign.

    Salesforce writes 12.5 for 12.5 %; for a share such as 0.125 there is
    `share_to_percent`.
    """
    if not isinstance(value, str):
        return float(decimal_of(value))
    found = _PERCENT.fullmatch(value.strip())
    if found is None:
        raise ValueError("not one percentage")
    return float(decimal_of(found[1].replace(",", ".")))


@transform(
    (0.125, 12.5),
    ("0.4", 40.0),
    (1, 100.0),
    takes=("number", "text"),
    gives="number",
)
def share_to_percent(value: Any) -> float:
    """A share of one, such as a vendor's confidence, as a Percent field's number."""
    return float(decimal_of(value) * 100)


def is_small_integer(value: Any) -> TypeGuard[int]:
    """Return whether it is a whole number that needs no look at how large it is."""
    return type(value) is int and -_LARGE < value < _LARGE


def decimal_of(value: Any) -> Decimal:
    """Return the number that a value is or writes. Raises `ValueError`."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("not a number")
    text = str(value).strip()
    try:
        number = Decimal(text if len(text) <= LONGEST_NUMBER else "long")
    except InvalidOperation:
        raise ValueError("not a number") from None
    # Its exponent says how large it is; arithmetic on an absurd one would overflow.
    if not number.is_finite() or number.adjusted() >= 18:
        raise ValueError("not a number that Salesforce can hold")
    return number
