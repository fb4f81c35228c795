"""Lets an agent's calls run side by side, and a sign-in only when none is under way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio


class Gate:
    """Calls pass together; whoever closes the gate waits for them, and they for him."""

    def __init__(self) -> None:
        self._changed = anyio.Condition()
        self._inside = 0
        self._closed = False

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Be one of the calls under way."""
        async with self._changed:
            while self._closed:
                await self._changed.wait()
            self._inside += 1
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                async with self._changed:
                    self._inside -= 1
                    self._changed.notify_all()

    @asynccontextmanager
    async def closed(self) -> AsyncIterator[None]:
        """Wait for the calls under way, and keep new ones waiting."""
        async with self._changed:
            while self._closed:
                await self._changed.wait()
            self._closed = True
            try:
                while self._inside:
                    await self._changed.wait()
            except BaseException:
                self._closed = False
                self._changed.notify_all()
                raise
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                async with self._changed:
                    self._closed = False
                    self._changed.notify_all()
