"""Time as an argument, so that tests set it and nothing sleeps for real in them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

import anyio


class Clock(Protocol):
    """What the package knows of time."""

    def now(self) -> datetime:
        """The time of day, in UTC: for what outlives the process."""

    def monotonic(self) -> float:
        """Seconds that only ever grow: for durations."""

    async def sleep(self, seconds: float) -> None:
        """Let other tasks run for so long."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)
