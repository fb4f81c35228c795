"""Bills that are entered at the same moment see each other, whoever enters them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.paying import PAY, Paying

from bill_mcp.dispatch import Dispatcher
from bill_mcp.errors import CallError, Outcome

pytestmark = pytest.mark.anyio

ENTER = "bill_create_a_bill"
Call = tuple[str, Mapping[str, Any]]


def bill_of(vendor: str, number: str, amount: float = 100) -> Call:
    invoice = {"invoiceNumber": number, "invoiceDate": "2026-11-15"}
    lines = [{"amount": amount}]
    return ENTER, {
        "vendorId": vendor,
        "dueDate": "2026-12-15",
        "invoice": invoice,
        "billLineItems": lines,
    }


class AtOnce:
    """Calls that start at the same moment: how each of them ended."""

    def __init__(self, bill_mcp: Paying) -> None:
        self._bill_mcp = bill_mcp
        self.refusals: list[CallError] = []
        self.answers: list[dict[str, Any]] = []

    @property
    def done(self) -> int:
        return len(self.answers)

    async def run(self, calls: list[tuple[Dispatcher, str, Call]]) -> None:
        async with anyio.create_task_group() as tasks:
            for dispatcher, by, call in calls:
                tasks.start_soon(self._one, dispatcher, by, call)

    async def run_in_two_servers(self, here: Call, there: Call) -> None:
        """One call in each of two servers, of two agents."""
        first = self._bill_mcp.server.dispatcher
        with self._bill_mcp.beside():
            second = self._bill_mcp.server.dispatcher
            await self.run([(first, "one", here), (second, "two", there)])

    async def _one(self, dispatcher: Dispatcher, by: str, call: Call) -> None:
        try:
            answer = await dispatcher.call(self._bill_mcp.agent(by), *call)
            self.answers.append(answer)
        except CallError as error:
            self.refusals.append(error)


def bills_of(bill_mcp: Paying, vendor: str) -> int:
    return sum(row["vendorId"] == vendor for row in bill_mcp.world.rows("bill"))


async def test_one_of_several_spellings_is_entered_by_one_server() -> None:
    bill_mcp = Paying()
    vendor, at_once = await bill_mcp.vendor(), AtOnce(bill_mcp)
    spellings = ("INV-001", "inv 1", "Inv#1", "INV.0001")
    here = bill_mcp.server.dispatcher
    await at_once.run(
        [
            (here, f"agent {place % 2}", bill_of(vendor, spelling))
            for place, spelling in enumerate(spellings)
        ]
    )
    assert (at_once.done, bills_of(bill_mcp, vendor)) == (1, 1)
    told = {(refusal.code, refusal.outcome) for refusal in at_once.refusals}
    assert told == {("duplicate_bill", Outcome.NOT_DONE)}


async def test_one_of_two_spellings_is_entered_by_two_servers(tmp_path: Path) -> None:
    bill_mcp = Paying(home=tmp_path)
    vendor, at_once = await bill_mcp.vendor(), AtOnce(bill_mcp)
    await at_once.run_in_two_servers(
        bill_of(vendor, "INV-001"), bill_of(vendor, "inv 1")
    )
    assert (at_once.done, bills_of(bill_mcp, vendor)) == (1, 1)
    assert [refusal.code for refusal in at_once.refusals] == ["duplicate_bill"]


async def test_change_of_a_bill_sees_the_bill_that_another_server_enters(
    tmp_path: Path,
) -> None:
    bill_mcp = Paying(home=tmp_path)
    vendor, at_once = await bill_mcp.vendor(), AtOnce(bill_mcp)
    there_already = await bill_mcp.bill(70, vendor)
    change = {"billId": there_already, "invoice": {"invoiceNumber": "INV-001"}}
    await at_once.run_in_two_servers(
        ("bill_update_a_bill", change), bill_of(vendor, "inv 1")
    )
    assert at_once.done == 1
    assert [refusal.code for refusal in at_once.refusals] == ["duplicate_bill"]


async def test_payment_that_makes_a_bill_sees_the_bill_that_another_server_enters(
    tmp_path: Path,
) -> None:
    bill_mcp = Paying(home=tmp_path)
    vendor, at_once = await bill_mcp.vendor(), AtOnce(bill_mcp)
    payment = bill_mcp.payment("", 100, vendorId=vendor)
    del payment["billId"]
    payment["processingOptions"] = {"createBill": True}
    _, arguments = bill_of(vendor, "INV-001")
    today = {"invoiceNumber": "INV-001", "invoiceDate": "2026-11-24"}
    await at_once.run_in_two_servers(
        (ENTER, {**arguments, "invoice": today}), (PAY, payment)
    )
    if at_once.refusals:  # the bill came first
        assert [refusal.code for refusal in at_once.refusals] == ["duplicate_bill"]
        assert (bills_of(bill_mcp, vendor), bill_mcp.payments()) == (1, [])
    else:
        entered = next(each for each in at_once.answers if "dueDate" in each)
        assert entered["bill_mcp"]["similar_bills"]
        assert bills_of(bill_mcp, vendor) == 2


async def test_different_bills_of_one_vendor_are_entered_at_once(
    tmp_path: Path,
) -> None:
    bill_mcp = Paying(home=tmp_path)
    vendor, at_once = await bill_mcp.vendor(), AtOnce(bill_mcp)
    here = bill_mcp.server.dispatcher
    with bill_mcp.beside():
        there = bill_mcp.server.dispatcher
        calls = [bill_of(vendor, f"A-{n}", 100 + n) for n in range(1, 9)]
        await at_once.run(
            [
                (here if place % 2 else there, f"agent {place}", call)
                for place, call in enumerate(calls)
            ]
        )
    assert (at_once.done, at_once.refusals) == (8, [])
    assert bills_of(bill_mcp, vendor) == 8


async def test_archived_bill_is_compared_before_it_is_restored() -> None:
    bill_mcp = Paying()
    vendor = await bill_mcp.vendor()
    first = await bill_mcp.call(*bill_of(vendor, "INV-001"))
    await bill_mcp.call("bill_archive_a_bill", {"billId": first["id"]})
    second = await bill_mcp.call(*bill_of(vendor, "inv 1"))
    restored = {"billId": first["id"]}
    told = await bill_mcp.refused("bill_restore_an_archived_bill", restored)
    assert (told.code, told.outcome) == ("duplicate_bill", Outcome.NOT_DONE)
    assert second["id"] in str(told)
    await bill_mcp.call("bill_archive_a_bill", {"billId": second["id"]})
    await bill_mcp.call("bill_restore_an_archived_bill", restored)
