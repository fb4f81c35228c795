"""Times as BILL writes them, and days as BILL reckons them (US Central)."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache

STANDARD_OFFSET = timedelta(hours=-6)
SUMMER_OFFSET = timedelta(hours=-5)
SUNDAY = 6


@lru_cache(maxsize=512)
def stamp(moment: datetime) -> str:
    """Return *moment* as BILL prints it: ISO 8601, milliseconds, ``+00:00``.

    All stamps have the same length and zone, so comparing the texts compares the times.
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def read_time(text: str) -> datetime:
    """Return the time that *text* means; without a zone it is UTC.

    Raises:
        ValueError: *text* is no ISO 8601 time or date.
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def central_offset(day: date) -> timedelta:
    """Return the offset of US Central time at noon of *day*.

    Computed by the rule in force since 2007 and not read from a time zone database,
    because slim containers and Windows have none.
    """
    starts, ends = summer(day.year)
    return SUMMER_OFFSET if starts <= day < ends else STANDARD_OFFSET


@cache
def summer(year: int) -> tuple[date, date]:
    return nth_weekday(year, 3, SUNDAY, 2), nth_weekday(year, 11, SUNDAY, 1)


def central_day(moment: datetime) -> date:
    """Return the calendar day that it is in US Central time."""
    standard = (moment.astimezone(UTC) + STANDARD_OFFSET).date()
    return (moment.astimezone(UTC) + central_offset(standard)).date()


def central_moment(day: date, hour: int) -> datetime:
    """Return the UTC time at which it is *hour* o'clock in US Central time."""
    local = datetime.combine(day, time(hour), tzinfo=UTC)
    return local - central_offset(day)
