"""On which dates a recurring bill falls due, and when the bill for a date is made."""

import calendar
from datetime import date, datetime, timedelta

from bill_mcp.simulator import assumed
from bill_mcp.simulator.store import Thing
from bill_mcp.simulator.times import central_moment

DAYS = {"DAILY": 1, "WEEKLY": 7}
MONTHS = {"MONTHLY": 1, "YEARLY": 12}
FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(9999, 12, 31)


def due_date(first: date, period: str, count: int) -> date:
    """Return *first* moved by *count* periods.

    Counted from the first date and not from the one before, so that the 31st comes
    back after a shorter month.
    """
    try:
        if period in DAYS:
            return first + timedelta(days=DAYS[period] * count)
        month = first.year * 12 + first.month - 1 + MONTHS[period] * count
        year, month = month // 12, month % 12 + 1
        last = calendar.monthrange(year, month)[1]
        return date(year, month, min(first.day, last))
    except (OverflowError, ValueError):
        return LAST_DAY


def making_moment(schedule: Thing) -> datetime:
    """Return when the bill for ``nextDueDate`` is made: ``daysInAdvance`` before it."""
    due = date.fromisoformat(schedule["nextDueDate"])
    try:
        day = due - timedelta(days=schedule["daysInAdvance"])
    except OverflowError:
        day = FIRST_DAY
    return central_moment(max(day, FIRST_DAY), assumed.PROCESSING_HOUR)


def has_ended(schedule: Thing) -> bool:
    """Say whether no further bill comes; the next due date goes on all the same."""
    end = schedule.get("endDate")
    return end is not None and schedule["nextDueDate"] > end
