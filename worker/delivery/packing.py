"""Rows to the fewest requests, those of one parent in one request. Floor 3.

Whoever writes a child locks its parent: two requests at once that write children of
one parent wait for each other, one request does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from worker.crm import MAX_TOGETHER
from worker.delivery.merging import Row

# Of the JSON body; Salesforce's own bound is higher, and a proxy's may be too.
MAX_REQUEST_BYTES = 6_000_000
# `{"allOrNone": false, "records": []}`, and each record's comma and `attributes`.
_BODY_BYTES = 40
_RECORD_BYTES = 40
# A part's own `method`, `url` and `referenceId`.
_PART_BYTES = 300


@dataclass(slots=True)
class _Box:
    rows: list[Row] = field(default_factory=list)
    used_bytes: int = _BODY_BYTES


def size_bytes(row: Row) -> int:
    """Return how many bytes a row takes in a request."""
    text = json.dumps(row.record(), default=str)
    return len(text) + len(row.object) + _RECORD_BYTES


def fits(row: Row, max_bytes: int) -> bool:
    """Return whether a row can be sent at all."""
    return size_bytes(row) + _BODY_BYTES <= max_bytes


def pack(
    rows: Sequence[Row], max_records: int, max_bytes: int = MAX_REQUEST_BYTES
) -> list[list[Row]]:
    """Return the rows of one object and key by request, sorted by parent.

    A parent's rows are parted only where more requests would be needed otherwise.
    """
    in_order = sorted(rows, key=lambda row: row.parent)
    # To size a row is to write it as JSON: once is enough.
    sizes = {id(row): size_bytes(row) for row in in_order}
    plain = list(_slices(in_order, sizes, max_records, max_bytes))
    if len(plain) == 1:
        return plain
    whole = _families(in_order, sizes, max_records, max_bytes)
    return whole if len(whole) <= len(plain) else plain


def together(
    parts: Sequence[list[Row]], max_records: int, max_bytes: int = MAX_REQUEST_BYTES
) -> list[list[list[Row]]]:
    """Return which parts go in one request: no more records than one alone may have.

    A part that is left alone is not among them.
    """
    groups: list[list[list[Row]]] = []
    records = used = 0
    for part in parts:
        size = sum(map(size_bytes, part))
        fits_in = groups and len(groups[-1]) < MAX_TOGETHER
        if (
            not fits_in
            or records + len(part) > max_records
            or used + size > max_bytes - MAX_TOGETHER * _PART_BYTES
        ):
            groups.append([])
            records = used = 0
        groups[-1].append(part)
        records += len(part)
        used += size
    return [group for group in groups if len(group) > 1]


def _slices(
    rows: Sequence[Row], sizes: Mapping[int, int], max_records: int, max_bytes: int
) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    used = _BODY_BYTES
    for row in rows:
        size = sizes[id(row)]
        if chunk and (len(chunk) == max_records or used + size > max_bytes):
            yield chunk
            chunk, used = [], _BODY_BYTES
        chunk.append(row)
        used += size
    if chunk:
        yield chunk


def _families(
    rows: Sequence[Row], sizes: Mapping[int, int], max_records: int, max_bytes: int
) -> list[list[Row]]:
    """Put the largest families first, each where it fits; an orphan is one alone."""
    families: dict[tuple[str, int], list[Row]] = {}
    for number, row in enumerate(rows):
        families.setdefault((row.parent, 0 if row.parent else number), []).append(row)
    boxes: list[_Box] = []
    for family in sorted(families.values(), key=len, reverse=True):
        for part in _slices(family, sizes, max_records, max_bytes):
            size = sum(sizes[id(row)] for row in part)
            box = next(
                (
                    box
                    for box in boxes
                    if len(box.rows) + len(part) <= max_records
                    and box.used_bytes + size <= max_bytes
                ),
                None,
            )
            if box is None:
                box = _Box()
                boxes.append(box)
            box.rows.extend(part)
            box.used_bytes += size
    return [sorted(box.rows, key=lambda row: row.parent) for box in boxes]
