"""The command line as a child process at a terminal, and a person who types there."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

PATIENCE_S = 20.0
_MODULE = ("-m", "bill_mcp")
_TAKE_IT = (
    "import fcntl, runpy, sys, termios; fcntl.ioctl(2, termios.TIOCSCTTY, 0); "
    "runpy.run_module('bill_mcp', run_name='__main__', alter_sys=True)"
)
"""Makes the terminal at standard error the one that controls the process."""

KEPT = ("PATH", "HOME", "LANG", "PYTHONPATH", "COVERAGE_PROCESS_CONFIG")


class Terminal:
    """One run of ``bill-mcp`` at a terminal of its own."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self._process, self._screen = process, screen
        self._read = 0
        self._has_closed = False
        self.shown = ""
        """All that the terminal has shown, what was typed visibly included."""

    def wait_for(self, words: str) -> None:
        """Wait until *words* come after what was waited for last."""
        deadline = time.monotonic() + PATIENCE_S
        while (found := self.shown.find(words, self._read)) < 0:
            assert self._more(deadline), f"no {words!r} in {self.shown}"
        self._read = found + len(words)

    def type(self, text: str, *, after: str) -> None:
        """Type a line once the prompt *after* stands there."""
        self.wait_for(after)
        os.write(self._screen, f"{text}\n".encode())

    @property
    def process_id(self) -> int:
        return self._process.pid

    def interrupt(self) -> None:
        """Press Ctrl-C, and again where that does not help, as people do.

        Python misses the first one if it comes just before it begins to wait.
        """
        for _ in range(3):
            self._process.send_signal(signal.SIGINT)
            deadline = time.monotonic() + PATIENCE_S / 4
            while self._more(deadline):
                pass
            if self._has_closed:
                return

    def end(self) -> int:
        """The exit code, once the process has ended."""
        deadline = time.monotonic() + PATIENCE_S
        while self._more(deadline):
            pass
        return self._process.wait(PATIENCE_S)

    def _more(self, deadline: float) -> bool:
        left = max(deadline - time.monotonic(), 0)
        if not select.select([self._screen], [], [], left)[0]:
            return False
        try:
            part = os.read(self._screen, 4096)
        except OSError:  # how Linux says that the process has closed the terminal
            self._has_closed = True
            return False
        self.shown += part.decode(errors="replace").replace("\r\n", "\n")
        return bool(part)


@contextmanager
def at_terminal(
    *words: str,
    variables: Mapping[str, str],
    controlling: bool = False,
    stdin: int | None = None,
) -> Iterator[Terminal]:
    """Start ``bill-mcp`` with a terminal as its input, output and errors.

    Args:
        words: Its arguments.
        variables: Its environment, beside a few of ours.
        controlling: Whether it is the terminal of the process, as a person's is.
        stdin: A descriptor in place of the terminal for its input.
    """
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    screen, side = pty.openpty()
    with subprocess.Popen(  # noqa: S603 -- ourselves
        [sys.executable, *(("-c", _TAKE_IT) if controlling else _MODULE), *words],
        env={**kept, "TERM": "xterm", "COLUMNS": "200", **variables},
        stdin=side if stdin is None else stdin,
        stdout=side,
        stderr=side,
        start_new_session=True,
    ) as process:
        os.close(side)
        try:
            yield Terminal(process, screen)
        finally:
            process.kill()
            os.close(screen)
