"""Changes of a file, as a page shows them: lines that go, come and stay."""

from __future__ import annotations

BETWEEN = "@@"


def changed(text: str, diff: str) -> str:
    """Return the text with every hunk of a diff in it; `@@` stands between two.

    A hunk's lines begin with `-`, `+` or a blank. What it goes by has to be there once.
    """
    text = f"\n{text}"
    for hunk in _hunks(diff.splitlines()):
        before = f"\n{_lines(hunk, '-')}"
        assert text.count(before) == 1, f"{text.count(before)} times there:{before}"
        text = text.replace(before, f"\n{_lines(hunk, '+')}")
    return text[1:]


def _hunks(lines: list[str]) -> list[list[str]]:
    hunks: list[list[str]] = [[]]
    for line in lines:
        if line == BETWEEN:
            hunks.append([])
        else:
            assert line[:1] in ("-", "+", " ", ""), f"no line of a diff: {line}"
            hunks[-1].append(line)
    return hunks


def _lines(hunk: list[str], sign: str) -> str:
    """Return the lines of one side."""
    kept = (line[1:] for line in hunk if line[:1] in (sign, " ", ""))
    return "".join(f"{line}\n" for line in kept)
