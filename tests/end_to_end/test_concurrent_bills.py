"""Two processes that enter one bill, spelled in two ways, at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from crash import agent
from crash.bill import BillSide, bill_side
from support.process import client_of

pytestmark = pytest.mark.anyio

BILLS = "/v3/bills"
ACTS_AFTER_S = 3.0


@pytest.fixture
def side() -> Iterator[BillSide]:
    with bill_side() as side:
        yield side


def arrived(side: BillSide, method: str) -> int:
    """How often bills were listed, or entered."""
    requests = side.simulator.control("GET", "requests")
    return sum((each["method"], each["path"]) == (method, BILLS) for each in requests)


def some_vendor(side: BillSide) -> str:
    vendors = side.simulator.control("GET", "state")["objects"]["vendor"]
    return str(next(key for key, each in vendors.items() if not each["archived"]))


async def test_bill_that_another_process_is_sending_is_waited_for(
    side: BillSide, tmp_path: Path
) -> None:
    variables, vendor = side.variables(tmp_path), some_vendor(side)
    slow = {"method": "POST", "path": BILLS, "delay_s": ACTS_AFTER_S}
    side.simulator.control("POST", "faults", [slow])
    told: dict[str, dict[str, Any]] = {}
    async with (
        client_of(variables=variables) as one,
        client_of(variables=variables) as two,
        anyio.create_task_group() as tasks,
    ):

        async def enter(client: Any, number: str) -> None:
            arguments = {
                "vendorId": vendor,
                "dueDate": "2026-12-15",
                "invoice": {"invoiceNumber": number, "invoiceDate": "2026-11-20"},
                "billLineItems": [{"amount": 731}],
            }
            _, told[number] = await agent.ask(client, "bill_create_a_bill", arguments)

        tasks.start_soon(enter, one, "INV-00731")
        while not arrived(side, "POST"):
            await anyio.lowlevel.checkpoint()
        tasks.start_soon(enter, two, "inv 731")
    assert told["INV-00731"]["id"]
    assert told["inv 731"]["error"] == "duplicate_bill"
    assert told["inv 731"]["earlier"]["id"] == told["INV-00731"]["id"]
    assert arrived(side, "POST") == 1
