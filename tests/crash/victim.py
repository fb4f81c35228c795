"""``bill-mcp serve`` for a crash test: it ends itself at one step of a write.

Started as ``python -m crash.victim``; the variables below say when, and in which file
stands by how many seconds its clock is ahead of the machine's.
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

KILL_AT, AHEAD_FILE, PROCESS_FILE = (
    "CRASH_KILL_AT",
    "CRASH_AHEAD_FILE",
    "CRASH_PROCESS_FILE",
)


class ClockAhead(SystemClock):
    """The machine's clock, later by as much as stands in a file at the moment."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        ahead_s = float(self._file.read_text(encoding="utf-8"))
        return super().now() + timedelta(seconds=ahead_s)


def end_at(step: Step) -> None:
    """End this process at the step that the variable names, with nothing cleaned up."""
    if os.environ.get(KILL_AT) == step:
        os.kill(os.getpid(), signal.SIGKILL)


async def serve() -> None:
    clock = ClockAhead(Path(os.environ[AHEAD_FILE]))
    settings, variables = resolve({}), dict(os.environ)
    async with application(
        settings, variables=variables, clock=clock, at_step=end_at
    ) as built:
        logs.configure(settings.log_level, built.dispatcher.live)
        await stdio.serve(built)


if __name__ == "__main__":
    Path(os.environ[PROCESS_FILE]).write_text(str(os.getpid()), encoding="utf-8")
    anyio.run(serve)
