"""Numbers, money and yes or no. Floor 1, pure."""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from worker.mapping.transforms.registry import transform

_CURRENCY = (
    r"(?:[A-Z]{2,3}\$?|[$€£¥₹]|(?i:pesos?|dollars?|d[oó]lares|euros?|rupees?|rs\.?))"
)
_GROUPED = re.compile(
    r"\d{1,3}(?:,\d{3})+|\d{1,3}(?:\.\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}", re.ASCII
)
_NUMBER = (
    r"\d{1,3}(?:,\d{3})+(?:\.\d+)?"  # 1,200.50
    r"|\d{1,3}(?:\.\d{3})+(?:,\d+)?"  # 1.200,50
    r"|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?"  # 1,00,000.50
    r"|\d+(?:[.,]\d+)?"
)
_MONEY = re.compile(
    rf"(?P<before>-)?\s*{_CURRENCY}?\s*(?P<after>-)?\s*"
    rf"(?P<number>{_NUMBER})\s*{_CURRENCY}?\.?",
    re.ASCII,
)


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


@transform(
    ("1,200.50", 1200.5),
    ("$1200", 1200.0),
    ("MXN 1.200,50", 1200.5),
    ("1,00,000 rupees", 100000.0),
    ("-$5", -5.0),
)
def to_money(value: Any) -> float:
    """One amount of money, with or without its currency, in the usual groupings.

    A lone separator before three digits groups thousands: `1.200` is 1200.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(_decimal(value))
    found = _MONEY.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("not one amount of money")
    digits = found["number"]
    whole, fraction = digits, "0"
    if not _GROUPED.fullmatch(digits):
        decimal_mark = max(digits.rfind("."), digits.rfind(","))
        if decimal_mark >= 0:
            whole, fraction = digits[:decimal_mark], digits[decimal_mark + 1 :]
    sign = "-" if found["before"] or found["after"] else ""
    return float(_decimal(f"{sign}{re.sub('[.,]', '', whole)}.{fraction}"))


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


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("not a number")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError("not a number") from None
    # Its exponent says how large it is; arithmetic on an absurd one would overflow.
    if not number.is_finite() or number.adjusted() >= 18:
        raise ValueError("not a number that Salesforce can hold")
    return number
