"""Lines of calls in a long text: each call's once, the newest first. Floor 3.

A line is `<day> <words> [<call id>]`. What stands between such lines is a person's, and
stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

# What Salesforce allows a long text area where nobody says less.
LONGEST_TEXT = 32_768
_PIECE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_OURS = re.compile(r"(\d{4}-\d\d-\d\d) .*\[[^\[\]]+\]\s*")


@dataclass(frozen=True, slots=True)
class Append:
    """The text of a field, and the lines of calls to put into it, oldest call first.

    `room` is the field's length in characters.
    """

    text: str
    lines: tuple[str, ...]
    room: int = LONGEST_TEXT

    def then(self, lines: Iterable[str]) -> Append:
        """Return the same with lines of later calls."""
        return replace(self, lines=(*self.lines, *lines))

    def result(self) -> str:
        """Return the text with the lines in it."""
        text = self.text
        for line in self.lines:
            text = with_line(text, line, self.room)
        return text


def call_mark(line: str) -> str:
    """Return the end of a line that names its call, such as `[call-1]`."""
    return line[max(0, line.rfind("[")) :]


def with_line(text: str, line: str, room: int) -> str:
    """Return the text with the line in the place of the same call's, or as the newest.

    Where it gets too long, whole lines of the oldest calls go. A person's words never
    do: what is then still too long is Salesforce's to refuse.
    """
    line = _cut(line, room)
    mark = call_mark(line)
    pieces = _PIECE.findall(text)
    for index, piece in enumerate(pieces):
        if piece.rstrip().endswith(mark):
            pieces[index] = line + piece[len(piece.rstrip("\r\n")) :]
            break
    else:
        _put_in(line, pieces)
    return _fitted(pieces, room)


def _put_in(line: str, pieces: list[str]) -> None:
    """Put the line on top, but below calls of later days."""
    for index, piece in enumerate(pieces):
        ours = _OURS.fullmatch(piece)
        if ours is None or ours[1] <= line[:10]:
            pieces.insert(index, line + "\n")
            return
    if pieces and not pieces[-1].endswith(("\r", "\n")):
        pieces[-1] += "\n"
    pieces.append(line)


def _fitted(pieces: list[str], room: int) -> str:
    """Return the text, without its oldest calls where it would not fit."""
    text = "".join(pieces)
    if _length(text) <= room:
        return text
    ours = [i for i, piece in enumerate(pieces) if _OURS.fullmatch(piece)]
    while _length(text) > room and len(ours) > 1:
        pieces[ours.pop()] = ""
        text = "".join(pieces).rstrip("\r\n")
    return text


def _length(text: str) -> int:
    """Return the length as Salesforce counts it: a line's end is two characters."""
    return len(text) + text.count("\n") - text.count("\r\n")


def _cut(line: str, room: int) -> str:
    """Return the line, cut where it is longer than the field, with its mark kept."""
    if len(line) <= room:
        return line
    mark = call_mark(line)
    words = line[: max(0, room - len(mark) - 2)].rstrip()
    return f"{words}… {mark}"[:room]
