from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from tests.docs.pages import MAPPING, Section, sections
from tests.docs.reader import Reader

RECIPES = "Recipes"


def chapter_of(section: Section) -> str:
    """Return what a section belongs to: its chapter, or the recipe that it is."""
    _page, *titles = section.title.split(" / ")
    return " / ".join(titles[: 2 if titles[:1] == [RECIPES] else 1])


CHAPTERS = {
    title: list(members) for title, members in groupby(sections(MAPPING), chapter_of)
}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_what_the_page_shows_is_so(chapter: str, tmp_path: Path) -> None:
    Reader(tmp_path, CHAPTERS[chapter]).read()
