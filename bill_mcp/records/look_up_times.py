"""When a payment whose answer was lost is looked up at BILL."""

from __future__ import annotations

from datetime import datetime, timedelta

from bill_mcp.records.claims import Write

LOOK_UPS = 3
"""So many look-ups must have found nothing before a payment counts as not made."""

_LOOK_AFTER_S = (0.0, 60.0, 300.0)
"""When the first look-ups are due, after the deadline; the last is at its end."""


def next_look(write: Write, looked: int, now: datetime, settles_s: float) -> datetime:
    """When the next look-up is due, after so many that found nothing."""
    planned = [write.deadline + timedelta(seconds=each) for each in _LOOK_AFTER_S]
    planned.append(write.deadline + timedelta(seconds=settles_s))
    for due in planned[looked:]:
        if due > now:
            return due
    return now + timedelta(seconds=max(settles_s, 60.0))
