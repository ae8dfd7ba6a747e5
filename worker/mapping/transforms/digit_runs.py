"""Digits in a text that may be one number, in groups or not. Floor 1, pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from worker.mapping.transforms.card_numbers import LONGEST

DASHES = "\u2010\u2011\u2012\u2013-"
# Nine digits at least. Possessive: no digit is looked at twice, whatever comes after.
RUN = re.compile(rf"[0-9](?:[ \u00a0.,{DASHES}]{{0,3}}+[0-9]){{8,}}+")
_GROUP = re.compile("[0-9]+")
_SPACED = re.compile(rf"[ \u00a0]{{1,3}}|[ \u00a0]?[{DASHES}][ \u00a0]?")
_LISTED = re.compile(r"[ \u00a0]?[.,][ \u00a0]?")
_URL_END = re.compile(r"[\s\"'<>{}|\\^`]|\Z")

Span = tuple[int, int]


@dataclass(slots=True)
class Group:
    """Digits that stand together.

    `is_free`: they touch no letter and are in no URL. `is_taken`: they are redacted.
    """

    start: int
    end: int
    digits: str
    is_free: bool = True
    is_taken: bool = False


class DigitRun:
    """A run of groups with little between them."""

    def __init__(self, text: str, start: int, end: int, urls: list[Span]) -> None:
        self.text = text
        self.start = start
        self.groups = [
            Group(found.start(), found.end(), found[0])
            for found in _GROUP.finditer(text, start, end)
        ]
        self._free(text[start - 1 : start], text[end : end + 1], urls)

    def windows(self, at: int) -> Iterator[tuple[int, str]]:
        """Yield each number that begins with this group: the group behind it, digits.

        None is longer than a card number.
        """
        digits = ""
        for behind in range(at, min(at + LONGEST, len(self.groups))):
            group = self.groups[behind]
            if not group.is_free or group.is_taken:
                return
            if behind > at and not (self.is_spaced(behind) or self.is_listed(behind)):
                return
            digits += group.digits
            if len(digits) > LONGEST:
                return
            yield behind + 1, digits

    def take(self, at: int, behind: int) -> Span:
        """Mark these groups as redacted, and return where they are."""
        for group in self.groups[at:behind]:
            group.is_taken = True
        return self.groups[at].start, self.groups[behind - 1].end

    def is_spaced(self, at: int) -> bool:
        """Return whether spaces or a dash are before this group."""
        return bool(_SPACED.fullmatch(self._before(at)))

    def is_listed(self, at: int) -> bool:
        """Return whether a comma or a full stop is before this group."""
        return bool(_LISTED.fullmatch(self._before(at)))

    def is_glued(self, at: int, marks: str) -> bool:
        """Return whether one of the marks, and no space, joins this group and the last.

        What is redacted joins nothing.
        """
        if not 0 < at < len(self.groups):
            return False
        if self.groups[at - 1].is_taken or self.groups[at].is_taken:
            return False
        between = self._before(at)
        return len(between) == 1 and between in marks

    def _before(self, at: int) -> str:
        return self.text[self.groups[at - 1].end : self.groups[at].start]

    def _free(self, before: str, after: str, urls: list[Span]) -> None:
        # A plus begins a phone number.
        if before.isalnum() or before == "+":
            self.groups[0].is_free = False
        if after.isalnum():
            self.groups[-1].is_free = False
        if urls:
            for group in self.groups:
                span = bisect_right(urls, (group.start, len(self.text))) - 1
                if span >= 0 and group.start < urls[span][1]:
                    group.is_free = False


def urls_of(text: str) -> list[Span]:
    """Return where the URLs are, from their `://` on, in order."""
    spans = []
    start = text.find("://")
    while start >= 0:
        found = _URL_END.search(text, start)
        end = found.start() if found else len(text)
        if text[start - 1 : start].isalnum():
            spans.append((start, end))
        start = text.find("://", max(end, start + 3))
    return spans
