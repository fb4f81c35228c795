"""``bill-mcp serve`` for a crash test: it ends itself at one step of a write.

Started as ``python -m crash.victim``; the variables below say when, and how far its
clock is ahead of the machine's.
"""

from __future__ import annotations

import os
import signal
from datetime import datetime, timedelta
from pathlib import Path

import anyio

from bill_mcp import logs
from bill_mcp.app import application
from bill_mcp.clock import SystemClock
from bill_mcp.mcp_face import stdio
from bill_mcp.settings import resolve
from bill_mcp.writing.recorder import Step

KILL_AT, AHEAD_S, PROCESS_FILE = (
    "CRASH_KILL_AT",
    "CRASH_AHEAD_S",
    "CRASH_PROCESS_FILE",
)


class ClockAhead(SystemClock):
    """The machine's clock, so many seconds later."""

    def __init__(self, ahead_s: float) -> None:
        self._ahead = timedelta(seconds=ahead_s)

    def now(self) -> datetime:
        return super().now() + self._ahead


def end_at(step: Step) -> None:
    """End this process at the step that the variable names, with nothing cleaned up."""
    if os.environ.get(KILL_AT) == step:
        os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    Path(os.environ[PROCESS_FILE]).write_text(str(os.getpid()), encoding="utf-8")
    clock = ClockAhead(float(os.environ.get(AHEAD_S, "0")))
    settings, variables = resolve({}), dict(os.environ)
    async with application(
        settings, variables=variables, clock=clock, at_step=end_at
    ) as built:
        logs.configure(settings.log_level, built.dispatcher.live)
        await stdio.serve(built)


if __name__ == "__main__":
    anyio.run(main)
