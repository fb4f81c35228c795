"""Many calls at once, in one server and in several: each bill is paid once."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import anyio
import pytest
from crash import agent
from crash.bill import VAULT_KEY, Bill, BillSide, bill_side
from mcp import Client
from support.process import KEPT, client_of

pytestmark = pytest.mark.anyio

AT_ONCE, PROCESSES = 50, 5
LIMITED = """\
format = 1
[agents."*"]
mode = "pay"
[agents."*".limits.USD]
day = 100
"""


@pytest.fixture(scope="module")
def side() -> Iterator[BillSide]:
    with bill_side() as side:
        yield side


@asynccontextmanager
async def servers(count: int, variables: dict[str, str]) -> AsyncIterator[list[Client]]:
    """So many ``bill-mcp serve`` processes of one home."""
    async with AsyncExitStack() as closing_all:
        yield [
            await closing_all.enter_async_context(client_of(variables=variables))
            for _ in range(count)
        ]


async def asked_at_once(
    calls: list[tuple[Client, Bill]], side: BillSide
) -> list[dict[str, Any]]:
    """What each call was told; each asks for its bill in its own words."""
    told: list[dict[str, Any]] = []
    chance = random.Random(50)  # noqa: S311 -- repeatable

    async def ask(client: Client, bill: Bill) -> None:
        told.append(
            (await agent.ask(client, *agent.worded(bill, side.bank, chance)))[1]
        )

    async with anyio.create_task_group() as tasks:
        for client, bill in calls:
            tasks.start_soon(ask, client, bill)
    return told


def kind(told: dict[str, Any]) -> str:
    """What sort of answer it is, in one word."""
    if "error" in told:
        return str(told["error"])
    return "already_done" if told["bill_mcp"].get("already_done") else "paid"


def rows(home: Path, question: str) -> list[Any]:
    with closing(sqlite3.connect(home / "journal.sqlite")) as file:
        return file.execute(question).fetchall()


async def test_fifty_calls_of_one_agent_at_once_make_one_payment(
    side: BillSide, tmp_path: Path
) -> None:
    bill = side.new_bill()
    async with servers(1, side.variables(tmp_path)) as [client]:
        told = await asked_at_once([(client, bill)] * AT_ONCE, side)
    kinds = Counter(kind(each) for each in told)
    assert kinds["paid"] == 1
    assert kinds["already_done"] + kinds["duplicate"] == AT_ONCE - 1, kinds
    [payment] = side.payments(bill)
    assert {agent_is_told(each) for each in told} == {payment}
    assert len(side.sent(bill)) == 1


async def test_five_processes_at_once_make_one_payment(
    side: BillSide, tmp_path: Path
) -> None:
    bill = side.new_bill()
    async with servers(PROCESSES, side.variables(tmp_path)) as clients:
        told = await asked_at_once(
            [(client, bill) for client in clients] * (AT_ONCE // PROCESSES), side
        )
    kinds = Counter(kind(each) for each in told)
    assert kinds["paid"] == 1
    assert kinds["already_done"] + kinds["duplicate"] == AT_ONCE - 1, kinds
    [payment] = side.payments(bill)
    assert {agent_is_told(each) for each in told} == {payment}
    assert len(side.sent(bill)) == 1
    others = [each["earlier"]["agent_is_you"] for each in told if "earlier" in each]
    assert others.count(False) >= AT_ONCE - AT_ONCE // PROCESSES


def agent_is_told(told: dict[str, Any]) -> Any:
    """The payment that an answer names."""
    return told.get("earlier", told)["id"]


async def test_a_days_limit_holds_for_two_processes_at_once(
    side: BillSide, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(LIMITED)
    variables = side.variables(tmp_path) | {"BILL_MCP_POLICY": str(policy)}
    bills = [side.new_bill(60.0) for _ in range(4)]
    async with servers(2, variables) as clients:
        told = await asked_at_once(
            [(client, bill) for client in clients for bill in bills], side
        )
    made = [bill for bill in bills if side.payments(bill)]
    assert len(made) == 1
    assert len(side.sent(made[0])) == 1
    kinds = Counter(kind(each) for each in told)
    assert kinds == {"paid": 1, "duplicate": 1, "limit_day": 6}


async def test_halt_stops_five_processes_that_are_writing(
    side: BillSide, tmp_path: Path
) -> None:
    side.simulator.control("DELETE", "requests")
    bills = [side.new_bill() for _ in range(60)]
    told: list[dict[str, Any]] = []
    begun_before: list[int] = []
    chance, enough = random.Random(5), anyio.Event()  # noqa: S311 -- repeatable
    waiting = list(bills)

    async def write(client: Client) -> None:
        while waiting:
            call = agent.worded(waiting.pop(), side.bank, chance)
            answer = (await agent.ask(client, *call))[1]
            told.append(answer)
            if len(told) == PROCESSES:
                enough.set()
            if kind(answer) == "halted":
                return

    async with (
        servers(PROCESSES, side.variables(tmp_path)) as clients,
        anyio.create_task_group() as tasks,
    ):
        for client in clients:
            tasks.start_soon(write, client)
        await enough.wait()
        await anyio.to_thread.run_sync(halt, tmp_path)
        begun_before += rows(tmp_path, "SELECT COUNT(*) FROM writes")[0]
    [begun] = rows(tmp_path, "SELECT COUNT(*) FROM writes")[0]
    assert waiting, "there was more to pay when it was halted"
    assert [begun] == begun_before, "nothing began after the halt was there"
    assert len(side.sent()) == begun
    kinds = Counter(kind(each) for each in told)
    assert kinds == {"paid": begun, "halted": PROCESSES}
    intents = audit_rows(tmp_path, "intent")
    assert len(intents) == begun
    assert len(audit_rows(tmp_path, "outcome")) == begun


def halt(home: Path) -> None:
    command_line(home, "halt", "--reason", "a test")


def audit_rows(home: Path, wanted: str) -> list[str]:
    """The rows of one kind, as ``bill-mcp audit`` shows them."""
    shown = command_line(home, "audit", "--kind", wanted, "--limit", "1000")
    return shown.splitlines()


def command_line(home: Path, *words: str) -> str:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    own = {"BILL_MCP_HOME": str(home), "BILL_MCP_KEY": VAULT_KEY}
    return subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "bill_mcp", *words],
        env=kept | own,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
