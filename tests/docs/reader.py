"""A page read as its reader would: each block in order, tried out where it stands.

The word behind a fence's language says what a block is:

json payload      what a vendor sends
yaml mapping      a mapping, or the part of one that matters
yaml records      just the records that this payload makes by this mapping
yaml cases        cases of a test file, of the mapping above
diff PATH         what changes in a file; yaml file PATH, json file PATH: a new file
sh run, sh fails  commands that succeed, or whose last one does not
text output       what they print; `...` stands for anything
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.commands.running import Ended
from tests.delivery.harness import cora_call
from tests.docs.desk import LOAN, Desk
from tests.docs.examples import (
    Example,
    case_of,
    cases_in,
    differences_of,
    example,
    findings_of,
    writes_of,
)
from tests.docs.nothings import HEAD as NOTHINGS
from tests.docs.nothings import nothings_in
from tests.docs.pages import Block, Section, Table, code_spans
from tests.docs.papers import Papers
from tests.docs.rows import HEAD, rows_of
from worker.mapping.grammar import POLICIES

REPLACING = ("find", "replace with")
IN_SETUP = ("object", "field", "value to add")
# The calls that a page finds in the database, where it looks at past ones.
PAST = ("settle_today", "regular_plan", "settle_today")
OF_PAST_CALLS = re.compile(r"crm-sync (diff|events|explain \d)")


class Reader:
    """Reads sections that belong together; the folder is for what they change.

    Without a desk they get one of their own when they first change something.
    """

    def __init__(
        self, folder: Path, sections: list[Section], desk: Papers | None = None
    ) -> None:
        self._folder = folder
        self._sections = sections
        self._desk = desk
        self._payload = "{}"
        self._shown: Example | None = None
        self._ended: list[Ended] = []

    def read(self) -> None:
        """Try everything out. Fails at the first block that is not so."""
        for section in self._sections:
            for part in section.parts:
                try:
                    self._read(part)
                except Exception as error:
                    error.add_note(f"in line {part.line} of the page")
                    raise

    @property
    def desk(self) -> Papers:
        if self._desk is None:
            blocks = [block for each in self._sections for block in each.blocks]
            text = "".join(block.text for block in blocks)
            desk = self._desk = Desk(self._folder, with_loans=LOAN.stem in text)
            if OF_PAST_CALLS.search(text):
                desk.take(past_calls())
        return self._desk

    @property
    def shown(self) -> Example:
        assert self._shown is not None, "there is no mapping above"
        return self._shown

    def _read(self, part: Block | Table) -> None:
        if isinstance(part, Table):
            self._read_table(part)
            return
        language, _, word = part.info.partition(" ")
        match word.split():
            case ["payload"]:
                self._payload = part.text
            case ["mapping"]:
                self._shown = example(part.text)
                assert findings_of(self._shown) == []
            case ["records"]:
                case = case_of(self._payload, writes_of(self.shown, part.text))
                assert differences_of(self.shown, [case]) == []
            case ["cases"]:
                assert differences_of(self.shown, cases_in(part.text)) == []
            case ["run" | "fails" as end]:
                self._run(part.text, has_to_fail=end == "fails")
            case ["output"]:
                printed = "".join(ended.out + ended.err for ended in self._ended)
                assert is_shown(part.text, printed), printed
            case ["file", path]:
                self.desk.write(path, part.text)
            case [path] if language == "diff":
                self.desk.change(path, part.text)
            case _:
                raise AssertionError(f"a block of no known kind: {part.info!r}")

    def _read_table(self, table: Table) -> None:
        if table.head == HEAD:
            for row in rows_of(table):
                case = case_of(row.payload, writes_of(row.shown, row.record))
                assert findings_of(row.shown) == [], f"line {row.line}"
                assert differences_of(row.shown, [case]) == [], f"line {row.line}"
        elif table.head == REPLACING:
            for find, replace in table.rows:
                self.desk.replace(code_spans(find)[0], code_spans(replace)[0])
        elif table.head == IN_SETUP:
            assert isinstance(self.desk, Desk)
            for row in table.rows:
                self.desk.add_value(*(code_spans(cell)[0] for cell in row))
        else:
            assert table.head[0] == NOTHINGS, f"a table of no known kind: {table.head}"
            assert {*code_spans(" ".join(table.head))} == {*POLICIES}
            for cell in nothings_in(table):
                assert cell.is_so(), f"line {cell.line}: {cell.policy} {cell.payload}"

    def _run(self, text: str, *, has_to_fail: bool) -> None:
        self._ended = [self.desk.run(line) for line in text.splitlines()]
        *others, last = self._ended
        assert [ended for ended in others if ended.exit_code] == []
        assert bool(last.exit_code) is has_to_fail, last


def past_calls() -> list[dict[str, Any]]:
    """Return calls of a debtor whom the org has."""
    return [
        cora_call(
            f"call-{number}",
            createdAt=f"2026-05-0{number}T15:00:00.000Z",
            outcomes={"plan_type": plan, "promiseToPayDays": 7},
        )
        for number, plan in enumerate(PAST, 1)
    ]


def is_shown(shown: str, printed: str) -> bool:
    """Whether this was printed; `...` is any text, alone in its line any lines."""
    pattern = re.escape(shown)
    pattern = re.sub(r"(?m)^\\\.\\\.\\\.\\?\n", r"(?:.*\\n)*?", pattern)
    pattern = pattern.replace(r"\.\.\.", ".*?")
    return re.fullmatch(pattern, printed) is not None
