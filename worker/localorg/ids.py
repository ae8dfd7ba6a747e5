"""Record ids: 15 case-sensitive characters and a 3-character checksum of their case."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ID_PATTERN = re.compile(r"[0-9A-Za-z]{15}(?:[A-Za-z0-5]{3})?")

# Stands where an org has its instance's letters, so that a local id shows its origin.
_INSTANCE = "Lo"

STANDARD_PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "Lead": "00Q",
    "Task": "00T",
    "Event": "00U",
    "Case": "500",
}


def make_id(key_prefix: str, number: int) -> str:
    """The 18-character id of the `number`th record of an object."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    base = f"{key_prefix}{_INSTANCE}{digits:0>10}"
    return base + _suffix(base)


def normalise_id(text: str) -> str | None:
    """The canonical 18 characters of a 15- or 18-character id; None if it is neither.

    The case of an 18-character id is restored from its checksum.
    """
    if not _ID_PATTERN.fullmatch(text):
        return None
    if len(text) == 15:
        return text + _suffix(text)
    letters = []
    for index, letter in enumerate(text[:15]):
        bits = _SUFFIX_LETTERS.index(text[15 + index // 5].upper())
        is_upper = bits >> index % 5 & 1
        letters.append(letter.upper() if is_upper else letter.lower())
    return "".join(letters) + text[15:].upper()


def derive_prefix(object_name: str, *, custom: bool, taken: Collection[str]) -> str:
    """The key prefix of an object whose describe gives none, always the same one."""
    standard = STANDARD_PREFIXES.get(object_name)
    if standard is not None and standard not in taken:
        return standard
    seed = zlib.crc32(object_name.encode())
    for attempt in range(62 * 62):
        high, low = divmod((seed + attempt) % (62 * 62), 62)
        prefix = ("a" if custom else "0") + _BASE62[high] + _BASE62[low]
        if prefix not in taken and prefix not in STANDARD_PREFIXES.values():
            return prefix
    raise ValueError(f"no key prefix is left for {object_name}")


def _suffix(base: str) -> str:
    suffix = ""
    for start in (0, 5, 10):
        chunk = base[start : start + 5]
        bits = sum(1 << place for place, char in enumerate(chunk) if "A" <= char <= "Z")
        suffix += _SUFFIX_LETTERS[bits]
    return suffix
