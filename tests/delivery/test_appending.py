"""Lines of calls in a long text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.delivery.appending import Append, with_line

ROOM = 32_768


def line(day: str, words: str, call: str) -> str:
    return f"2026-05-{day} {words} [{call}]"


FIRST = line("01", "first", "call-1")
SECOND = line("02", "second", "call-2")
THIRD = line("03", "third", "call-3")


@pytest.mark.parametrize("text", ["", FIRST])
def test_the_newest_line_is_the_first(text: str) -> None:
    assert with_line(text, SECOND, ROOM) == "\n".join(filter(None, [SECOND, text]))


def test_a_line_that_is_there_stays_there_once() -> None:
    text = f"{SECOND}\n{FIRST}"

    assert with_line(text, FIRST, ROOM) == text


def test_another_line_of_the_same_call_takes_its_place() -> None:
    revised = line("01", "first, as heard again", "call-1")

    changed = with_line(f"{SECOND}\n{FIRST}\nA note.", revised, ROOM)

    assert changed == f"{SECOND}\n{revised}\nA note."


def test_a_call_whose_id_ends_like_anothers_is_another() -> None:
    text = line("01", "first", "1")

    assert with_line(text, line("02", "second", "11"), ROOM).count("\n") == 1


def test_an_older_call_that_comes_late_stands_below_the_newer_ones() -> None:
    text = f"{THIRD}\n{FIRST}"

    assert with_line(text, SECOND, ROOM) == f"{THIRD}\n{SECOND}\n{FIRST}"
    assert with_line(THIRD, FIRST, ROOM) == f"{THIRD}\n{FIRST}"


def test_calls_of_one_day_stand_as_they_came() -> None:
    text = line("03", "in the morning", "call-9")

    assert with_line(text, THIRD, ROOM) == f"{THIRD}\n{text}"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_a_person_wrote_stays_as_it_is(end: str) -> None:
    note = f"  Prefers mornings.{end}{end}Ask for the  elder one [see file]{end}"
    text = f"{note}{FIRST}{end}Ends here. "

    changed = with_line(text, SECOND, ROOM)

    assert changed == f"{SECOND}\n{text}"


def test_a_line_that_a_person_wrote_on_is_a_persons_line() -> None:
    text = f"{FIRST} called back myself"

    assert with_line(text, FIRST, ROOM) == f"{FIRST}\n{text}"


def test_the_oldest_lines_go_whole_where_there_is_no_room() -> None:
    note = "A note of a person."
    room = len(f"{THIRD}\n{SECOND}\n{note}") + 2

    changed = with_line(f"{SECOND}\n{note}\n{FIRST}", THIRD, room)

    assert changed == f"{THIRD}\n{SECOND}\n{note}"


def test_no_word_of_a_person_is_dropped_for_room() -> None:
    note = "x" * 100

    changed = with_line(note, FIRST, 100)

    assert changed == f"{FIRST}\n{note}"


def test_a_line_longer_than_the_field_is_cut_and_still_names_its_call() -> None:
    long = line("03", "word " * 100, "call-3")

    changed = with_line(SECOND, long, 60)

    assert len(changed) <= 60
    assert changed.startswith("2026-05-03 word word")
    assert changed.endswith("… [call-3]")
    assert with_line(changed, long, 60) == changed


def test_a_call_older_than_all_that_fit_is_the_one_that_goes() -> None:
    text = f"{THIRD}\n{SECOND}"

    assert with_line(text, FIRST, len(text) + 2) == text


def test_several_lines_go_in_in_order() -> None:
    append = Append("A note.", (FIRST,)).then([SECOND, THIRD])

    assert append.result() == f"{THIRD}\n{SECOND}\n{FIRST}\nA note."


DAYS = st.integers(1, 28).map(lambda day: f"{day:02d}")
CALLS = st.integers(1, 5).map(lambda number: f"call-{number}")
WORDS = st.text(st.characters(exclude_characters="\r\n[]"), min_size=1, max_size=80)
LINES = st.lists(st.builds(line, DAYS, WORDS, CALLS), max_size=12)


@given(lines=LINES, room=st.integers(40, 400))
def test_whatever_comes_each_call_has_one_line_and_all_fits(
    lines: list[str], room: int
) -> None:
    text = ""
    for new in lines:
        text = with_line(text, new, room)

    marks = [part[part.rfind("[") :] for part in text.split("\n") if part]
    assert len(set(marks)) == len(marks)
    assert len(text) <= room


@given(
    lines=LINES.filter(bool),
    note=st.text(st.characters(categories=["L", "P", "Zs"]), max_size=60),
)
def test_putting_a_line_in_again_changes_nothing(lines: list[str], note: str) -> None:
    text = Append(note, tuple(lines)).result()

    assert with_line(text, lines[-1], ROOM) == text
