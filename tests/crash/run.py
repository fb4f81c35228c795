"""One payment that is interrupted, and the agent's repeats until it is answered."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from support.process import SERVE, client_of

from bill_mcp.writing.recorder import Step
from crash import agent, victim
from crash.bill import Bill, BillSide
from crash.points import LATE_S, Point
from crash.verdict import Answer, violations

VICTIM = ("-m", "crash.victim")
TESTS = Path(__file__).parents[1]
PATIENCE_S = 120.0
POLL_S = 0.02
REPEATS = 3
"""How often the agent repeats its call at most."""

LOG_LINES = 40
AGAIN_KILLED = 0.25
"""How often the server that the agent repeats its call to ends as well."""

ONE_SERVER = 0.5
"""How often one server gets all the calls, where none is killed."""

SETTLING_S = (0.0, 120.0, 500.0, 1200.0, 1200.0)
"""When the agent repeats its call, after the payment, until the look-ups are over."""


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """One server process and the calls that it gets.

    Attributes:
        ahead_s: How far its clock, and BILL's, is ahead of the machine's before each
            call; empty where it is not.
    """

    calls: int
    kill_at: Step | None = None
    is_killed_waiting: bool = False
    ahead_s: tuple[float, ...] = ()

    @property
    def is_ordinary(self) -> bool:
        return not (self.kill_at or self.is_killed_waiting or self.ahead_s)


def sittings(point: Point, chance: random.Random) -> tuple[Sitting, ...]:
    """The servers of one run: the one that is interrupted, and those after it."""
    first = interrupted(point)
    if point.is_settled:
        return _settled(point, first)
    repeats = chance.randint(1, REPEATS)
    if not point.kills and chance.random() < ONE_SERVER:
        return (Sitting(calls=1 + repeats),)
    if repeats > 1 and chance.random() < AGAIN_KILLED:
        again = Sitting(calls=1, kill_at=chance.choice(tuple(Step)))
        return (first, again, Sitting(calls=repeats - 1))
    return (first, Sitting(calls=repeats))


def interrupted(point: Point) -> Sitting:
    """The server that gets the first call."""
    return Sitting(
        calls=1, kill_at=point.kill_at, is_killed_waiting=point.is_killed_waiting
    )


def _settled(point: Point, first: Sitting) -> tuple[Sitting, ...]:
    repeats = Sitting(calls=len(SETTLING_S), ahead_s=SETTLING_S)
    if point.kills:
        return (first, repeats)
    return (replace(repeats, calls=1 + repeats.calls, ahead_s=(0.0, *SETTLING_S)),)


@dataclass
class Run:
    """One bill, paid under bad circumstances.

    Attributes:
        home: `BILL_MCP_HOME` of all its servers.
        chance: Decides what the point leaves open.
        story: What happened, a line each.
        wrong: What must not be; nothing where all is well.
    """

    point: Point
    side: BillSide
    home: Path
    chance: random.Random
    story: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    at_bill: tuple[str, ...] = ()
    bill: Bill = field(init=False)
    _began: float = field(default_factory=time.monotonic)

    @property
    def outcome(self) -> str:
        """What BILL has in the end and what the agent was told last, in a word each."""
        told = self.answers[-1].outcome if self.answers else None
        return f"{len(self.at_bill)} at BILL, told {told or 'nothing'}"

    def __post_init__(self) -> None:
        self.bill = self.side.new_bill()
        self._tell(f"{self.point.name}: {self.bill}, fault {self.point.fault}")

    async def play(self) -> None:
        """Pay the bill, repeat, and judge."""
        plan = sittings(self.point, self.chance)
        moved_before = self.chance.randint(1, sum(each.calls for each in plan))
        for sitting in plan:
            async with self.server(sitting) as client:
                for number in range(sitting.calls):
                    if sitting.ahead_s:
                        self.be_ahead(sitting.ahead_s[number])
                    elif len(self.answers) == moved_before:
                        self.pass_time()
                    await self.call(client, sitting)
        await self.judge()

    async def judge(self) -> None:
        """Say what is wrong, once nothing more can happen."""
        self.pass_time()
        await self._until_bill_is_idle()
        self.at_bill = self.side.payments(self.bill)
        sent = len(self.side.sent(self.bill))
        self.wrong = violations(self.answers, self.at_bill, sent)
        if self.point.kills and self.answers[0].outcome is not None:
            self.wrong.append("the server was not killed where it should have been")
        if self.wrong:
            self._tell(f"at BILL in the end: {self.at_bill}")
            self._tell_records()

    @asynccontextmanager
    async def server(self, sitting: Sitting) -> AsyncIterator[Client]:
        """One server process, from its start to its end, if it lives so long."""
        self._ahead_file.write_text("0", encoding="utf-8")
        self._tell(f"a server begins: {sitting}")
        with (self.home / "stderr").open("a", encoding="utf-8") as stderr:
            async with client_of(
                command=SERVE if sitting.is_ordinary else VICTIM,
                variables=self._variables(sitting),
                stderr=stderr,
            ) as client:
                yield client

    def _variables(self, sitting: Sitting) -> dict[str, str]:
        policy = self.home / "policy.toml"
        policy.write_text(
            f'format = 1\n[agents."*"]\nmode = "pay"\n{self.point.policy}\n'
        )
        return {
            **self.side.variables(self.home),
            "BILL_MCP_POLICY": str(policy),
            "PYTHONPATH": str(TESTS),
            victim.KILL_AT: sitting.kill_at or "",
            victim.AHEAD_FILE: str(self._ahead_file),
            victim.PROCESS_FILE: str(self._process_file),
        }

    @property
    def _process_file(self) -> Path:
        return self.home / "process"

    @property
    def _ahead_file(self) -> Path:
        return self.home / "ahead"

    async def call(self, client: Client, sitting: Sitting) -> None:
        """Ask for the payment once; the first time BILL has its fault."""
        if self.point.fault is not None and not self.answers:
            self.side.go_wrong(self.point.fault)
        tool, arguments = agent.worded(self.bill, self.side.bank, self.chance)
        self._tell(f"the agent calls {tool} {json.dumps(arguments)}")
        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as tasks:
                if sitting.is_killed_waiting:
                    tasks.start_soon(self._kill_waiting)
                outcome, told = await agent.ask(client, tool, arguments)
                tasks.cancel_scope.cancel()
        # Else what the dead server sent is still under way at BILL.
        if self.chance.random() < 0.5:
            await self._until_bill_is_idle()
        at_bill = self.side.payments(self.bill)
        sent = len(self.side.sent(self.bill))
        self.answers.append(
            Answer(outcome=outcome, told=told, at_bill=at_bill, sent=sent)
        )
        self._tell(f"told {outcome}: {json.dumps(told)}; at BILL {at_bill}")

    async def _kill_waiting(self) -> None:
        """End the server once BILL has its request."""
        while not self.side.sent(self.bill):  # noqa: ASYNC110 -- BILL tells nobody
            await anyio.sleep(POLL_S)
        process = int(self._process_file.read_text(encoding="utf-8"))
        os.kill(process, signal.SIGKILL)
        self._tell(f"the server is killed: {process}")

    async def _until_bill_is_idle(self) -> None:
        """Wait until BILL is through with what the killed server sent."""
        if not self.point.is_killed_waiting:
            return
        with anyio.fail_after(PATIENCE_S):
            while any(each["status"] is None for each in self.side.sent(self.bill)):  # noqa: ASYNC110 -- the same
                await anyio.sleep(POLL_S)

    def be_ahead(self, seconds: float) -> None:
        """Have both clocks so far ahead, and BILL's never back."""
        self._move_clock(seconds - float(self._ahead_file.read_text(encoding="utf-8")))
        # Whole or not at all: the server reads it at any moment.
        fresh = self._ahead_file.with_suffix(".new")
        fresh.write_text(str(seconds), encoding="utf-8")
        fresh.replace(self._ahead_file)

    def pass_time(self) -> None:
        """Let BILL act on what it does late, and show what it hides."""
        self._move_clock(LATE_S + 1)

    def _move_clock(self, seconds: float) -> None:
        if seconds > 0:
            self.side.move_clock(seconds)
            self._tell(f"BILL's clock goes on by {seconds:g} s")

    def _tell(self, what: str) -> None:
        self.story.append(f"{time.monotonic() - self._began:7.2f} s  {what}")

    def _tell_records(self) -> None:
        """What BILL's log and the journal have of it."""
        self.story += [f"  BILL got {each}" for each in self.side.sent(self.bill)]
        with closing(sqlite3.connect(self.home / "journal.sqlite")) as file:
            file.row_factory = sqlite3.Row
            rows: Sequence[Any] = file.execute(
                "SELECT w.*, c.payment_id FROM writes w JOIN claims c "
                "ON c.write_id = w.id WHERE c.subject = ?",
                (f"bill/{self.bill.id}",),
            ).fetchall()
        self.story += [f"  journal has {dict(row)}" for row in rows]
        log = (self.home / "stderr").read_text(encoding="utf-8").splitlines()
        self.story += [f"  servers said {line}" for line in log[-LOG_LINES:]]


async def play_together(runs: Sequence[Run]) -> None:
    """Several payments that are interrupted at one point, with few processes.

    All their servers are killed, one after the other; the agent repeats all its calls
    at one server.
    """
    first, lead = interrupted(runs[0].point), runs[0]
    if lead.point.kills:
        for run in runs:
            async with run.server(first) as client:
                await run.call(client, first)
    ahead_s: tuple[float, ...] = SETTLING_S if lead.point.is_settled else ()
    calls = len(ahead_s) or lead.chance.randint(1, REPEATS)
    if not lead.point.kills:
        ahead_s, calls = (0.0, *ahead_s) if ahead_s else (), calls + 1
    moved_before = lead.chance.randint(0, calls)
    rest = Sitting(calls=calls, ahead_s=ahead_s)
    async with lead.server(rest) as client:
        for number in range(calls):
            if ahead_s:
                lead.be_ahead(ahead_s[number])
            elif number == moved_before:
                lead.pass_time()
            for run in runs:
                await run.call(client, rest)
    for run in runs:
        await run.judge()
