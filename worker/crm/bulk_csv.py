"""Records as the CSV of Bulk API 2.0, and the CSV of its results. Floor 2.

An empty cell leaves a field as it is and `#N/A` empties it, so that a text which is
itself `#N/A` cannot be said: `is_sayable` tells, and such a record goes another way.
Facts: the Bulk API 2.0 guide, read 2026-08.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PART_BYTES = 100_000_000
_BLOCK_BYTES = 65_536
# Errors repeat the value, and the csv module stops at 131,072 characters.
_MAX_CELL = 10_000_000
_NULL = "#N/A"
_NAMES = r"(?:[A-Za-z]\w*(?:, ?[A-Za-z]\w*)*)?"
_ERROR = re.compile(rf"(\w+):(.*?):({_NAMES}) ?--(?=\w+:|\s*\Z)", re.DOTALL)

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """The CSV of one job: `requests` takes its length, then sends it block by block.

    `digest` tells it from others. `records` begin at `start` of all.
    """

    start: int
    records: Sequence[Record] = field(repr=False)
    columns: tuple[str, ...]
    size: int
    digest: str = field(repr=False)

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        block = bytearray(_header(self.columns))
        for record in self.records:
            block += _line(self.columns, record)
            if len(block) >= _BLOCK_BYTES:
                yield bytes(block)
                block.clear()
        if block:
            yield bytes(block)


def is_sayable(record: Record) -> bool:
    """Return whether a CSV can hold the record just as it is."""
    return all(_is_sayable(name, value) for name, value in record.items())


def parts(records: Sequence[Record], most_bytes: int = PART_BYTES) -> list[Part]:
    """Return the jobs that the records take; their columns are those of any record."""
    columns = tuple(dict.fromkeys(name for record in records for name in _flat(record)))
    head = _header(columns)
    made: list[Part] = []
    start, size, digest = 0, len(head), hashlib.sha256(head)
    for index, record in enumerate(records):
        line = _line(columns, record)
        if index > start and size + len(line) > most_bytes:
            chosen = records[start:index]
            made.append(Part(start, chosen, columns, size, digest.hexdigest()))
            start, size, digest = index, len(head), hashlib.sha256(head)
        size += len(line)
        digest.update(line)
    if start < len(records):
        chosen = records[start:]
        made.append(Part(start, chosen, columns, size, digest.hexdigest()))
    return made


def has_column(record: Record, column: str) -> bool:
    """Return whether the record has something for a column."""
    return column in _flat(record)


def read_rows(blocks: Iterable[bytes]) -> Iterator[dict[str, str]]:
    """Return the rows of a results file as it arrives."""
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_CELL))
    return csv.DictReader(_lines(blocks), restval="", strict=True)


def read_error(text: str) -> tuple[str, str, tuple[str, ...]]:
    """Return code, message and fields of the first error in `sf__Error`."""
    found = _ERROR.match(text)
    if found is None:
        code, _, message = text.partition(":")
        return code.strip() or "UNKNOWN_EXCEPTION", message, ()
    code, message, names = found.groups()
    return code, message, tuple(n.strip() for n in names.split(",") if n.strip())


def _is_sayable(name: str, value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().upper() != _NULL and _is_unicode(value)
    if isinstance(value, Mapping):
        keys = [key for key in value if key != "attributes"]
        is_one = len(keys) == 1 and isinstance(value[keys[0]], str | int | float)
        return is_one and value[keys[0]] != "" and is_sayable({"": value[keys[0]]})
    # An emptied relationship does not say by which column.
    is_emptied_link = value is None and name.endswith("__r")
    return not is_emptied_link and isinstance(value, str | int | float | None)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _flat(record: Record) -> dict[str, Any]:
    """Return the record's values by column."""
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if not isinstance(value, Mapping):
            flat[name] = value
            continue
        named = value.get("attributes", {}).get("type")
        path = f"{named}:{name}" if named else name
        for key, inner in value.items():
            if key != "attributes":
                flat[f"{path}.{key}"] = inner
    return flat


def _header(columns: Iterable[str]) -> bytes:
    return (",".join(columns) + "\n").encode()


def _line(columns: Iterable[str], record: Record) -> bytes:
    flat = _flat(record)
    cells = [_cell(flat[name]) if name in flat else "" for name in columns]
    return (",".join(cells) + "\n").encode()


def _cell(value: Any) -> str:
    # Text without a character is null in Salesforce.
    if value is None or value == "":
        return _NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return '"' + text.replace('"', '""') + '"'


def _lines(blocks: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    rest = ""
    for block in blocks:
        *lines, rest = (rest + decoder.decode(block)).split("\n")
        yield from (line + "\n" for line in lines)
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest
