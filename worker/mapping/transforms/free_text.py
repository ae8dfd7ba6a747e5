"""Card numbers and SSNs out of free text. Floor 1, pure.

People say them and write them, and recordings are transcribed: digits stand together
or in groups. What touches letters or more digits, or is in a URL, is an identifier
and stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from worker.mapping.transforms.card_numbers import lengths_of, passes_luhn
from worker.mapping.transforms.digit_runs import (
    DASH,
    RUN,
    DigitChain,
    Span,
    chains_of,
    plain_may_have_number,
    plain_of,
    urls_of,
)
from worker.mapping.transforms.registry import text_of, transform

SSN_REMOVED = "[SSN removed]"
SSN_DIGITS = 9
_MARKS = f".,{DASH}"
_WORDS_BEFORE = 8
_CHARACTERS_BEFORE = 80
# No number is longer than this, however it is grouped, with the words before it.
_NEAR = 160
_NAMED = re.compile(
    r"\b(?:ssn(?! removed\])|s\.s\.n|ss ?#|social\b(?! (?:media|network|work)))",
    re.IGNORECASE,
)


def redact_text(text: str) -> str:
    """Return the text without card numbers and SSNs; the same object if it has none.

    It takes steps in proportion to the text's length, and few where it has few digits.
    """
    pieces: list[str] = []
    done = 0
    for (start, end), label in _numbers(text):
        pieces += (text[done:start], label)
        done = end
    return "".join((*pieces, text[done:])) if pieces else text


def whole_until(text: str, end: int) -> int:
    """Return the end, or the beginning of a card number or an SSN that it would cut.

    Half of one is not found any more, and says too much.
    """
    begin = max(0, end - _NEAR)
    for (start, behind), _label in _numbers(text[begin : end + _NEAR]):
        if start < end - begin < behind:
            return begin + start
    return end


def _numbers(text: str) -> Iterator[tuple[Span, str]]:
    """Yield where card numbers and SSNs are, in order, and what to put there."""
    if len(text) < SSN_DIGITS:
        return
    plain = plain_of(text)
    if not plain_may_have_number(plain):
        return
    urls = urls_of(plain) if "://" in plain else []
    for found in RUN.finditer(plain):
        for chain in chains_of(plain, found.span(), urls):
            yield from _removals(plain, chain)


@transform(
    ("card 4111 1111 1111 1111, thanks", "card [card ending 1111], thanks"),
    ("it is 4111, 1111, 1111, 1111.", "it is [card ending 1111]."),
    ("My SSN is 123-45-6789.", "My SSN is [SSN removed]."),
    ("my social is 123456789", "my social is [SSN removed]"),
    ("seguro social: 123 45 6789", "seguro social: [SSN removed]"),
    ("Reference 4111111111111112", "Reference 4111111111111112"),
    ("Routing number 123456789", "Routing number 123456789"),
    ("https://example.com/4111111111111111", "https://example.com/4111111111111111"),
    gives="text",
)
def redact(value: Any) -> str:
    """A text without card numbers and US social security numbers.

    A card number has 13 to 19 digits, in groups or not, a network's first digits and
    length, and passes the Luhn check. An SSN is written 123-45-6789, 123 45 6789 or
    123.45.6789; nine digits in other groups are one only a few words after SSN or
    social security. Digits, spaces and dashes of any script count. Parts of longer
    identifiers and of URLs stay, but for a URL's `card=`, `cc=`, `pan=` and `ssn=`.
    """
    return redact_text(text_of(value))


def _removals(text: str, chain: DigitChain) -> list[tuple[Span, str]]:
    """Return where card numbers and SSNs are, in order, and what to put there."""
    start = chain.groups[0][0]
    before = text[max(0, start - _CHARACTERS_BEFORE) : start]
    # Cards first: what they leave of the chain is looked at for SSNs.
    cards = [*_cards(chain)]
    return sorted((*cards, *_ssns(chain, before)))


def _cards(chain: DigitChain) -> Iterator[tuple[Span, str]]:
    at = 0
    while at < len(chain.groups):
        behind = _card_from(chain, at)
        if behind:
            span = chain.take(at, behind)
            end = chain.begins[behind] if behind < len(chain.groups) else None
            yield span, f"[card ending {chain.digits[:end][-4:]}]"
        at = behind or at + 1


def _card_from(chain: DigitChain, at: int) -> int:
    """Return the group behind the card number that begins here, or 0."""
    begin = chain.begins[at]
    for length in lengths_of(chain.digits[begin : begin + 4]):
        behind = chain.behind(at, length)
        if (
            behind
            and passes_luhn(chain.digits[begin : begin + length])
            and not chain.is_glued(at, ".,")
            and not chain.is_glued(behind, ".,")
            and _is_spelled_as_one(chain, at, behind)
        ):
            return behind
    return 0


def _is_spelled_as_one(chain: DigitChain, at: int, behind: int) -> bool:
    """Return whether groups with commas between them are no list of amounts."""
    if not chain.is_listed(at, behind):
        return True
    sizes = chain.sizes(at, behind)
    by_fours = {*sizes[:-1]} == {4}
    by_ones_or_twos = sizes[0] <= 2 and len({*sizes}) == 1
    return by_fours or by_ones_or_twos or sizes in ([4, 6, 5], [4, 6, 4])


def _ssns(chain: DigitChain, before: str) -> Iterator[tuple[Span, str]]:
    """Yield where SSNs are; `before` is the text before the chain."""
    at = 0
    while at < len(chain.groups):
        behind = chain.behind(at, SSN_DIGITS)
        digits = chain.digits[chain.begins[at] :][:SSN_DIGITS]
        if (
            behind
            and _is_ssn(digits)
            and not chain.is_glued(at, _MARKS)
            and not chain.is_glued(behind, _MARKS)
            and (
                _is_written_as_ssn(chain, at, behind)
                or (at == 0 and _names_ssn(before))
            )
        ):
            yield chain.take(at, behind), SSN_REMOVED
            at = behind
        else:
            at += 1


def _is_ssn(digits: str) -> bool:
    """Return whether area, group and serial are ones that are given out."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return (
        area not in ("000", "666")
        and area[0] != "9"
        and group != "00"
        and serial != "0000"
    )


def _is_written_as_ssn(chain: DigitChain, at: int, behind: int) -> bool:
    has_dots = {*chain.between[at + 1 : behind]} == {"."}
    is_one = has_dots or not chain.is_listed(at, behind)
    return is_one and chain.sizes(at, behind) == [3, 2, 4]


def _names_ssn(before: str) -> bool:
    """Return whether a text ends with an SSN's name, a few words and no number."""
    *_, gap = _NAMED.split(before)
    return (
        len(gap) < len(before)
        and len(gap.split()) <= _WORDS_BEFORE
        and not re.search("[0-9]", gap)
        and SSN_REMOVED not in gap
    )
