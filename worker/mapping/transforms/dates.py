"""Dates and moments. Floor 1, pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from worker.mapping.transforms.numbers import to_integer
from worker.mapping.transforms.registry import Argument, transform

_SECONDS = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
_IN_UTC = re.compile(rf"{_SECONDS}(?:\.[0-9]+)?Z")


@transform(
    ("2026-05-10", "2026-05-10"),
    ("2026-05-10T10:00:00Z", "2026-05-10"),
    ("2026-05-10T23:30:00-06:00", "2026-05-10"),
    takes=("text",),
    gives="date",
)
def to_date(value: Any) -> str:
    """A date as YYYY-MM-DD, from a date or date and time in ISO 8601.

    It is the day that is written, whatever the offset. For the day that it is
    somewhere else: `to_date_in`; for other ways to write dates: `parse_date`.
    """
    return day_of(value).isoformat()


@transform(
    ("2026-05-04T10:14:20.500Z", "2026-05-04T10:14:20Z"),
    ("2026-05-04T05:14:20-05:00", "2026-05-04T10:14:20Z"),
    takes=("text",),
    gives="datetime",
)
def to_datetime(value: Any) -> str:
    """A moment in UTC to the second, from ISO 8601; without an offset it is UTC."""
    moment = moment_of(value)
    if _IN_UTC.fullmatch(value):
        return f"{value[:19]}Z"
    return utc_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


@transform(
    (7, "2026-05-04", "2026-05-11"),
    (-1, "2026-05-04", "2026-05-03"),
    ("30", "2026-05-04T10:14:20Z", "2026-06-03"),
    takes=("number", "text"),
    gives="date",
    argument=Argument.PATH,
)
def days_after(value: Any, start: Any) -> str:
    """The date that many days after the date at the path.

    `next_business_day` after it moves a promise off a weekend.
    """
    days = to_integer(value)
    try:
        return (day_of(start) + timedelta(days=days)).isoformat()
    except OverflowError:
        raise ValueError("too many days") from None


def moment_of(value: Any) -> datetime:
    """Return the moment that a text writes in ISO 8601; a lone date is midnight UTC.

    Raises `ValueError`.
    """
    if not isinstance(value, str):
        raise ValueError("not a date")
    text = value.strip()
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("not a date in ISO 8601") from None


def day_of(value: Any) -> date:
    """Return the day that a text writes in ISO 8601. Raises `ValueError`."""
    if isinstance(value, str) and len(value) == 10:
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError("not a date in ISO 8601") from None
    return moment_of(value).date()


def utc_text(moment: datetime) -> str:
    """Return an aware moment as Salesforce reads it. Raises `ValueError`."""
    try:
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        raise ValueError("not a date of the calendar") from None
