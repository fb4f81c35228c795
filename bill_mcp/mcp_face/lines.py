"""The lines of the client behind stdin, which can be broken off at any moment.

The SDK reads them in a thread that nothing ends but the client: a server that is told
to stop would wait for it.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import anyio

AT_ONCE_BYTES = 65_536
STDIN = 0


class Lines:
    """Lines of UTF-8, until the client closes its end or `stop` is called.

    Args:
        descriptor: A pipe, a socket or a terminal.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting: anyio.CancelScope | None = None
        self._stopped = False

    def stop(self) -> None:
        """End as if the client had closed its end."""
        self._stopped = True
        if self._waiting is not None:
            self._waiting.cancel()

    async def __aiter__(self) -> AsyncIterator[str]:
        begun = b""
        while content := await self._read():
            *whole, rest = content.split(b"\n")
            for line in whole:
                yield (begun + line).decode(errors="replace")
                begun = b""
            begun += rest
        if begun and not self._stopped:
            yield begun.decode(errors="replace")

    async def _read(self) -> bytes:
        """What has come by now; nothing at the end."""
        with anyio.CancelScope() as self._waiting:
            if not self._stopped:
                await anyio.wait_readable(self._descriptor)
                return os.read(self._descriptor, AT_ONCE_BYTES)
        return b""


@contextmanager
def client_lines() -> Iterator[Lines | None]:
    """What the client writes; nothing of it is left on stdin for anybody else.

    None where it cannot be waited for: the SDK then reads in its own way.
    """
    if not _can_be_waited_for():
        yield None
        return
    own, nothing = os.dup(STDIN), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, STDIN)
    os.close(nothing)
    try:
        yield Lines(own)
    finally:
        os.dup2(own, STDIN)
        os.close(own)


def _can_be_waited_for() -> bool:
    if sys.platform == "win32":
        return False
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return False
    if sys.stdin.fileno() != STDIN:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or sys.stdin.isatty()
