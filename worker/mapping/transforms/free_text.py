"""Card numbers and SSNs out of free text. Floor 1, pure.

People say them and write them, and recordings are transcribed: digits stand together
or in groups. What touches letters or more digits, or is in a URL, is an identifier
and stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from worker.mapping.transforms.card_numbers import (
    SHORTEST,
    lengths_of,
    passes_luhn,
)
from worker.mapping.transforms.digit_runs import DASHES, RUN, DigitRun, Span, urls_of
from worker.mapping.transforms.registry import text_of, transform

SSN_REMOVED = "[SSN removed]"
SSN_DIGITS = 9
_MARKS = f".,{DASHES}"
_WORDS_BEFORE = 8
_CHARACTERS_BEFORE = 80
_NAMED = re.compile(
    r"\b(?:ssn(?! removed\])|s\.s\.n|ss ?#|social\b(?! (?:media|network|work)))",
    re.IGNORECASE,
)


def redact_text(text: str) -> str:
    """Return the text without card numbers and SSNs; the same object if it has none.

    It takes steps in proportion to the text's length, and few where it has few digits.
    """
    if RUN.search(text) is None:
        return text
    urls = urls_of(text) if "://" in text else []
    pieces: list[str] = []
    done = 0
    for found in RUN.finditer(text):
        run = DigitRun(text, found.start(), found.end(), urls)
        # Cards first: what is left of the run is looked at for SSNs.
        removed = [*_cards(run), *_ssns(run)]
        for (start, end), label in sorted(removed):
            pieces += (text[done:start], label)
            done = end
    return "".join((*pieces, text[done:])) if pieces else text


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
    length, and passes the Luhn check. An SSN is written 123-45-6789 or 123 45 6789;
    nine digits in other groups are one only a few words after SSN or social security.
    Parts of longer identifiers and of URLs stay.
    """
    return redact_text(text_of(value))


def _cards(run: DigitRun) -> Iterator[tuple[Span, str]]:
    at = 0
    while at < len(run.groups):
        behind, ending = _card_from(run, at)
        if behind:
            yield run.take(at, behind), f"[card ending {ending}]"
        at = behind or at + 1


def _card_from(run: DigitRun, at: int) -> tuple[int, str]:
    """Return the group behind the card number that begins here and its end, or 0."""
    if run.is_glued(at, ".,"):
        return 0, ""
    windows = {len(digits): (behind, digits) for behind, digits in run.windows(at)}
    longest = max(windows, default=0)
    if longest < SHORTEST:
        return 0, ""
    for length in lengths_of(windows[longest][1]):
        behind, digits = windows.get(length, (0, ""))
        if (
            behind
            and passes_luhn(digits)
            and not run.is_glued(behind, ".,")
            and _is_spelled_as_one(run, at, behind)
        ):
            return behind, digits[-4:]
    return 0, ""


def _is_spelled_as_one(run: DigitRun, at: int, behind: int) -> bool:
    """Return whether groups with commas between them are no list of amounts."""
    if not any(run.is_listed(group) for group in range(at + 1, behind)):
        return True
    sizes = [len(group.digits) for group in run.groups[at:behind]]
    by_fours = {*sizes[:-1]} == {4} and sizes[-1] <= 4
    by_ones_or_twos = sizes[0] <= 2 and len({*sizes}) == 1
    return by_fours or by_ones_or_twos or sizes in ([4, 6, 5], [4, 6, 4])


def _ssns(run: DigitRun) -> Iterator[tuple[Span, str]]:
    at = 0
    while at < len(run.groups):
        behind = _ssn_from(run, at)
        if behind:
            yield run.take(at, behind), SSN_REMOVED
        at = behind or at + 1


def _ssn_from(run: DigitRun, at: int) -> int:
    """Return the group behind the SSN that begins here, or 0."""
    windows = {len(digits): (behind, digits) for behind, digits in run.windows(at)}
    behind, digits = windows.get(SSN_DIGITS, (0, ""))
    found = (
        behind
        and _is_ssn(digits)
        and not run.is_glued(at, _MARKS)
        and not run.is_glued(behind, _MARKS)
        and (_is_written_as_ssn(run, at, behind) or (at == 0 and _is_named(run)))
    )
    return behind if found else 0


def _is_ssn(digits: str) -> bool:
    """Return whether area, group and serial are ones that are given out."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return (
        area not in ("000", "666")
        and area[0] != "9"
        and group != "00"
        and serial != "0000"
    )


def _is_written_as_ssn(run: DigitRun, at: int, behind: int) -> bool:
    sizes = [len(group.digits) for group in run.groups[at:behind]]
    return sizes == [3, 2, 4] and run.is_spaced(at + 1) and run.is_spaced(at + 2)


def _is_named(run: DigitRun) -> bool:
    """Return whether an SSN was spoken of a few words before the run, and no number."""
    before = run.text[max(0, run.start - _CHARACTERS_BEFORE) : run.start]
    *_, gap = _NAMED.split(before)
    return (
        len(gap) < len(before)
        and len(gap.split()) <= _WORDS_BEFORE
        and not re.search("[0-9]", gap)
        and SSN_REMOVED not in gap
    )
