"""Dates and moments. Floor 1, pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from worker.mapping.transforms.numbers import to_integer
from worker.mapping.transforms.registry import Argument, transform


@transform(("2026-05-10", "2026-05-10"), ("2026-05-10T10:00:00Z", "2026-05-10"))
def to_date(value: Any) -> str:
    """A date as YYYY-MM-DD, from a date or date and time in ISO 8601."""
    return _moment(value).date().isoformat()


@transform(
    ("2026-05-04T10:14:20.500Z", "2026-05-04T10:14:20Z"),
    ("2026-05-04T05:14:20-05:00", "2026-05-04T10:14:20Z"),
)
def to_datetime(value: Any) -> str:
    """A moment in UTC to the second, from ISO 8601; without an offset it is UTC."""
    moment = _moment(value)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        raise ValueError("not a date of the calendar") from None


@transform((7, "2026-05-04", "2026-05-11"), argument=Argument.PATH)
def days_after(value: Any, start: Any) -> str:
    """The date that many days after the date at the path."""
    days = to_integer(value)
    try:
        return (_moment(start).date() + timedelta(days=days)).isoformat()
    except OverflowError:
        raise ValueError("too many days") from None


def _moment(value: Any) -> datetime:
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
