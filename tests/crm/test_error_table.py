"""The error table is whole: all of it has a case, and all is in the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.commands.running import crm_sync
from tests.crm.error_cases import ANSWERS, EVERYWHERE, LOGINS, ROWS_ONLY
from worker.crm.error_bodies import request_error
from worker.crm.error_kinds import ACTS, WHO, Act, ErrorRow, Wait, Where, Who
from worker.crm.error_table import TABLE, find_row

PAGE = Path(__file__).parents[2] / "docs" / "salesforce-errors.md"


def covered() -> Iterator[tuple[ErrorRow, Where, str, str]]:
    """Yield which row each case is of, and of it the code and the text."""
    for case in [*EVERYWHERE, *ROWS_ONLY]:
        yield from of_row(case.code, case.message, Where.ROW)
    for case in EVERYWHERE:
        yield from of_row(case.code, case.message, Where.REQUEST)
    for answers, where in ((ANSWERS, Where.REQUEST), (LOGINS, Where.LOGIN)):
        for answer in answers:
            said = request_error(answer.status, answer.body)
            for code in (said.code, f"HTTP {answer.status}", answer.code):
                yield from of_row(code, said.message, where)


def of_row(
    code: str, message: str, where: Where
) -> Iterator[tuple[ErrorRow, Where, str, str]]:
    row = find_row(code, message, where)
    if row is not None:
        (own,) = [c for c in row.codes if replace(row, codes=(c,)).has(code)]
        yield row, where, own, row.found_in(message) or ""


def test_every_code_and_text_of_the_table_has_a_case() -> None:
    # What no answer of an org's brings about has a test of its own above.
    others = {"no answer: *", "timeout", "INVALID_JSON"}
    seen = set(covered())
    both = (Where.ROW, Where.REQUEST)

    missing = [
        (where.value, code, text)
        for row in TABLE
        for where in (both if row.where is Where.BOTH else (row.where,))
        for code in row.codes
        for text in row.says or ("",)
        if (row, where, code, text) not in seen and code not in others
    ]

    assert missing == []


def test_every_hint_can_be_filled() -> None:
    names = {"object": "O", "field": "F", "place": "P", "matches": ""}

    assert [row.codes for row in TABLE if not row.hint.format(**names)] == []


def test_no_row_of_a_record_holds_up_the_others() -> None:
    assert [
        row.codes
        for row in TABLE
        if row.where in (Where.ROW, Where.BOTH) and row.wait is not Wait.BACKOFF
    ] == []


def test_every_act_and_everybody_is_described() -> None:
    assert (set(ACTS), set(WHO)) == (set(Act), set(Who))


def test_the_page_is_what_the_command_prints() -> None:
    printed = crm_sync("errors")

    assert printed.exit_code == 0
    text = PAGE.read_text(encoding="utf-8")
    assert printed.out == text, "docs/salesforce-errors.md is stale: run `make docs`"


@pytest.mark.parametrize(
    ("code", "lines"),
    [("STRING_TOO_LONG", 1), ("INVALID_FIELD", 2), ("TXN_SECURITY_ANYTHING", 1)],
)
def test_the_command_prints_what_a_code_means(code: str, lines: int) -> None:
    printed = crm_sync("errors", code)

    assert printed.exit_code == 0
    head, rule, *rows = printed.out.splitlines()
    assert (len(rows), rule) == (lines, "|---|---|---|---|---|---|---|")
    assert {row.count("|") for row in rows} == {head.count("|")}


def test_the_command_says_what_becomes_of_a_code_that_it_does_not_know() -> None:
    printed = crm_sync("errors", "NEVER_SEEN_BEFORE")

    assert (printed.exit_code, printed.out) == (1, "")
    assert "parked under its own name" in printed.err
