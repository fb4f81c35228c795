"""The days on which US banks work, and the days as BILL reckons them (US Central)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache

MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6
STANDARD_OFFSET = timedelta(hours=-6)
SUMMER_OFFSET = timedelta(hours=-5)


def central_day(moment: datetime) -> date:
    """Return the calendar day that it is in US Central time."""
    standard = (moment.astimezone(UTC) + STANDARD_OFFSET).date()
    return (moment.astimezone(UTC) + central_offset(standard)).date()


def central_offset(day: date) -> timedelta:
    """Return the offset of US Central time at noon of *day*.

    Computed by the rule in force since 2007 and not read from a time zone database,
    because slim containers and Windows have none.
    """
    starts, ends = _summer(day.year)
    return SUMMER_OFFSET if starts <= day < ends else STANDARD_OFFSET


@cache
def _summer(year: int) -> tuple[date, date]:
    return nth_weekday(year, 3, SUNDAY, 2), nth_weekday(year, 11, SUNDAY, 1)


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


@cache
def bank_holidays(year: int) -> frozenset[date]:
    """Return the Federal Reserve's holidays of *year*.

    One that falls on a Sunday is kept on Monday; one on a Saturday is not moved.
    """
    last_of_may = date(year, 5, 31)
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4)]
    fixed += [date(year, 11, 11), date(year, 12, 25)]
    moving = [
        nth_weekday(year, 1, MONDAY, 3),  # Martin Luther King, Jr.
        nth_weekday(year, 2, MONDAY, 3),  # Presidents
        last_of_may - timedelta(days=last_of_may.weekday()),  # Memorial
        nth_weekday(year, 9, MONDAY, 1),  # Labor
        nth_weekday(year, 10, MONDAY, 2),  # Columbus
        nth_weekday(year, 11, THURSDAY, 4),  # Thanksgiving
    ]
    kept = [day + timedelta(days=day.weekday() == SUNDAY) for day in fixed]
    return frozenset(kept + moving)


def is_bank_day(day: date) -> bool:
    return day.weekday() < SATURDAY and day not in bank_holidays(day.year)


@lru_cache(maxsize=1024)
def add_bank_days(day: date, count: int) -> date:
    """Return the *count*-th bank day after *day*; for 0 *day*, or the next bank day."""
    while count or not is_bank_day(day):
        day += timedelta(days=1)
        if count and is_bank_day(day):
            count -= 1
    return day


def next_bank_day(day: date) -> date:
    return add_bank_days(day, 1)


def next_bank_day_at(moment: datetime) -> date:
    """Return the first bank day after the day that it is at BILL: never that day."""
    return next_bank_day(central_day(moment))


def bank_days_since(day: date, today: date) -> int:
    """Return how many bank days have begun after *day*, *today* included.

    0 on *day* itself, over a weekend that follows it, and for a *day* still to come.
    """
    passed = (today - day).days
    return sum(is_bank_day(day + timedelta(days=n)) for n in range(1, passed + 1))
