"""The CSV of Bulk API 2.0: cells to the row that the other writes take, and results.

An empty cell leaves the field as it is, `#N/A` empties it. `Account__r.Ext__c` is a
lookup by external id; `Contact:Who.Ext__c` one that says of which object.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from worker.localorg.messages import Answer, Problem, Refused
from worker.localorg.schema import SObject

Cells = list[str]
CSV_TYPE = "text/csv"
_NULL = "#N/A"
# A text field's cell may be longer than the csv module's own limit.
_MAX_CELL = 2**31 - 1
_LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


def read_csv(body: bytes, line_ending: str) -> tuple[list[str], list[Cells]]:
    """The columns and the rows; Refused with InvalidBatch if it is no such CSV."""
    csv.field_size_limit(_MAX_CELL)
    try:
        text = body.decode("utf-8-sig")
        table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise _invalid("Failed to parse CSV") from None
    head = text.partition("\n")[0]
    if head.endswith("\r") != (line_ending == "CRLF"):
        raise _invalid(f"LineEnding is invalid on user data. Expected {line_ending}")
    rows = [row for row in table[1:] if row]
    if not table or any(len(row) != len(table[0]) for row in rows):
        raise _invalid("Failed to parse CSV: a row has another number of fields")
    return table[0], rows


def unknown_columns(sobject: SObject, columns: Iterable[str]) -> list[str]:
    """The columns that are no field and no lookup of the object."""
    return [
        name
        for name in columns
        if not sobject.field(name)
        and not ("." in name and sobject.lookup(_path(name)[1]))
    ]


def row_of(sobject: SObject, columns: Sequence[str], cells: Cells) -> dict[str, Any]:
    """The row as JSON would have it, without the fields that stay as they are."""
    row: dict[str, Any] = {}
    for name, cell in zip(columns, cells, strict=True):
        if cell == "":
            continue
        if "." not in name:
            row[name] = None if cell == _NULL else _typed(sobject, name, cell)
            continue
        named, relationship, key = _path(name)
        nested = {"attributes": {"type": named}} if named else {}
        row[relationship] = None if cell == _NULL else nested | {key: cell}
    return row


def results_csv(columns: Sequence[str], rows: Iterable[Cells], ending: str) -> Answer:
    """An answer with these rows."""
    text = io.StringIO(newline="")
    writer = csv.writer(
        text, quoting=csv.QUOTE_ALL, lineterminator=_LINE_ENDINGS[ending]
    )
    writer.writerows([columns, *rows])
    return Answer(200, text.getvalue().encode(), CSV_TYPE)


def error_text(problem: Problem) -> str:
    """A row's problem as `sf__Error` has it."""
    fields = ", ".join(problem.fields or ())
    return f"{problem.code}:{problem.message}:{fields + ' ' if fields else ''}--"


def is_line_ending(name: Any) -> bool:
    """Whether a job may end its lines so."""
    return name in _LINE_ENDINGS


def _typed(sobject: SObject, name: str, cell: str) -> Any:
    field = sobject.field(name)
    flags = {"true": True, "1": True, "false": False, "0": False}
    is_flag = field is not None and field.type == "boolean"
    return flags.get(cell.lower(), cell) if is_flag else cell


def _path(column: str) -> tuple[str, str, str]:
    """Object (or nothing), relationship and field of a lookup's column."""
    path, _, key = column.partition(".")
    named, _, relationship = path.rpartition(":")
    return named, relationship, key


def _invalid(message: str) -> Refused:
    return Refused(Problem("InvalidBatch", message))
