"""Time as an argument, so that tests set it and nothing sleeps for real in them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

import anyio

_BOOT_TIME: int | None = getattr(time, "CLOCK_BOOTTIME", None)
"""Linux stops its usual monotonic clock while the machine is suspended; not this one.

Source: clock_gettime(2).
"""


class Clock(Protocol):
    """What the package knows of time."""

    def now(self) -> datetime:
        """The time of day, in UTC: for what outlives the process."""

    def monotonic(self) -> float:
        """Seconds that only ever grow, also while the machine sleeps: for durations."""

    async def sleep(self, seconds: float) -> None:
        """Let other tasks run for so long."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        if _BOOT_TIME is None:
            return time.monotonic()
        return time.clock_gettime(_BOOT_TIME)

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)
