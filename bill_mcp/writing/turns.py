"""Lets the calls of one process that are about the same thing go one after the other.

Each reads at BILL before it is decided on; fifty of them at once would only fill the
queue in front of BILL, to be told that one of them was enough.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

import anyio


class Turns:
    """Locks by name, kept while somebody has or wants them."""

    def __init__(self) -> None:
        self._locks: dict[str, anyio.Lock] = {}
        self._wanted: dict[str, int] = {}

    @asynccontextmanager
    async def of(self, names: Iterable[str]) -> AsyncIterator[None]:
        """Have the turn of all *names*; whoever wants one of them waits."""
        async with AsyncExitStack() as held:
            # In one order for all, or two calls could wait for each other.
            for name in sorted(set(names)):
                await held.enter_async_context(self._turn(name))
            yield

    @asynccontextmanager
    async def _turn(self, name: str) -> AsyncIterator[None]:
        lock = self._locks.setdefault(name, anyio.Lock())
        self._wanted[name] = self._wanted.get(name, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._wanted[name] -= 1
            if not self._wanted[name]:
                del self._wanted[name], self._locks[name]
