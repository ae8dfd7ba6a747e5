"""Pages of Markdown as their readers see them: blocks, tables, headings, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAPPING = ROOT / "docs" / "mapping.md"
REFERENCE = ROOT / "docs" / "mapping-reference.md"
README = ROOT / "README.md"

_FENCE = "```"
_HEADING = re.compile(r"(#{1,6}) (.+)")
_CELL_END = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[[^\]]+\]\(([^)]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. `info` is what stands behind its fence."""

    info: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table; a cell is its Markdown."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Section:
    """What stands between two headings. `title` has those of higher levels too."""

    title: str
    parts: tuple[Block | Table, ...]
    prose: str

    @property
    def blocks(self) -> list[Block]:
        return [part for part in self.parts if isinstance(part, Block)]

    @property
    def tables(self) -> list[Table]:
        return [part for part in self.parts if isinstance(part, Table)]


@cache
def sections(path: Path) -> tuple[Section, ...]:
    """Return the sections of a page, in order."""
    return tuple(_sections(path.read_text(encoding="utf-8").splitlines()))


def section(path: Path, title: str) -> Section:
    (found,) = (each for each in sections(path) if each.title == title)
    return found


def anchors(path: Path) -> set[str]:
    """Return the addresses of a page's headings, as GitHub makes them."""
    titles = (each.title.rpartition(" / ")[2] for each in sections(path))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def links(path: Path) -> list[str]:
    return [link for each in sections(path) for link in _LINK.findall(each.prose)]


def code_spans(text: str) -> list[str]:
    """Return what stands between backticks."""
    return _CODE.findall(text)


def _sections(lines: list[str]) -> Iterator[Section]:
    titles: list[str] = []
    parts: list[Block | Table] = []
    prose: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        heading = _HEADING.fullmatch(line)
        if heading:
            yield Section(" / ".join(titles), tuple(parts), "\n".join(prose))
            titles = [*titles[: len(heading[1]) - 1], heading[2]]
            parts, prose = [], []
        elif line.startswith(_FENCE):
            end = lines.index(_FENCE, number + 1)
            text = "".join(f"{each}\n" for each in lines[number + 1 : end])
            parts.append(Block(line.removeprefix(_FENCE).strip(), text, number + 1))
            number = end
        elif line.startswith("|"):
            length = _length_of_table(lines[number:])
            parts.append(_table(lines[number : number + length], number + 1))
            prose += lines[number : number + length]
            number += length - 1
        else:
            prose.append(line)
        number += 1
    yield Section(" / ".join(titles), tuple(parts), "\n".join(prose))


def _length_of_table(lines: list[str]) -> int:
    others = (at for at, line in enumerate(lines) if not line.startswith("|"))
    return next(others, len(lines))


def _table(lines: list[str], number: int) -> Table:
    head, _rule, *rows = (_cells(line) for line in lines)
    return Table(head, tuple(rows), number)


def _cells(line: str) -> tuple[str, ...]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    cells = _CELL_END.split(inner)
    return tuple(cell.strip().replace("\\|", "|") for cell in cells)
