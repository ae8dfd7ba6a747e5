"""Numbers, money and yes or no. Floor 1, pure."""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from worker.mapping.transforms.registry import transform


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
