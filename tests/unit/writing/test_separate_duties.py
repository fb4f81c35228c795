"""Who has a hand in what is owed does not pay it, by whatever way it came about."""

from __future__ import annotations

from typing import Any

import pytest
from support.other_spellings import take_any_case
from support.paying import ACCOUNT, BULK, Paying
from support.payments import rules
from support.self_paying import SCHEDULE, new_bill, recurring

from bill_mcp.errors import Outcome
from bill_mcp.simulator.lifecycle import move

pytestmark = pytest.mark.anyio

VOID = "bill_void_a_payment"
AT_ONCE = SCHEDULE | {"nextDueDate": "2026-11-25"}
"""Due so soon that BILL makes the first bill as soon as it has the template."""


@pytest.fixture
def bill_mcp() -> Paying:
    return Paying(rules=rules(separate_duties=True))


def due_at_once(vendor: str) -> dict[str, Any]:
    return recurring(vendor, pays=False) | {"schedule": AT_ONCE}


def bills_of(bill_mcp: Paying, vendor: str) -> list[str]:
    rows = bill_mcp.world.rows("bill")
    return [row["id"] for row in rows if row["vendorId"] == vendor]


async def not_sent_anew_by_clerk(bill_mcp: Paying, paid: str) -> dict[str, Any]:
    """The arguments with which somebody else may have it sent anew."""
    move(bill_mcp.world, "payment", paid, "PROCESSED")
    anew = {"paymentId": paid, "type": "VOID_AND_REISSUE", "reason": "lost"}
    told = await bill_mcp.refused(VOID, anew, by="clerk")
    assert (told.code, told.outcome) == ("separate_duties", Outcome.NOT_DONE)
    return anew


async def not_paid_by_clerk(bill_mcp: Paying, bill: str, amount: float) -> None:
    told = await bill_mcp.not_paid(bill, amount, by="clerk")
    assert (told.code, told.outcome) == ("separate_duties", Outcome.NOT_DONE)
    await bill_mcp.pay(bill, amount, by="payer")


# What BILL makes of a recurring bill


async def test_who_enters_a_recurring_bill_does_not_pay_the_bills_made_of_it(
    bill_mcp: Paying,
) -> None:
    vendor = await bill_mcp.vendor()
    name = "bill_create_a_recurring_bill"
    await bill_mcp.call(name, due_at_once(vendor), by="clerk")
    [made] = bills_of(bill_mcp, vendor)
    told = await bill_mcp.not_paid(made, 900, by="clerk")
    assert "a recurring bill of its vendor" in str(told)
    await not_paid_by_clerk(bill_mcp, made, 900)


@pytest.mark.parametrize("is_lost", [False, True], ids=["answered", "lost"])
async def test_who_changes_a_recurring_bill_does_not_pay_the_bills_made_of_it(
    bill_mcp: Paying, is_lost: bool
) -> None:
    vendor = await bill_mcp.vendor()
    body = recurring(vendor, pays=False)
    made = await bill_mcp.web_page("POST", "/v3/recurringbills", body)
    name, key = "bill_update_a_recurring_bill", made["id"]
    change = {"recurringBillId": key, "description": "Rent of the office"}
    if is_lost:
        path = f"/v3/recurringbills/{key}"
        bill_mcp.fault(path, method="PATCH", drop="after")
        lost = await bill_mcp.refused(name, change, by="clerk")
        assert lost.outcome is Outcome.UNKNOWN
    else:
        await bill_mcp.call(name, change, by="clerk")
    await not_paid_by_clerk(bill_mcp, await bill_mcp.bill(50, vendor), 50)


async def test_who_brings_a_recurring_bill_back_does_not_pay_the_bills_made_of_it(
    bill_mcp: Paying,
) -> None:
    vendor = await bill_mcp.vendor()
    body = recurring(vendor, pays=False)
    made = await bill_mcp.web_page("POST", "/v3/recurringbills", body)
    await bill_mcp.web_page("POST", f"/v3/recurringbills/{made['id']}/archive")
    restoring = {"recurringBillId": made["id"]}
    name = "bill_restore_an_archived_recurring_bill"
    await bill_mcp.call(name, restoring, by="clerk")
    bill_mcp.pass_time(30 * 86400)
    for bill in bills_of(bill_mcp, vendor):
        await not_paid_by_clerk(bill_mcp, bill, 900)
    assert bills_of(bill_mcp, vendor)


async def test_who_may_have_entered_a_recurring_bill_does_not_pay_its_vendor(
    bill_mcp: Paying,
) -> None:
    vendor = await bill_mcp.vendor()
    bill_mcp.fault("/v3/recurringbills", drop="after")
    name = "bill_create_a_recurring_bill"
    lost = await bill_mcp.refused(name, due_at_once(vendor), "clerk")
    assert lost.outcome is Outcome.UNKNOWN
    [made] = bills_of(bill_mcp, vendor)
    await not_paid_by_clerk(bill_mcp, made, 900)


async def test_who_gives_a_recurring_bill_to_another_vendor_pays_neither(
    bill_mcp: Paying,
) -> None:
    old, new = await bill_mcp.vendor("Old"), await bill_mcp.vendor("New")
    made = await bill_mcp.web_page("POST", "/v3/recurringbills", due_at_once(old))
    moving = {"recurringBillId": made["id"], "vendorId": new}
    await bill_mcp.call("bill_update_a_recurring_bill", moving, by="clerk")
    await not_paid_by_clerk(bill_mcp, await bill_mcp.bill(60, old), 60)
    await not_paid_by_clerk(bill_mcp, await bill_mcp.bill(50, new), 50)


async def test_who_enters_a_recurring_bill_may_pay_every_other_vendor(
    bill_mcp: Paying,
) -> None:
    body = due_at_once(await bill_mcp.vendor())
    await bill_mcp.call("bill_create_a_recurring_bill", body, by="clerk")
    await bill_mcp.pay(await bill_mcp.bill(50), 50, by="clerk")


# Payments that are sent anew


async def test_who_entered_a_bill_does_not_have_its_payment_sent_anew(
    bill_mcp: Paying,
) -> None:
    vendor = await bill_mcp.vendor()
    made = await bill_mcp.call("bill_create_a_bill", new_bill(vendor), by="clerk")
    paid = await bill_mcp.pay(made["id"], 100, by="payer")
    anew = await not_sent_anew_by_clerk(bill_mcp, paid["id"])
    await bill_mcp.call(VOID, anew, by="payer")


async def test_who_entered_one_of_the_bills_does_not_have_their_payment_sent_anew(
    bill_mcp: Paying,
) -> None:
    vendor = await bill_mcp.vendor(additionalInfo={"combinePayments": True})
    made = await bill_mcp.call("bill_create_a_bill", new_bill(vendor), by="clerk")
    bills = [await bill_mcp.bill(50, vendor), made["id"]]
    together = {
        "payments": [{"billId": bill, "amount": 50} for bill in bills],
        "fundingAccount": {"type": "BANK_ACCOUNT", "id": bill_mcp.account},
    }
    await bill_mcp.call(BULK, together, by="payer")
    [paid] = bill_mcp.payments()
    await not_sent_anew_by_clerk(bill_mcp, paid["id"])


async def test_who_entered_a_bill_may_stop_its_payment(bill_mcp: Paying) -> None:
    vendor = await bill_mcp.vendor()
    made = await bill_mcp.call("bill_create_a_bill", new_bill(vendor), by="clerk")
    paid = await bill_mcp.pay(made["id"], 100, by="payer")
    move(bill_mcp.world, "payment", paid["id"], "PROCESSED")
    only = {"paymentId": paid["id"], "type": "VOID_ONLY", "reason": "wrong"}
    await bill_mcp.call(VOID, only, by="clerk")


# Ids in another spelling, where BILL takes them


async def test_who_changes_a_bill_by_another_spelling_of_its_id_does_not_pay_it(
    bill_mcp: Paying, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = await bill_mcp.bill(100)
    take_any_case(bill_mcp, monkeypatch)
    change = {"billId": bill.upper(), "description": "Office"}
    await bill_mcp.call("bill_update_a_bill", change, by="clerk")
    await not_paid_by_clerk(bill_mcp, bill, 100)


async def test_who_may_have_changed_a_bill_by_another_spelling_does_not_pay_it(
    bill_mcp: Paying, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = await bill_mcp.bill(100)
    take_any_case(bill_mcp, monkeypatch)
    key = bill.upper()
    bill_mcp.fault(f"/v3/bills/{key}", method="PATCH", drop="after")
    change = {"billId": key, "description": "Office"}
    lost = await bill_mcp.refused("bill_update_a_bill", change, by="clerk")
    assert lost.outcome is Outcome.UNKNOWN
    await not_paid_by_clerk(bill_mcp, bill, 100)


async def test_who_enters_bank_details_by_another_spelling_does_not_pay_that_vendor(
    bill_mcp: Paying, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = await bill_mcp.vendor("No account", paymentInformation={})
    bill = await bill_mcp.bill(100, vendor)
    take_any_case(bill_mcp, monkeypatch)
    entering = ACCOUNT | {"vendorId": vendor.upper()}
    await bill_mcp.call("bill_create_a_vendor_bank_account", entering, by="clerk")
    await not_paid_by_clerk(bill_mcp, bill, 100)
