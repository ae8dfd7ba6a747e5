"""Digits in a text that may be one number, in groups or not. Floor 1, pure."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

DASH = "-"
# Nine digits at least. Possessive: no digit is looked at twice, whatever comes after.
RUN = re.compile(r"[0-9](?:[ .,-]{0,3}+[0-9]){8,}+")
# The same of the kinds of characters, with more that may stand between: to find where
# something begins that is one certain character is much quicker.
_LIKELY = re.compile(rb"0(?:s{0,3}+0){8,}+")
_KINDS = bytes(
    ord("0" if byte in b"0123456789" else "s" if byte in b" .,-" else "x")
    for byte in range(256)
)
_LENGTHS = frozenset({9, *range(13, 20)})
_GROUP = re.compile("[0-9]+")
_SPACED = re.compile(r" {1,3}| ?- ?")
_LISTED = re.compile(r" ?[.,] ?")
_URL_END = re.compile(r"[\s\"'<>{}|\\^`]|\Z")
# The parameters of a URL that are no identifiers.
_TELLING = re.compile(
    r"[?&;#](?:credit_?|debit_?)?(?:card|cc|pan|ssn)(?:_?(?:num(?:ber)?|no))?="
    r"([^&;#]*)",
    re.IGNORECASE,
)

_NAME = re.compile(r"(?<![^\W_])(?:card|cc|ssn)\Z", re.IGNORECASE)

Span = tuple[int, int]


class _Plain(dict[int, str]):
    """Digits, spaces and dashes of any script by those of ASCII, learnt as they come.

    What is not seen between two digits counts as a space.
    """

    def __missing__(self, code: int) -> str:
        character = chr(code)
        kind = unicodedata.category(character)
        if kind == "Nd":
            plain = str(unicodedata.decimal(character))
        elif kind in ("Zs", "Cf") or code == ord("\t"):
            plain = " "
        else:
            plain = DASH if kind == "Pd" or code == _MINUS else character
        self[code] = plain
        return plain


_MINUS = 0x2212
_PLAIN = _Plain()


def plain_of(text: str) -> str:
    """Return the text with ASCII's digits, spaces and dashes, each in its place."""
    if text.isascii():
        return text.replace("\t", " ")
    return text.translate(_PLAIN)


@dataclass(slots=True)
class DigitChain:
    """Groups of digits that may be parts of one number, in order.

    `between` is what stands before each group and behind the last one. `ends` says at
    which count of digits a group ends, and which group is the next then.
    """

    groups: list[Span] = field(default_factory=list)
    between: list[str] = field(default_factory=list)
    digits: str = ""
    begins: list[int] = field(default_factory=list)
    ends: dict[int, int] = field(default_factory=dict)
    taken: list[bool] = field(default_factory=list)

    def behind(self, at: int, length: int) -> int:
        """Return the group behind the number of that many digits from a group on.

        It is 0 where no group ends there, or some of it is taken already.
        """
        behind = self.ends.get(self.begins[at] + length, 0)
        return 0 if True in self.taken[at:behind] else behind

    def take(self, at: int, behind: int) -> Span:
        """Mark these groups as redacted, and return where they are."""
        self.taken[at:behind] = [True] * (behind - at)
        return self.groups[at][0], self.groups[behind - 1][1]

    def sizes(self, at: int, behind: int) -> list[int]:
        """Return how many digits each of these groups has."""
        return [end - start for start, end in self.groups[at:behind]]

    def is_listed(self, at: int, behind: int) -> bool:
        """Return whether a comma or a full stop stands between two of these groups."""
        return any(_LISTED.fullmatch(mark) for mark in self.between[at + 1 : behind])

    def is_glued(self, at: int, marks: str) -> bool:
        """Return whether one of the marks alone joins this group and the one before.

        What is redacted joins nothing.
        """
        return (
            self.between[at] in {*marks}
            and True not in self.taken[max(0, at - 1) : at + 1]
        )


def may_have_number(text: str) -> bool:
    """Return False for a text that surely has no card number and no SSN.

    That is much quicker than to look for them. Several texts can be asked about as one
    if they have line breaks between them.
    """
    return plain_may_have_number(plain_of(text))


def plain_may_have_number(plain: str) -> bool:
    """Return the same of a text that is plain already."""
    # What is not ASCII by then is no digit, no dash and no space.
    kinds = plain.encode("ascii", "replace").translate(_KINDS)
    runs = _LIKELY.findall(kinds)
    return bool(runs) and any(len(r) in _LENGTHS or b"s" in r for r in runs)


def chains_of(text: str, run: Span, urls: list[Span]) -> Iterator[DigitChain]:
    """Yield the chains of a run. A group that touches letters or is in a URL is none's.

    Neither is one after a plus, which begins a phone number. The letters of `card`,
    `cc` and `ssn` do not count.
    """
    spans = [found.span() for found in _GROUP.finditer(text, *run)]
    last, behind = run[0], text[run[1] : run[1] + 1]
    before = text[max(0, run[0] - 1) : run[0]]
    chain: list[tuple[str, Span]] = []
    for span in spans:
        mark, last = text[last : span[0]], span[1]
        if chain and not (_SPACED.fullmatch(mark) or _LISTED.fullmatch(mark)):
            yield _chain(text, chain, mark)
            chain = []
        is_free = not (
            (span[0] == run[0] and (before == "+" or _is_part(text, run[0])))
            or (span[1] == run[1] and behind.isalnum())
            or _is_inside(span[0], urls)
        )
        if is_free:
            chain.append((mark, span))
        elif chain:
            yield _chain(text, chain, mark)
            chain = []
    if chain:
        yield _chain(text, chain, "")


def _chain(text: str, parts: list[tuple[str, Span]], after: str) -> DigitChain:
    chain = DigitChain()
    chain.groups = [span for _, span in parts]
    chain.between = [*(mark for mark, _ in parts), after]
    chain.digits = "".join(text[start:end] for start, end in chain.groups)
    chain.taken = [False] * len(parts)
    count = 0
    for number, (start, end) in enumerate(chain.groups, start=1):
        chain.begins.append(count)
        count += end - start
        chain.ends[count] = number
    return chain


def urls_of(text: str) -> list[Span]:
    """Return where the URLs are, from their `://` on, in order.

    What a parameter such as `card=` says is not a part of them.
    """
    spans = []
    start = text.find("://")
    while start >= 0:
        found = _URL_END.search(text, start)
        end = found.start() if found else len(text)
        if text[start - 1 : start].isalnum():
            for told in _TELLING.finditer(text, start, end):
                spans.append((start, told.start(1)))
                start = told.end()
            spans.append((start, end))
        start = text.find("://", max(end, start + 3))
    return spans


def _is_part(text: str, at: int) -> bool:
    """Return whether letters stand right before, and not a name such as SSN."""
    before = text[max(0, at - 5) : at]
    return before[-1:].isalnum() and not _NAME.search(before)


def _is_inside(position: int, urls: list[Span]) -> bool:
    before = bisect_right(urls, (position, position)) - 1
    return before >= 0 and position < urls[before][1]
