"""A whole simulated BILL: what it remembers, what came in, and what is to go wrong."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Self

from bill_mcp.simulator import assumed
from bill_mcp.simulator.behaviours import behaviours
from bill_mcp.simulator.faults import Faults
from bill_mcp.simulator.lifecycle import due_events
from bill_mcp.simulator.request_log import RequestLog
from bill_mcp.simulator.seeds.planting import plant
from bill_mcp.simulator.store import State, Store
from bill_mcp.simulator.times import read_time
from bill_mcp.simulator.traffic import Traffic


class World(Store):
    """One BILL; two of them share nothing."""

    traffic: Traffic
    faults: Faults
    log: RequestLog
    snapshots: dict[str, State]
    start: datetime
    lives: int
    """How many worlds this has been: each reset and each restore makes another one."""

    @classmethod
    def create(
        cls,
        seed: str = "demo",
        time: str | None = None,
        elapsed: Callable[[], float] | None = None,
    ) -> Self:
        """Return a fresh world.

        Args:
            seed: ``empty``, ``demo``, ``large`` or ``hostile``.
            time: where the clock stands, ISO 8601.
            elapsed: seconds since some start; with it the clock runs on from *time*.

        Raises:
            ValueError: there is no such seed, or *time* is no time.
        """
        behaviours()
        moment = read_time(time or assumed.DEFAULT_TIME).astimezone(UTC)
        world = cls(State(seed, moment), due_events(), elapsed)
        world.traffic = Traffic()
        world.faults = Faults()
        world.log = RequestLog()
        world.snapshots = {}
        world.start = moment
        world.lives = 1
        plant(world, seed, moment)
        return world

    def reset(self, seed: str | None = None, time: str | None = None) -> None:
        """Begin again: fresh objects, no faults, an empty log, the first time."""
        moment = read_time(time).astimezone(UTC) if time else self.start
        seed = seed or self.state.seed
        old = self.state
        self.replace_state(State(seed, moment))
        try:
            plant(self, seed, moment)
        except ValueError:
            self.replace_state(old)
            raise
        self.lives += 1
        self.traffic.forget()
        self.faults.ordered.clear()
        self.log.clear()

    def take_snapshot(self) -> str:
        name = f"snapshot-{len(self.snapshots) + 1}"
        self.snapshots[name] = self.state.copy()
        return name

    def restore(self, name: str) -> None:
        """Become what the snapshot holds; it can be restored again.

        Raises:
            LookupError: there is no such snapshot.
        """
        if name not in self.snapshots:
            raise LookupError(f"snapshot {name}")
        self.replace_state(self.snapshots[name].copy())
        self.lives += 1
