"""Pays many bills while servers are killed; prints a table, exits 1 on any violation.

Each round is one fresh world and one `BILL_MCP_HOME`, in which every point has its
turn, in an order of chance; at its end ``bill-mcp audit verify`` reads the log.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import secrets
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from support.process import KEPT

from crash.bill import VAULT_KEY, BillSide, bill_side
from crash.points import POINTS, Point
from crash.run import Run


@dataclass
class Tally:
    """What came out so far."""

    outcomes: defaultdict[str, Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    wrong: int = 0

    def add(self, run: Run, seed: str) -> None:
        """Count the run, and print its whole story where something is wrong."""
        self.outcomes[run.point.name][run.outcome] += 1
        _say(f"{run.point.name}: {run.outcome}")
        if run.wrong:
            self.wrong += 1
            _say(f"VIOLATION, seed {seed}: {'; '.join(run.wrong)}", *run.story)

    def table(self) -> Iterator[str]:
        """Point, runs and outcomes, in the order of the points."""
        width = max(len(point.name) for point in POINTS)
        yield f"{'point':{width}}  runs  outcomes"
        for point in POINTS:
            if found := self.outcomes.get(point.name):
                told = "; ".join(f"{n} x {what}" for what, n in found.most_common())
                yield f"{point.name:{width}}  {found.total():4}  {told}"
        runs = sum(found.total() for found in self.outcomes.values())
        yield f"{runs} runs, {self.wrong} violations"


def rounds(runs: int, chance: random.Random) -> list[list[Point]]:
    """Every point once a round, so often that it makes so many runs."""
    found: list[list[Point]] = []
    while runs > 0:
        turn = list(POINTS)
        chance.shuffle(turn)
        found.append(turn[:runs])
        runs -= len(turn)
    return found


async def play_round(
    side: BillSide, points: Sequence[Point], seed: str, tally: Tally
) -> None:
    side.begin_anew()
    with tempfile.TemporaryDirectory() as name:
        home, places = Path(name), set()
        for number, point in enumerate(points):
            own = f"{seed}/{number}"
            # A clock that goes back would stop the money of those who come after.
            place = home / str(number) if point.is_settled else home / "shared"
            place.mkdir(exist_ok=True)
            chance = random.Random(own)  # noqa: S311 -- repeatable, not secret
            run = Run(point=point, side=side, home=place, chance=chance)
            try:
                await run.play()
            except BaseException:
                _say(f"BROKEN OFF, seed {own}", *run.story)
                raise
            tally.add(run, own)
            places.add(place)
        for place in places:
            problem = await anyio.to_thread.run_sync(audit_problem, place)
            if problem:
                tally.wrong += 1
                _say(f"VIOLATION, seed {seed}: the audit log of {points}", problem)


def audit_problem(home: Path) -> str:
    """What ``bill-mcp audit verify`` says, unless the log is whole."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    ran = subprocess.run(
        [sys.executable, "-m", "bill_mcp", "audit", "verify"],
        env={**kept, "BILL_MCP_HOME": str(home), "BILL_MCP_KEY": VAULT_KEY},
        capture_output=True,
        check=False,
        text=True,
    )
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


async def play(runs: int, seed: str, lanes: int) -> int:
    """All runs, in so many lanes at once; the exit code."""
    tally = Tally()
    waiting = list(enumerate(rounds(runs, random.Random(seed))))  # noqa: S311 -- the same

    async def lane() -> None:
        with bill_side() as side:
            while waiting:
                number, points = waiting.pop(0)
                await play_round(side, points, f"{seed}/{number}", tally)

    async with anyio.create_task_group() as tasks:
        for _ in range(lanes):
            tasks.start_soon(lane)
    _say("", *tally.table(), f"seed {seed}")
    return 1 if tally.wrong else 0


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/crash", description=__doc__)
    parser.add_argument("--runs", type=int, default=len(POINTS))
    parser.add_argument("--seed", default=secrets.token_hex(4), help="of a former run")
    parser.add_argument("--lanes", type=int, default=2, help="runs at once")
    given = parser.parse_args()
    # The client's own notes, as on a tool's name in capitals.
    logging.disable(logging.WARNING)
    raise SystemExit(anyio.run(play, given.runs, given.seed, given.lanes))


if __name__ == "__main__":
    main()
