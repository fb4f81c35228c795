from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bill_mcp.bank_days import (
    add_bank_days,
    bank_days_since,
    bank_holidays,
    central_day,
    is_bank_day,
    next_bank_day,
    next_bank_day_at,
)

DAYS = st.dates(date(2024, 1, 1), date(2032, 12, 31))


def test_bank_holidays_are_those_of_the_federal_reserve() -> None:
    # 4 July 2026 and 19 June 2027 are Saturdays: no weekday is free in their place.
    expected = {
        2026: "01-01 01-19 02-16 05-25 06-19 09-07 10-12 11-11 11-26 12-25",
        2027: "01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25",
    }
    for year, days in expected.items():
        found = sorted(day for day in bank_holidays(year) if day.weekday() < 5)
        assert " ".join(f"{day:%m-%d}" for day in found) == days
    assert not is_bank_day(date(2026, 11, 28))
    assert next_bank_day(date(2026, 11, 25)) == date(2026, 11, 27)


def test_days_are_central_in_winter_and_summer() -> None:
    assert central_day(datetime(2026, 11, 24, 5, 59, tzinfo=UTC)) == date(2026, 11, 23)
    assert central_day(datetime(2026, 11, 24, 6, 0, tzinfo=UTC)) == date(2026, 11, 24)
    assert central_day(datetime(2026, 7, 1, 4, 59, tzinfo=UTC)) == date(2026, 6, 30)
    assert central_day(datetime(2026, 7, 1, 5, 0, tzinfo=UTC)) == date(2026, 7, 1)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        # Late on Monday in Chicago it is Tuesday in London.
        (datetime(2026, 11, 24, 5, 59, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 11, 24, 6, 0, tzinfo=UTC), date(2026, 11, 25)),
        # Over Thanksgiving, and over a weekend.
        (datetime(2026, 11, 25, 18, 0, tzinfo=UTC), date(2026, 11, 27)),
        (datetime(2026, 11, 28, 18, 0, tzinfo=UTC), date(2026, 11, 30)),
    ],
)
def test_next_bank_day_is_reckoned_from_the_day_it_is_at_bill(
    moment: datetime, day: date
) -> None:
    assert next_bank_day_at(moment) == day


@pytest.mark.parametrize(
    ("day", "today", "count"),
    [
        (date(2026, 11, 23), date(2026, 11, 23), 0),
        (date(2026, 11, 23), date(2026, 11, 24), 1),
        (date(2026, 11, 25), date(2026, 11, 27), 1),  # Thanksgiving between
        (date(2026, 11, 27), date(2026, 11, 29), 0),  # a weekend
        (date(2026, 11, 27), date(2026, 11, 30), 1),
        (date(2026, 11, 24), date(2026, 11, 23), 0),  # BILL's clock goes before ours
    ],
)
def test_bank_days_are_counted_after_the_day_until_today(
    day: date, today: date, count: int
) -> None:
    assert bank_days_since(day, today) == count


@given(day=DAYS, count=st.integers(0, 40))
def test_counting_undoes_adding(day: date, count: int) -> None:
    later = add_bank_days(day, count)
    assert is_bank_day(later)
    assert bank_days_since(day, later) == count + (count == 0 and later != day)
    assert bank_days_since(day, later + timedelta(days=1)) >= count
