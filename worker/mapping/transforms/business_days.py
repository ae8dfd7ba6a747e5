"""Days on which a bank or an office works. Floor 1, pure.

Facts: the public holidays of the `holidays` library. India's are of the whole country
only, and the library knows them for the years given here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from worker.mapping.findings import did_you_mean
from worker.mapping.transforms.dates import moment_of
from worker.mapping.transforms.registry import Argument, transform

YEARS = {
    "US": range(1990, 2101),
    "MX": range(1990, 2101),
    "IN": range(2001, 2036),
    "none": range(1990, 2101),
}
MOST_DAYS = 1000
_SATURDAY = 5


def check_calendar(calendar: str) -> None:
    """Raise `ValueError` for a calendar that there is not."""
    if calendar not in YEARS:
        known = ", ".join(YEARS)
        hint = did_you_mean(calendar, [*YEARS])
        raise ValueError(f"no calendar {calendar!r}{hint}; there are {known}")


def check_business_days(table: Mapping[str, str]) -> tuple[int, str]:
    """Return the number of days and the calendar. Raises `ValueError`."""
    for key in table:
        if key not in ("days", "calendar"):
            hint = did_you_mean(key, ["days", "calendar"])
            raise ValueError(f"unknown key {key!r}{hint}")
    days, calendar = table.get("days", ""), table.get("calendar", "")
    if not (days.isascii() and days.isdecimal() and len(days) <= 4):
        raise ValueError("days has to be a whole number")
    if int(days) > MOST_DAYS:
        raise ValueError(f"days has to be at most {MOST_DAYS}")
    check_calendar(calendar)
    return int(days), calendar


@transform(
    ("2026-05-09", "US", "2026-05-11"),
    ("2026-07-03", "US", "2026-07-06"),
    ("2026-05-11", "US", "2026-05-11"),
    ("2026-09-16", "MX", "2026-09-17"),
    ("2026-05-25", "none", "2026-05-25"),
    takes=("text",),
    gives="date",
    argument=Argument.TEXT,
    check=check_calendar,
)
def next_business_day(value: Any, calendar: str) -> str:
    """The date, or where it is no business day, the first one after it.

    Saturdays, Sundays and public holidays are none: the federal ones of the United
    States (US) with the days on which they are observed, those of Mexico (MX) or of
    all India (IN); with `none`, weekends alone. IN is known from 2001 to 2035, the
    others from 1990 to 2100; a date outside is refused.
    """
    check_calendar(calendar)
    return _from(moment_of(value).date(), calendar).isoformat()


@transform(
    ("2026-05-08", {"days": "1", "calendar": "US"}, "2026-05-11"),
    ("2026-07-02", {"days": "1", "calendar": "US"}, "2026-07-06"),
    ("2026-05-09", {"days": "1", "calendar": "none"}, "2026-05-11"),
    ("2026-05-09", {"days": "0", "calendar": "US"}, "2026-05-09"),
    takes=("text",),
    gives="date",
    argument=Argument.TABLE,
    check=check_business_days,
)
def add_business_days(value: Any, table: Mapping[str, str]) -> str:
    """The date that many business days later, by a calendar of `next_business_day`.

    0 days leave the date as it is, a holiday too.
    """
    days, calendar = check_business_days(table)
    day = moment_of(value).date()
    for _ in range(days):
        day = _from(_next(day), calendar)
    return day.isoformat()


def _from(day: date, calendar: str) -> date:
    while True:
        if day.year not in YEARS[calendar]:
            raise ValueError("no holidays are known for that year")
        if day.weekday() < _SATURDAY and day not in _holidays(calendar, day.year):
            return day
        day = _next(day)


def _next(day: date) -> date:
    try:
        return day + timedelta(days=1)
    except OverflowError:
        raise ValueError("not a date of the calendar") from None


@lru_cache(maxsize=512)
def _holidays(calendar: str, year: int) -> frozenset[date]:
    if calendar == "none":
        return frozenset()
    # Here, because the library takes a tenth of a second and few mappings need it.
    import holidays

    return frozenset(holidays.country_holidays(calendar, years=year))
