"""Slots and budgets put together: of one process, or shared by those of a machine."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bill_mcp.client.budgets import Budgets
from bill_mcp.client.counts import SqliteCounts
from bill_mcp.client.limits_file import LimitsFile
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
    place = base_url.rstrip("/")
    return Limits(
        slots=SqliteSlots(file, place),
        budgets=Budgets(clock, SqliteCounts(file, place)),
        close=file.close,
    )
