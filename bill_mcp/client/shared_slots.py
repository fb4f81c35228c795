"""The three requests in flight, shared by all processes of one machine.

Within a process agents take turns as in `MemorySlots`. Whoever's turn it is gets a row
of the shared file: the first three rows of a developer key and organization have the
slots, the others stand in line behind them, whichever process they are of.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import anyio

from bill_mcp.client.counts import digest
from bill_mcp.client.limits_file import LimitsFile, NotSharedError
from bill_mcp.client.slots import CONCURRENT_REQUESTS, MemorySlots, none_came_free

LEASE_S = 180.0
"""Twice the longest exchange. Frees the slots of a process that stands still, and of
one that was killed where locks don't work."""

PLACE_IN_LINE_S = 5.0
"""Who does not come back for so long loses the place in line."""

LOOKS_AFTER_OTHERS_EVERY_S = 0.25
"""How soon the slots of a killed process come free."""

WAIT_PER_PLACE_S, LONGEST_WAIT_S = 0.004, 0.02
"""Between two looks at the line: who stands at its front looks most often."""


class _Place(NamedTuple):
    """A row, and how many stand before it."""

    number: int
    before: int


class SqliteSlots:
    """Slots of all processes that share a file; of this one where it can't be used.

    Args:
        file: Where the rows are.
        place: Which BILL it is.
        capacity: How many may be in flight.
    """

    def __init__(
        self, file: LimitsFile, place: str, capacity: int = CONCURRENT_REQUESTS
    ) -> None:
        self._file, self._place, self._capacity = file, place, capacity
        self._own = MemorySlots(capacity)
        self._looked_after_others = float("-inf")

    @asynccontextmanager
    async def slot(
        self, key: str, agent: str, deadline_s: float
    ) -> AsyncIterator[None]:
        ends = self._file.clock.monotonic() + deadline_s
        async with self._own.slot(key, agent, deadline_s):
            try:
                number = await self._take(digest(f"{self._place}\n{key}"), ends)
            except NotSharedError:
                yield
                return
            try:
                yield
            finally:
                await self._free(number)

    async def _take(self, key: str, ends: float) -> int:
        """The row of a slot that is held now.

        Raises:
            LimitError: None came free in time.
            NotSharedError: The file can't be used.
        """
        place = await self._step(key, None)
        try:
            while place.before >= self._capacity:
                place = await self._wait(key, place, ends)
        except BaseException:
            await self._free(place.number)
            raise
        return place.number

    async def _wait(self, key: str, place: _Place, ends: float) -> _Place:
        """The place once it moved to the front, or was about to be lost."""
        clock = self._file.clock
        renews = clock.monotonic() + PLACE_IN_LINE_S / 2
        before = place.before
        while before >= self._capacity and clock.monotonic() < renews:
            left_s = ends - clock.monotonic()
            if left_s <= 0:
                raise none_came_free()
            await self._look_after_others(key)
            wait_s = WAIT_PER_PLACE_S * (before - self._capacity + 1)
            wait_s = min(wait_s, LONGEST_WAIT_S) * (0.5 + self._file.jitter() / 2)
            await clock.sleep(min(wait_s, left_s))
            before = await self._file.look(
                lambda file: _before(file, key, place.number)
            )
        return await self._step(key, place.number)

    async def _step(self, key: str, number: int | None) -> _Place:
        """Take a place, the last one if need be, and keep it for a while longer."""

        def step(file: sqlite3.Connection) -> _Place:
            now_s = self._file.clock.now().timestamp()
            _mend(file, now_s)
            mine = number if _is_there(file, number) else None
            before = _before(file, key, mine)
            kept_s = LEASE_S if before < self._capacity else PLACE_IN_LINE_S
            if mine is None:
                mine = file.execute(
                    "INSERT INTO slots (key, process, until) VALUES (?, ?, ?)",
                    (key, self._file.processes.name, now_s + kept_s),
                ).lastrowid
                return _Place(mine or 0, before)
            file.execute(
                "UPDATE slots SET until = ? WHERE id = ?", (now_s + kept_s, mine)
            )
            return _Place(mine, before)

        return await self._file.change(step)

    async def _look_after_others(self, key: str) -> None:
        """Take away the rows of processes that have ended."""
        now_s = self._file.clock.monotonic()
        if now_s - self._looked_after_others < LOOKS_AFTER_OTHERS_EVERY_S:
            return
        self._looked_after_others = now_s
        found = await self._file.look(
            lambda file: file.execute(
                "SELECT DISTINCT process FROM slots WHERE key = ?", (key,)
            ).fetchall()
        )
        gone = [name for name in found if self._file.processes.is_gone(*name)]
        if gone:
            await self._file.change(
                lambda file: file.executemany(
                    "DELETE FROM slots WHERE process = ?", gone
                )
            )

    async def _free(self, number: int) -> None:
        with anyio.CancelScope(shield=True), suppress(NotSharedError):
            await self._file.change(
                lambda file: file.execute("DELETE FROM slots WHERE id = ?", (number,))
            )


def _mend(file: sqlite3.Connection, now_s: float) -> None:
    """Take away what has expired; mostly there is nothing, and nothing is written."""
    (stale,) = file.execute(
        "SELECT count(*) FROM slots WHERE until <= ? OR until > ?",
        (now_s, now_s + LEASE_S),
    ).fetchone()
    if stale:
        # A clock that went back must not make a lease any longer.
        file.execute("UPDATE slots SET until = ?1 WHERE until > ?1", (now_s + LEASE_S,))
        file.execute("DELETE FROM slots WHERE until <= ?", (now_s,))


def _before(file: sqlite3.Connection, key: str, number: int | None) -> int:
    """How many rows of *key* stand before one, or before one that would be added."""
    (count,) = file.execute(
        "SELECT count(*) FROM slots WHERE key = ?1 AND (?2 IS NULL OR id < ?2)",
        (key, number),
    ).fetchone()
    return int(count)


def _is_there(file: sqlite3.Connection, number: int | None) -> bool:
    if number is None:
        return False
    found = file.execute("SELECT 1 FROM slots WHERE id = ?", (number,))
    return found.fetchone() is not None
