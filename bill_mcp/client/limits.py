"""Slots and budgets put together: of one process, or shared by those of a machine."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bill_mcp.client.budgets import Budgets
from bill_mcp.client.counts import ReadOnlyCounts, SqliteCounts
from bill_mcp.client.limits_file import FILE_NAME, LimitsFile
from bill_mcp.client.shared_slots import SqliteSlots
from bill_mcp.client.slots import MemorySlots, Slots
from bill_mcp.clock import Clock

_RANDOM = secrets.SystemRandom()


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What keeps a client within BILL's limits.

    Attributes:
        close: To be called at the end; lets other processes have what is held.
    """

    slots: Slots
    budgets: Budgets
    close: Callable[[], None]


def own_limits(clock: Clock) -> Limits:
    """Limits of this process alone: nothing is written anywhere."""
    return Limits(slots=MemorySlots(), budgets=Budgets(clock), close=lambda: None)


def shared_limits(
    home: Path,
    base_url: str,
    clock: Clock,
    *,
    new_id: Callable[[int], str],
    jitter: Callable[[], float] = _RANDOM.random,
) -> Limits:
    """Limits of all processes of this machine that have the same *home*.

    Args:
        home: The folder of the file, which is opened when it is first needed.
        base_url: Which BILL it is; another one has limits of its own.
        clock: Time of day for what other processes see.
        new_id: Names this process.
        jitter: From 0 to 1.
    """
    file = LimitsFile(home, clock, new_id=new_id, jitter=jitter)
    place = _place(base_url)
    return Limits(
        slots=SqliteSlots(file, place),
        budgets=Budgets(clock, SqliteCounts(file, place), process=new_id(12)),
        close=file.close,
    )


async def sign_ins_left(
    home: Path, base_url: str, limit_key: str, clock: Clock
) -> int | None:
    """How often a machine's processes may still sign in within this hour.

    None where their counts can't be read. Changes none of them.
    """
    try:
        counts = ReadOnlyCounts(home / FILE_NAME, _place(base_url), clock)
        return await Budgets(clock, counts).sign_ins_left(limit_key)
    except sqlite3.Error:
        return None


def _place(base_url: str) -> str:
    return base_url.rstrip("/")
