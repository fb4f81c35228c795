"""A bill that looks like an earlier one: what the agent and the person are told."""

from __future__ import annotations

from typing import Any

import pytest
from support.paying import PAY, Paying

from bill_mcp import present
from bill_mcp.agents import Confirm
from bill_mcp.secret import LiveSecrets

pytestmark = pytest.mark.anyio

ENTER = "bill_create_a_bill"
TODAY = {"invoiceNumber": "INV-7", "invoiceDate": "2026-11-23"}


def bill_of(vendor: str, number: str = "INV-7", **more: Any) -> dict[str, Any]:
    return {
        "vendorId": vendor,
        "dueDate": "2026-12-15",
        "invoice": {"invoiceNumber": number, "invoiceDate": "2026-11-15"},
        "billLineItems": [{"amount": 100}],
        **more,
    }


def told_of(refusal: Any) -> dict[str, Any]:
    """The error as the agent reads it."""
    return present.error(refusal, LiveSecrets())


async def test_of_many_likely_duplicates_the_agent_reads_whole_sentences() -> None:
    bill_mcp = Paying(confirm=Confirm.ALWAYS)
    vendor = await bill_mcp.vendor()
    for number in ("INV-7", "inv 7", "inv/7", "INV 0007", "INV.7"):
        invoice = {"invoiceNumber": number, "invoiceDate": "2026-11-15"}
        await bill_mcp.bill(100, vendor, invoice=invoice)
    question = await bill_mcp.asked(ENTER, bill_of(vendor, "INV--7"))
    message = told_of(question.refusal)["message"]
    assert message.count("has the same invoice number and amount.") == 2
    assert message.endswith("3 more of this vendor's bills look like this one.")


async def test_agent_is_told_whether_it_entered_the_earlier_bill_itself() -> None:
    bill_mcp = Paying(confirm=Confirm.NEVER)
    vendor = await bill_mcp.vendor()
    made = await bill_mcp.call(ENTER, bill_of(vendor))
    asked = bill_mcp.agent(confirm=Confirm.ALWAYS)
    other = bill_mcp.agent("other", confirm=Confirm.ALWAYS)
    again = bill_of(vendor, "inv 7")
    for refusal, is_you in (
        (await bill_mcp.refused(ENTER, again), True),
        ((await bill_mcp.asked(ENTER, again, asked)).refusal, True),
        ((await bill_mcp.asked(ENTER, again, other)).refusal, False),
        (await bill_mcp.refused(ENTER, again, "another"), False),
    ):
        assert told_of(refusal)["earlier"] == {"id": made["id"], "agent_is_you": is_you}


async def test_bill_of_the_same_amount_and_nearly_the_same_date_is_an_earlier_one() -> (
    None
):
    bill_mcp = Paying(confirm=Confirm.ALWAYS)
    vendor = await bill_mcp.vendor()
    earlier = await bill_mcp.bill(100, vendor)
    question = await bill_mcp.asked(ENTER, bill_of(vendor, "QQ"))
    assert told_of(question.refusal)["earlier"] == {
        "id": earlier,
        "agent_is_you": False,
    }


async def test_agent_is_told_to_compare_before_it_asks_about_a_likely_bill() -> None:
    bill_mcp = Paying(confirm=Confirm.ALWAYS)
    vendor = await bill_mcp.vendor()
    await bill_mcp.bill(100, vendor)
    question = await bill_mcp.asked(ENTER, bill_of(vendor, "QQ"))
    advice = told_of(question.refusal)["advice"]
    assert advice.startswith(
        "Compare the two. Only if this is really another bill, ask the person to run "
        f"`bill-mcp approve {question.approval_id}`"
    )
    plain = await bill_mcp.asked(ENTER, bill_of(await bill_mcp.vendor()))
    assert plain.refusal.advice.startswith("Ask the person to run `bill-mcp approve ")


def paying_a_new_bill(
    bill_mcp: Paying, vendor: str, amount: float = 100
) -> dict[str, Any]:
    """The arguments of a payment for which BILL makes the bill."""
    arguments = bill_mcp.payment("", amount, vendorId=vendor)
    del arguments["billId"]
    return arguments | {"processingOptions": {"createBill": True}}


async def test_payment_that_makes_its_bill_is_compared_with_bills_there() -> None:
    bill_mcp = Paying(confirm=Confirm.AUTO)
    vendor = await bill_mcp.vendor()
    unpaid = await bill_mcp.bill(100, vendor, invoice=TODAY)
    question = await bill_mcp.asked(PAY, paying_a_new_bill(bill_mcp, vendor))
    told = told_of(question.refusal)
    assert told["earlier"] == {"id": unpaid, "agent_is_you": False}
    assert told["advice"].startswith(
        "Compare the two. If it is the same, pay that bill by its billId. Only if "
    )
    assert f"Bill {unpaid} of this vendor" in question.question
    other = await bill_mcp.asked(PAY, paying_a_new_bill(bill_mcp, vendor, 101))
    assert "of this vendor" not in other.question


async def test_where_nobody_is_asked_such_a_payment_asks_the_agent_once() -> None:
    bill_mcp = Paying(confirm=Confirm.NEVER)
    vendor = await bill_mcp.vendor()
    unpaid = await bill_mcp.bill(100, vendor, invoice=TODAY)
    arguments = paying_a_new_bill(bill_mcp, vendor)
    told = await bill_mcp.refused(PAY, arguments)
    assert told.code == "duplicate_bill"
    assert unpaid in str(told)
    assert bill_mcp.payments() == []
    (waiting,) = await bill_mcp.server.records.approvals.recent()
    made = await bill_mcp.call(PAY, arguments | {"approval_id": waiting.id})
    assert "similar_bills" not in made.get("bill_mcp", {})
    assert len(bill_mcp.payments()) == 1
