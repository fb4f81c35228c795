"""Times as BILL writes them."""

from datetime import UTC, date, datetime, time
from functools import lru_cache

from bill_mcp.bank_days import central_offset


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


def central_moment(day: date, hour: int) -> datetime:
    """Return the UTC time at which it is *hour* o'clock in US Central time."""
    local = datetime.combine(day, time(hour), tzinfo=UTC)
    return local - central_offset(day)
