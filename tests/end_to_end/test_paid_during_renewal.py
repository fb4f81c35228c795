"""Two processes of one journal: what one paid while the other's session was renewed."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import pytest
from crash import agent, victim
from crash.bill import BillSide, bill_side
from crash.run import TESTS, VICTIM
from mcp import Client
from support.process import client_of, result_of

from bill_mcp.errors import Outcome

pytestmark = pytest.mark.anyio

LOGIN = "/v3/login"
LOOK_AGAIN_S = 0.02
SIGNING_IN_S = 5.0
"""For so long BILL keeps the sign-in, in which the process is stopped."""


@pytest.fixture
def side() -> Iterator[BillSide]:
    with bill_side() as side:
        yield side


@asynccontextmanager
async def stoppable(variables: dict[str, str], home: Path) -> AsyncIterator[Client]:
    """A server whose process id stands in a file."""
    (home / "ahead").write_text("0", encoding="utf-8")
    own = {
        "PYTHONPATH": str(TESTS),
        victim.KILL_AT: "",
        victim.AHEAD_FILE: str(home / "ahead"),
        victim.PROCESS_FILE: str(home / "process"),
    }
    async with client_of(command=VICTIM, variables=variables | own) as client:
        yield client


@contextmanager
def stopped(home: Path) -> Iterator[None]:
    """That server stands still until the block ends."""
    process = int((home / "process").read_text(encoding="utf-8"))
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


async def sign_in_has_come(side: BillSide) -> None:
    """Wait until BILL has a sign-in that it has not answered."""
    with anyio.fail_after(60):
        while not any(  # noqa: ASYNC110 -- BILL tells nobody
            (each["path"], each["status"]) == (LOGIN, None)
            for each in side.simulator.control("GET", "requests")
        ):
            await anyio.sleep(LOOK_AGAIN_S)


async def test_bill_that_another_process_paid_meanwhile_is_not_paid_once_more(
    side: BillSide, tmp_path: Path
) -> None:
    bill = side.new_bill()
    variables = side.variables(tmp_path)
    payment = {
        "billId": bill.id,
        "amount": bill.amount,
        "fundingAccount": {"type": "BANK_ACCOUNT", "id": side.bank},
    }
    told: list[tuple[Outcome | None, dict[str, object]]] = []

    async def pay(client: Client) -> None:
        told.append(await agent.ask(client, "bill_create_a_payment", payment))

    async with (
        stoppable(variables, tmp_path) as slow,
        client_of(variables=variables) as quick,
    ):
        for client in (slow, quick):
            details = {"billId": bill.id}
            result_of(await client.call_tool("bill_get_bill_details", details))
        expired = {"answer": {"code": "BDC_1109", "status": 401}}
        side.go_wrong(expired)
        late = {"method": "POST", "path": LOGIN, "delay_s": SIGNING_IN_S}
        side.simulator.control("POST", "faults", [late])
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pay, slow)
            await sign_in_has_come(side)
            with stopped(tmp_path):
                await pay(quick)
    [payment_id] = side.payments(bill)
    (first, made), (second, refused) = told
    assert (first, made["id"]) == (Outcome.DONE, payment_id)
    assert (second, refused["error"]) == (Outcome.DONE, "duplicate")
    earlier = refused["earlier"]
    assert isinstance(earlier, dict)
    assert (earlier["id"], earlier["agent_is_you"]) == (payment_id, False)
    assert [each["status"] for each in side.sent(bill)] == [401, 201]
