"""Amounts of money as people and language models write them. Floor 1, pure."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Any

from worker.mapping.transforms.numbers import decimal_of, to_integer
from worker.mapping.transforms.registry import transform

LONGEST_AMOUNT = 60
CODES = [
    "USD",
    "MXN",
    "INR",
    "EUR",
    "GBP",
    "CAD",
    "ARS",
    "AUD",
    "BOB",
    "BRL",
    "BZD",
    "CHF",
    "CLP",
    "COP",
    "CRC",
    "DOP",
    "GTQ",
    "HNL",
    "JMD",
    "JPY",
    "NIO",
    "NZD",
    "PAB",
    "PEN",
    "PHP",
    "PYG",
    "TTD",
    "UYU",
    "VES",
]
# The ISO code of what is written, or None where several countries write so.
WRITTEN: dict[str, str | None] = {
    **{code.casefold(): code for code in CODES},
    **dict.fromkeys(("$", "¥", "rs", "rs.", "peso", "pesos", "dollar", "dollars")),
    **dict.fromkeys(("dólar", "dólares", "dolar", "dolares", "rupee", "rupees")),
    **dict.fromkeys(("us$", "u.s. dollars", "us dollars", "u$s"), "USD"),
    **dict.fromkeys(("dólares americanos", "dolares americanos"), "USD"),
    **dict.fromkeys(("mx$", "mex$", "pesos mexicanos", "m.n.", "mn"), "MXN"),
    **dict.fromkeys(("€", "euro", "euros"), "EUR"),
    **dict.fromkeys(("sol", "soles", "s/", "s/."), "PEN"),
    "₹": "INR",
    "£": "GBP",
    "r$": "BRL",
    "c$": None,
    "ca$": "CAD",
}
_CURRENCY = "|".join(re.escape(word) for word in sorted(WRITTEN, key=len, reverse=True))
_GROUPED = (
    r"[1-9]\d{0,2}(?:,\d{3})+"  # 1,200
    r"|[1-9]\d{0,2}(?:\.\d{3})+"  # 1.200
    r"|[1-9]\d{0,2}(?: \d{3})+"  # 1 200
    r"|[1-9]\d?(?:,\d{2})+,\d{3}"  # 1,00,000
)
_NUMBER = (
    r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?"  # 1,200.50
    r"|[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?"  # 1.200,50
    r"|[1-9]\d{0,2}(?: \d{3})+(?:[.,]\d{1,2})?"  # 1 200,50
    r"|[1-9]\d?(?:,\d{2})+,\d{3}(?:\.\d+)?"  # 1,00,000.50
    r"|\d+(?:\.\d+|,\d{1,2})?"
)
_MONEY = re.compile(
    rf"(?P<before>-)? ?(?P<front>(?:(?:{_CURRENCY}) ?){{0,2}})(?P<after>-)? ?"
    rf"(?P<number>{_NUMBER})(?: ?/-)?(?P<back>(?: ?(?:{_CURRENCY})){{0,2}})\.?",
    re.ASCII,
)
_WHOLE = re.compile("[0-9]{1,15}")
_ALL_GROUPED = re.compile(_GROUPED, re.ASCII)
_WORDS = re.compile(_CURRENCY)


@transform(
    ("1,200.50", 1200.5),
    ("$1200", 1200.0),
    ("MXN 1.200,50", 1200.5),
    ("US$ 1,200", 1200.0),
    ("1 200,50 €", 1200.5),
    ("$1.200.000", 1200000.0),
    ("1,200 dólares", 1200.0),
    ("$1,200.00 M.N.", 1200.0),
    ("1,00,000 rupees", 100000.0),
    ("Rs. 5000/-", 5000.0),
    ("-$5", -5.0),
    (1200, 1200.0),
    takes=("number", "text"),
    gives="number",
)
def to_money(value: Any) -> float:
    """One amount of money, with or without its currency, in the usual groupings.

    A lone separator before three digits groups thousands: `1.200` and `1,200` are
    1200, `0.500` is a half. Before one or two digits it is a decimal mark. Refused, so
    that a person looks: two amounts, or what may be two (`1 200` without a currency),
    a range, `3 mil`, `5k`, `50 cents`, an amount in brackets, `1,2000`, a currency
    that is not known.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(decimal_of(value))
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return float(value)
    found = _amount(value)
    digits = found["number"]
    whole, fraction = digits, "0"
    if not _ALL_GROUPED.fullmatch(digits):
        mark = max(digits.rfind("."), digits.rfind(","))
        if mark >= 0:
            whole, fraction = digits[:mark], digits[mark + 1 :]
    sign = "-" if found["before"] or found["after"] else ""
    return float(decimal_of(f"{sign}{re.sub('[., ]', '', whole)}.{fraction}"))


@transform(
    ("MXN 1200", "MXN"),
    ("US$ 1,200", "USD"),
    ("$1,200.00 M.N.", "MXN"),
    ("20 euros", "EUR"),
    ("$1200", None),
    (1200, None),
    takes=("number", "text"),
    gives="text",
)
def currency_of(value: Any) -> str | None:
    """The ISO code of the currency that an amount names.

    Null where it names none, or one that several countries have: `$`, pesos, dollars,
    rupees. What `to_money` refuses, this refuses.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return None
    found = _amount(value)
    words = _WORDS.findall(found["front"]) + _WORDS.findall(found["back"])
    codes = {WRITTEN[word] for word in words} - {None}
    if len(codes) > 1:
        raise ValueError("more than one currency")
    return next(iter(codes), None)


@transform(
    (12050, 120.5), ("99", 0.99), (0, 0.0), takes=("integer", "text"), gives="number"
)
def cents_to_amount(value: Any) -> float:
    """An amount that a vendor counts in cents; a fraction of a cent is refused."""
    return float(Decimal(to_integer(value)) / 100)


def _amount(value: Any) -> re.Match[str]:
    found = None
    if isinstance(value, str) and len(value) <= LONGEST_AMOUNT:
        text = unicodedata.normalize("NFC", value).replace("\u2212", "-")
        found = _MONEY.fullmatch(" ".join(text.split()).casefold())
    if found is None or _may_be_two(found):
        raise ValueError("not one amount of money")
    return found


def _may_be_two(found: re.Match[str]) -> bool:
    """Return whether a lone space may as well stand between two amounts."""
    parts = re.split("[ ,.]", found["number"])
    is_spaced = len(parts) == 2 and " " in found["number"]
    return is_spaced and not (found["front"] or found["back"])
