"""The days on which US banks work."""

from datetime import date, timedelta
from functools import cache, lru_cache

from bill_mcp.simulator.times import nth_weekday

MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6


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
