"""Which digits are a payment card's number. Floor 1, pure.

Facts: the networks' public ranges of first digits, and the Luhn check of ISO 7812.
"""

from __future__ import annotations

from bisect import bisect_right

# First and last four leading digits, and the lengths, the usual one first.
_NETWORKS: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (2200, 2204, (16, 17, 18, 19)),  # Mir
    (2221, 2720, (16,)),  # Mastercard
    (2869, 2869, (16,)),  # Carnet
    (3000, 3059, (14, 16)),  # Diners
    (3095, 3095, (14, 16)),
    (3400, 3499, (15,)),  # American Express
    (3528, 3589, (16, 17, 18, 19)),  # JCB
    (3600, 3699, (14, 16)),
    (3700, 3799, (15,)),
    (3800, 3999, (14, 16)),
    (4000, 4999, (16, 19, 13)),  # Visa
    (5000, 5099, (16, 19, 18, 17, 15, 14, 13)),  # Maestro, Carnet, Elo, RuPay
    (5100, 5599, (16,)),
    (5600, 5899, (16, 19, 18, 17, 15, 14, 13)),
    (6000, 6999, (16, 19, 18, 17)),  # Discover, UnionPay, RuPay, Elo, Maestro
    (8100, 8299, (16, 17, 18, 19)),  # UnionPay, RuPay
)
_FIRSTS = [first for first, _, _ in _NETWORKS]
_DOUBLED = str.maketrans("0123456789", "0246813579")


def lengths_of(digits: str) -> tuple[int, ...]:
    """Return how long a card number is that has these first four digits, likely first.

    It is empty where no network has them.
    """
    begin = int(digits)
    _, end, lengths = _NETWORKS[bisect_right(_FIRSTS, begin) - 1]
    return lengths if _FIRSTS[0] <= begin <= end else ()


def passes_luhn(digits: str) -> bool:
    """Return whether the last digit is the check digit of those before it."""
    doubled = digits[-2::-2].translate(_DOUBLED)
    return sum(map(int, digits[-1::-2] + doubled)) % 10 == 0
