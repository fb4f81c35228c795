"""What BILL may make one payment of is held to the limit for one payment."""

from __future__ import annotations

import pytest
from support.paying import BULK, Json, Paying
from support.payments import rules

from bill_mcp.errors import Outcome

pytestmark = pytest.mark.anyio


async def bulk(bill_mcp: Paying, vendor: str, *amounts: float) -> Json:
    """The arguments of a bulk payment, each amount for a bill of its own."""
    return {
        "payments": [
            {"billId": await bill_mcp.bill(500, vendor), "amount": amount}
            for amount in amounts
        ],
        "fundingAccount": {"type": "BANK_ACCOUNT", "id": bill_mcp.account},
    }


@pytest.mark.parametrize("combines", [True, False])
async def test_bulk_to_one_vendor_stays_within_the_limit_for_one_payment(
    *, combines: bool
) -> None:
    bill_mcp = Paying(rules=rules(limits={"USD": {"payment": 100}}))
    vendor = await bill_mcp.vendor()
    # An agent that may not pay may switch this on, so it can't be relied on.
    preparing = bill_mcp.agent("preparing", rules=rules("prepare"))
    switch = {"vendorId": vendor, "additionalInfo": {"combinePayments": combines}}
    await bill_mcp.call("bill_update_a_vendor", switch, preparing)
    told = await bill_mcp.refused(BULK, await bulk(bill_mcp, vendor, 90, 90))
    assert (told.code, told.outcome) == ("limit_payment", Outcome.NOT_DONE)
    assert bill_mcp.payments() == []
    await bill_mcp.call(BULK, await bulk(bill_mcp, vendor, 60, 40))
    assert sum(payment["amount"] for payment in bill_mcp.payments()) == 100
