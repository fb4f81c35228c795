"""Filling a fresh world from one of the seeds."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from bill_mcp.simulator.seeds.demo import plant_demo
from bill_mcp.simulator.seeds.empty import plant_empty
from bill_mcp.simulator.seeds.hostile import plant_hostile
from bill_mcp.simulator.seeds.large import plant_large

if TYPE_CHECKING:
    from bill_mcp.simulator.world import World

SEEDS: Mapping[str, Callable[["World", datetime], None]] = {
    "empty": plant_empty,
    "demo": plant_demo,
    "large": plant_large,
    "hostile": plant_hostile,
}


def plant(world: "World", seed: str, now: datetime) -> None:
    """Fill a fresh world; its clock ends at *now*.

    Raises:
        ValueError: there is no such seed.
    """
    if seed not in SEEDS:
        raise ValueError(f"There is no seed {seed!r}; there are {', '.join(SEEDS)}.")
    SEEDS[seed](world, now)
    world.changed.clear()
