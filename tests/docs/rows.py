"""Tables that show payload, mapping and record side by side, row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from tests.docs.examples import PARKED, Example, example
from tests.docs.pages import Table, code_spans

HEAD = ("payload", "mapping", "record")
SAME = "the same"
NOT_SENT = "not sent"
LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a payload makes a record, of which there is one field."""

    line: int
    payload: str
    shown: Example
    record: str


def rows_of(table: Table) -> Iterator[Row]:
    """Yield the rows; `the same` is what stands above."""
    mapping = ""
    for number, (payload, said, record) in enumerate(table.rows, table.line + 2):
        if said != SAME:
            (mapping,) = code_spans(said)
        yield Row(number, _payload(payload), example(mapping), _record(record, mapping))


def _payload(cell: str) -> str:
    """Return the payload of which a cell shows some keys, or says there are none."""
    spans = [span for span in code_spans(cell) if ":" in span]
    return "{" + ", ".join(spans) + "}"


def _record(cell: str, mapping: str) -> str:
    if cell.startswith(NOT_SENT):
        return ""
    if cell.startswith(LEFT_OUT):
        return PARKED
    (span,) = code_spans(cell)
    value = span if _is_json(span) else json.dumps(span)
    return f"{mapping.partition(':')[0]}: {value}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
