"""Moments in the time zone of an office or a debtor. Floor 1, pure."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from worker.mapping.findings import did_you_mean
from worker.mapping.transforms.dates import moment_of, utc_text
from worker.mapping.transforms.registry import Argument, transform

_NAME = re.compile(r"UTC|(?!posix/|right/)[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+")
_LONE_DATE = 10


def zone_of(name: str) -> ZoneInfo:
    """Return the zone of that name in the IANA database. Raises `ValueError`."""
    if _NAME.fullmatch(name):
        try:
            return ZoneInfo(name)
        except (LookupError, OSError, ValueError):
            pass
    hint = did_you_mean(name, sorted(available_timezones()))
    raise ValueError(f"no time zone {name!r}{hint}")


@transform(
    ("2026-05-05T03:30:00Z", "America/Chicago", "2026-05-04"),
    ("2026-05-04T23:30:00", "America/Chicago", "2026-05-04"),
    ("2026-05-04", "America/Chicago", "2026-05-04"),
    ("2026-05-04T23:30:00-05:00", "Asia/Kolkata", "2026-05-05"),
    takes=("text",),
    gives="date",
    argument=Argument.TEXT,
    check=zone_of,
)
def to_date_in(value: Any, zone: str) -> str:
    """The calendar day that a moment is in the zone.

    A lone date stays as it is, and so does the day of a moment without an offset: it
    is taken as local. Where a vendor means UTC by it, put `to_datetime` before.
    """
    place = zone_of(zone)
    moment = moment_of(value)
    if moment.tzinfo is None or _is_lone_date(value):
        return moment.date().isoformat()
    try:
        return moment.astimezone(place).date().isoformat()
    except OverflowError:
        raise ValueError("not a date of the calendar") from None


@transform(
    ("2026-05-04 10:00", "America/Chicago", "2026-05-04T15:00:00Z"),
    ("2026-01-04T10:00:00", "America/Chicago", "2026-01-04T16:00:00Z"),
    ("2026-05-04T10:00:00Z", "America/Chicago", "2026-05-04T10:00:00Z"),
    ("2026-05-04", "America/Chicago", "2026-05-04T05:00:00Z"),
    ("2026-03-08T02:30:00", "America/Chicago", "2026-03-08T08:30:00Z"),
    ("2026-11-01T01:30:00", "America/Chicago", "2026-11-01T06:30:00Z"),
    takes=("text",),
    gives="datetime",
    argument=Argument.TEXT,
    check=zone_of,
)
def to_datetime_in(value: Any, zone: str) -> str:
    """A moment in UTC; one that is written without an offset is local to the zone.

    A lone date is its midnight there. A time that the clocks skip in spring is read as
    an hour later, one that they repeat in autumn as the first of the two.
    """
    place = zone_of(zone)
    moment = moment_of(value)
    if moment.tzinfo is None or _is_lone_date(value):
        moment = moment.replace(tzinfo=place, fold=0)
    return utc_text(moment)


def _is_lone_date(value: str) -> bool:
    return len(value.strip()) == _LONE_DATE
