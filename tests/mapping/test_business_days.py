from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.mapping.transforms import TRANSFORMS
from worker.mapping.transforms.business_days import YEARS

following = TRANSFORMS["next_business_day"].run
adding = TRANSFORMS["add_business_days"].run
quick = settings(derandomize=True, max_examples=60, deadline=None, database=None)
DAYS = st.dates(date(2001, 1, 1), date(2035, 6, 30))
CALENDARS = st.sampled_from([*YEARS])


@pytest.mark.parametrize(
    ("day", "calendar", "expected"),
    [
        ("2026-05-25", "US", "2026-05-26"),  # Memorial Day
        ("2026-11-26", "US", "2026-11-27"),  # Thanksgiving
        ("2021-12-31", "US", "2022-01-03"),  # New Year's Day, observed a year early
        ("2026-02-02", "MX", "2026-02-03"),  # Constitution Day
        ("2026-07-03", "MX", "2026-07-03"),
        ("2026-01-26", "IN", "2026-01-27"),  # Republic Day
        ("2026-12-25", "none", "2026-12-25"),
        ("2026-05-09T22:00:00-05:00", "US", "2026-05-11"),
    ],
)
def test_a_holiday_and_a_weekend_are_passed_over(
    day: str, calendar: str, expected: str
) -> None:
    assert expected == following(day, calendar)


@pytest.mark.parametrize(
    ("day", "days", "expected"),
    [
        ("2026-05-08", "5", "2026-05-15"),
        ("2026-05-22", "1", "2026-05-26"),  # over Memorial Day
        ("2026-05-23", "1", "2026-05-26"),  # a Saturday counts for nothing
        ("2026-12-24", "2", "2026-12-29"),
    ],
)
def test_business_days_are_counted_from_the_next_one(
    day: str, days: str, expected: str
) -> None:
    assert expected == adding(day, {"days": days, "calendar": "US"})


@quick
@given(day=DAYS, calendar=CALENDARS)
def test_the_next_business_day_is_itself_one_and_not_far(
    day: date, calendar: str
) -> None:
    found = following(day.isoformat(), calendar)

    assert found == following(found, calendar)
    assert timedelta(0) <= date.fromisoformat(found) - day <= timedelta(days=7)


@quick
@given(day=DAYS, calendar=CALENDARS, first=st.integers(1, 9), more=st.integers(0, 9))
def test_days_added_in_two_steps_are_days_added_in_one(
    day: date, calendar: str, first: int, more: int
) -> None:
    def add(start: str, days: int) -> str:
        return str(adding(start, {"days": str(days), "calendar": calendar}))

    assert add(day.isoformat(), first + more) == add(add(day.isoformat(), first), more)


@pytest.mark.parametrize(
    ("day", "calendar"),
    [("2036-01-02", "IN"), ("1989-06-01", "US"), ("2100-12-31", "none")],
)
def test_a_year_without_known_holidays_is_refused(day: str, calendar: str) -> None:
    with pytest.raises(ValueError, match=r"^no holidays are known for that year$"):
        adding(day, {"days": "1", "calendar": calendar})


def test_holidays_are_loaded_when_they_are_needed_and_not_before() -> None:
    code = "import sys, worker.mapping.transforms; sys.exit('holidays' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
