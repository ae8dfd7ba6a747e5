"""Changes of a file, as a page shows them: lines that go, come and stay."""

from __future__ import annotations

BETWEEN = "@@"


def changed(text: str, diff: str) -> str:
    """Return the text with every hunk of a diff in it; `@@` stands between two.

    A hunk's lines begin with `-`, `+` or a blank. What it goes by has to be there once.
    """
    lines = text.splitlines()
    for hunk in _hunks(diff.splitlines()):
        before, after = _side(hunk, "-"), _side(hunk, "+")
        length = len(before)
        found = [at for at in range(len(lines)) if lines[at : at + length] == before]
        assert len(found) == 1, f"{len(found)} times there: {before}"
        lines[found[0] : found[0] + length] = after
    return "".join(f"{line}\n" for line in lines)


def _hunks(lines: list[str]) -> list[list[str]]:
    hunks: list[list[str]] = [[]]
    for line in lines:
        if line == BETWEEN:
            hunks.append([])
        else:
            assert line[:1] in ("-", "+", " ", ""), f"no line of a diff: {line}"
            hunks[-1].append(line)
    return hunks


def _side(hunk: list[str], sign: str) -> list[str]:
    """Return the lines of one side."""
    return [line[1:] for line in hunk if line[:1] in (sign, " ", "")]
