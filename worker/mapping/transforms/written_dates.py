"""Dates as people write them, read by a pattern. Floor 1, pure."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Any

from worker.mapping.transforms.dates import moment_of
from worker.mapping.transforms.registry import Argument, transform

LONGEST_DATE = 60
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january ene enero",
            "feb february febrero",
            "mar march marzo",
            "apr april abr abril",
            "may mayo",
            "jun june junio",
            "jul july julio",
            "aug august ago agosto",
            "sep sept september set septiembre setiembre",
            "oct october octubre",
            "nov november noviembre",
            "dec december dic diciembre",
        ),
        start=1,
    )
    for name in names.split()
}
_TOKEN = re.compile(r"(YYYY|YY|MM|Mon|DD|[-/.]|\s+)")
_HALF_TOKEN = re.compile("(?!DD|MM|YY)[DMY]+")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ].*)?", re.ASCII)
_MONTH = "(?P<month>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\.?"
_READ = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<year>\d{2})",
    "MM": r"(?P<month>\d{1,2})",
    "Mon": _MONTH,
    "DD": r"(?P<day>\d{1,2})(?:st|nd|rd|th|\u00ba|\u00b0)?",
    "-": "[-/.]",
    "/": "[-/.]",
    ".": "[-/.]",
}
_FIXED = {"MM": r"(?P<month>\d{2})", "DD": r"(?P<day>\d{2})"}


@lru_cache(maxsize=256)
def compile_pattern(patterns: str) -> tuple[re.Pattern[str], ...]:
    """Return what reads the patterns, which stand apart by ` or `.

    Raises `ValueError` for one that has not a day, a month and a year once each.
    """
    return tuple(_compile_one(pattern) for pattern in patterns.split(" or "))


def _compile_one(pattern: str) -> re.Pattern[str]:
    pieces = [piece for piece in _TOKEN.split(pattern.strip()) if piece]
    wanted = [["DD"], ["MM", "Mon"], ["YYYY", "YY"]]
    odd = [piece for piece in pieces if _HALF_TOKEN.fullmatch(piece)]
    if odd or any(sum(map(pieces.count, names)) != 1 for names in wanted):
        raise ValueError(
            f"{pattern!r} has to have DD, MM or Mon, and YYYY or YY, once each"
        )
    # In `YYYYMMDD` nothing but their lengths tells the numbers apart.
    run_together = any(
        {left, right} <= {*_FIXED, "YYYY", "YY"} for left, right in pairwise(pieces)
    )
    read = {**_READ, **_FIXED} if run_together else _READ
    return re.compile(
        "".join(
            r"\s+" if piece.isspace() else read.get(piece, re.escape(piece))
            for piece in pieces
        ),
        re.IGNORECASE | re.ASCII,
    )


@transform(
    ("10/05/2026", "DD/MM/YYYY", "2026-05-10"),
    ("10-5-2026", "DD/MM/YYYY", "2026-05-10"),
    ("2026-05-10", "DD/MM/YYYY", "2026-05-10"),
    ("5/10/26", "MM/DD/YY", "2026-05-10"),
    ("May 10th, 2026", "Mon DD, YYYY", "2026-05-10"),
    ("10 de mayo de 2026", "DD/MM/YYYY or DD de Mon de YYYY", "2026-05-10"),
    ("20260510", "YYYYMMDD", "2026-05-10"),
    takes=("text",),
    gives="date",
    argument=Argument.TEXT,
    check=compile_pattern,
)
def parse_date(value: Any, patterns: str) -> str:
    """A date out of a vendor's or a person's text, by a pattern or several.

    DD is the day and MM the month, in one or two digits, YYYY the year, YY a year of
    this century, Mon a month's name in English or Spanish, whole or short. `/`, `-`
    and `.` stand for one another. Between patterns stands ` or `: the first that fits
    is used. What is already in ISO 8601 is taken as it is; what fits nothing is
    refused.
    """
    if not isinstance(value, str):
        raise ValueError("not a date")
    text = value.strip()
    if len(text) <= LONGEST_DATE:
        if _ISO.fullmatch(text):
            return moment_of(text).date().isoformat()
        for pattern in compile_pattern(patterns):
            if found := pattern.fullmatch(text):
                return _day(**found.groupdict()).isoformat()
    raise ValueError(f"not a date written as {patterns}")


def _day(year: str, month: str, day: str) -> date:
    number = MONTHS.get(month.casefold()) or int(month)
    try:
        return date(int(year) + 2000 * (len(year) == 2), number, int(day))
    except ValueError:
        raise ValueError("not a date of the calendar") from None
