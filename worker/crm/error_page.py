"""The error table as a page of Markdown. Floor 2."""

from __future__ import annotations

from collections.abc import Iterator

from worker.crm.error_kinds import ACTS, WHO, ErrorRow, Wait
from worker.crm.error_table import TABLE, UNKNOWN

_INTRODUCTION = """\
<!-- Made by `make docs` out of the code: what is changed here is lost. -->

# Salesforce's errors

What the worker makes of each, from top to bottom: the first row that fits counts.
`crm-sync errors` prints this page, and with a code only what concerns that code.

The code decides before the HTTP status, since one status holds both what a retry cures
and what it does not. `HTTP 503` and the like stand for answers whose code is not in the
table, or that have none; HTTP 300 is `MORE_THAN_ONE_RECORD`. An answer without a code,
such as a proxy's page, parks nothing. A code that is not here is parked under its own
name and is never tried again by itself."""
_HEAD = "| code | of a | text | what is done | wait | who acts | what to do |"
_RULE = "|---|---|---|---|---|---|---|"
_WAITS = {Wait.BACKOFF: "", Wait.MINUTES: "10 minutes", Wait.HOUR: "an hour"}
_NAMES = {
    "object": "*object*",
    "field": "*field*",
    "place": "*file:line*",
    "matches": " (*ids*)",
}


def page() -> str:
    """Return the whole page."""
    acts = [f"- `{act.name}`: {doc}" for act, doc in ACTS.items()]
    who = [f"- {who.value}: {doc}" for who, doc in WHO.items()]
    parts = [
        _INTRODUCTION,
        "## Codes",
        "\n".join([_HEAD, _RULE, *(_line(row) for row in (*TABLE, UNKNOWN))]),
        "Where no time stands, the wait begins with seconds and grows with each"
        " attempt. The hint of a record names the object, the field and the file and"
        " line of the mapping.",
        "## What is done",
        "\n".join(acts),
        "## Who acts",
        "\n".join(who),
    ]
    return "\n\n".join(parts) + "\n"


def lines_of(code: str) -> list[str]:
    """Return the lines of the table that speak of a code; none for an unknown one."""
    found = [row for row in TABLE if row.has(code)]
    return [_HEAD, _RULE, *map(_line, found)] if found else []


def _line(row: ErrorRow) -> str:
    return f"| {' | '.join(_cells(row))} |"


def _cells(row: ErrorRow) -> Iterator[str]:
    known = row is not UNKNOWN
    yield ", ".join(f"`{code}`" for code in row.codes) if known else "any other"
    yield row.where.value
    yield " or ".join(f'"{text}"' for text in row.says)
    yield f"`{row.act.name}`"
    yield _WAITS[row.wait]
    yield row.who.value
    yield row.hint.format(**_NAMES)
