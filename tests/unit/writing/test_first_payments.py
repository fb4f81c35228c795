"""A vendor is new until BILL shows a payment to it as done, whatever is under way."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.paying import PAY, Paying
from support.payments import rules

from bill_mcp.agents import Confirm
from bill_mcp.errors import Outcome
from bill_mcp.simulator.lifecycle import move

pytestmark = pytest.mark.anyio

CAREFUL = rules(limits={"USD": {"first_payment": 50, "day": 100_000}})


async def refusal_of(bill_mcp: Paying, bill: str, amount: float) -> str:
    """What is said of a payment that the first payments' limit stops."""
    told = await bill_mcp.not_paid(bill, amount)
    assert (told.code, told.outcome) == ("limit_first_payment", Outcome.NOT_DONE)
    return str(told)


async def test_payment_of_a_cent_does_not_make_a_vendor_known() -> None:
    bill_mcp = Paying(rules=CAREFUL)
    bill = await bill_mcp.bill(5000)
    made = await bill_mcp.pay(bill, 0.01)
    for state in ("SCHEDULED", "FUNDING_STARTED"):
        move(bill_mcp.world, "payment", made["id"], state)
        told = await refusal_of(bill_mcp, bill, 1000)
        assert "0.01 is spent or under way, 49.99 is left until one payment" in told
    move(bill_mcp.world, "payment", made["id"], "PROCESSED")  # BILL says PAID
    await bill_mcp.pay(bill, 1000)


async def test_many_small_payments_together_stay_within_the_first_limit() -> None:
    bill_mcp = Paying(rules=CAREFUL)
    vendor = await bill_mcp.vendor()
    bills = [await bill_mcp.bill(100, vendor) for _ in range(3)]
    await bill_mcp.paid_in_web_page(bills[0], 30)
    await bill_mcp.pay(bills[1], 15)
    told = await refusal_of(bill_mcp, bills[2], 5.01)
    assert "45.00 is spent or under way, 5.00 is left" in told
    await bill_mcp.pay(bills[2], 5)


async def test_payments_of_long_ago_that_never_went_through_count_too() -> None:
    bill_mcp = Paying(rules=CAREFUL)
    bill = await bill_mcp.bill(5000)
    await bill_mcp.paid_in_web_page(bill, 30, processDate="2027-02-16")
    bill_mcp.pass_time(40 * 86400)
    assert "30.00 is spent" in await refusal_of(bill_mcp, bill, 21)


async def test_lost_payment_counts_towards_the_first_ones() -> None:
    bill_mcp = Paying(rules=CAREFUL)
    vendor = await bill_mcp.vendor()
    lost, other = [await bill_mcp.bill(100, vendor) for _ in range(2)]
    bill_mcp.fault(drop="after", hide_s=5000)
    assert (await bill_mcp.not_paid(lost, 30)).outcome is Outcome.UNKNOWN
    assert "30.00 is spent" in await refusal_of(bill_mcp, other, 21)
    await bill_mcp.pay(other, 20)


async def test_cancelled_payment_neither_counts_nor_makes_a_vendor_known() -> None:
    bill_mcp = Paying(rules=CAREFUL)
    bill = await bill_mcp.bill(5000)
    made = await bill_mcp.pay(bill, 40)
    move(bill_mcp.world, "payment", made["id"], "CANCELED")
    assert "0.00 is spent" in await refusal_of(bill_mcp, bill, 51)
    await bill_mcp.pay(bill, 50)


async def test_payment_noted_as_made_elsewhere_does_not_make_a_vendor_known() -> None:
    bill_mcp = Paying(rules=CAREFUL)
    bill = await bill_mcp.bill(5000)
    made = await bill_mcp.paid_in_web_page(bill, 1)
    move(bill_mcp.world, "payment", made["id"], "CLEARED", onlinePayment=False)
    assert "0.00 is spent" in await refusal_of(bill_mcp, bill, 51)


async def test_person_is_told_that_no_payment_is_known_to_be_done(
    tmp_path: Path,
) -> None:
    bill_mcp = Paying(home=tmp_path, confirm=Confirm.AUTO)
    vendor = await bill_mcp.vendor()
    bill = await bill_mcp.bill(100, vendor)
    arguments = bill_mcp.payment(bill, 60)
    first = f"This is the first payment to the vendor {vendor}."
    assert first in (await bill_mcp.asked(PAY, arguments)).question
    made = await bill_mcp.paid_in_web_page(bill, 1)
    now = f"No payment to the vendor {vendor} is known to be done yet."
    assert now in (await bill_mcp.asked(PAY, arguments)).question
    move(bill_mcp.world, "payment", made["id"], "PROCESSED")
    question = (await bill_mcp.asked(PAY, arguments)).question
    assert first not in question
    assert now not in question
