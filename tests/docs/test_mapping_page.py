from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest
import typer.main

from tests.docs.examples import case_of, differences_of, writes_of
from tests.docs.pages import (
    MAPPING,
    README,
    REFERENCE,
    Section,
    anchors,
    code_spans,
    links,
    section,
    sections,
)
from tests.docs.reader import Reader
from tests.docs.rows import HEAD, rows_of
from worker.cli import make_app

RECIPES = "Recipes"
PAGES = [MAPPING, REFERENCE, README]


def chapter_of(part: Section) -> str:
    """Return what a section belongs to: its chapter, or the recipe that it is."""
    _page, *titles = part.title.split(" / ")
    return " / ".join(titles[: 2 if titles[:1] == [RECIPES] else 1])


CHAPTERS = {
    title: list(members) for title, members in groupby(sections(MAPPING), chapter_of)
}


# tests/e2e/mapping_change.py follows it, in front of running processes.
FOLLOWED = "The way of a change"


@pytest.mark.parametrize("chapter", sorted(CHAPTERS.keys() - {FOLLOWED}))
def test_what_the_page_shows_is_so(chapter: str, tmp_path: Path) -> None:
    Reader(tmp_path, CHAPTERS[chapter]).read()


def test_no_block_is_hidden_from_these_tests() -> None:
    text = MAPPING.read_text(encoding="utf-8")
    blocks = sum(len(part.blocks) for part in sections(MAPPING))
    tables = sum(len(part.tables) for part in sections(MAPPING))

    assert blocks > 60
    assert text.count("```") == 2 * blocks
    assert text.count("\n|---") == tables
    assert "\n    " not in "".join(f"\n{part.prose}" for part in sections(MAPPING))


def test_the_page_says_one_sentence_a_line() -> None:
    prose = [line for part in sections(MAPPING) for line in part.prose.splitlines()]
    several = [line for line in prose if ". " in line and not line.startswith("|")]

    assert several == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page

        assert target.is_file(), link
        assert not anchor or anchor in anchors(target), link


def test_every_command_that_the_page_names_is_one() -> None:
    root = typer.main.get_command(make_app())
    for part in sections(MAPPING):
        for span in code_spans(part.prose):
            program, *words = span.split()
            if program == "crm-sync":
                command = root.commands[words[0]]  # type: ignore[attr-defined]
                options = {each for known in command.params for each in known.opts}

                assert {word for word in words if word[:2] == "--"} <= options, span


def test_the_rows_of_the_readme_are_so() -> None:
    (table,) = (
        each
        for each in section(README, "crm-sync / Change a mapping").tables
        if each.head == HEAD
    )
    rows = list(rows_of(table))

    assert rows
    for row in rows:
        case = case_of(row.payload, writes_of(row.shown, row.record))
        assert differences_of(row.shown, [case]) == [], f"line {row.line}"
