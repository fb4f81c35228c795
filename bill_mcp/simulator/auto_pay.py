"""Vendors that are paid by themselves: each open bill some days before it is due.

A bill's payment is planned whenever the bill or its vendor changes, and made when the
clock gets there: in the name of who switched autoPay on, whose rights must still do. A
bill that cannot be paid then (not approved, too large, a bank account lost) waits for
the next change of itself or of its vendor.
"""

from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, cast

from bill_mcp.bank_days import central_day, is_bank_day, next_bank_day
from bill_mcp.simulator import assumed
from bill_mcp.simulator.call import Call, Caller
from bill_mcp.simulator.errors import BillError, refusal
from bill_mcp.simulator.lifecycle import after_change, due_event
from bill_mcp.simulator.operations import operations
from bill_mcp.simulator.payment_making import make_payment
from bill_mcp.simulator.payment_rules import (
    process_date,
    require_payable,
    require_payer,
)
from bill_mcp.simulator.store import Store, Thing
from bill_mcp.simulator.times import central_moment, stamp

if TYPE_CHECKING:
    from bill_mcp.simulator.world import World


def plan_auto_pay(store: Store, bill: Thing) -> None:
    """Plan the payment of a bill, if its vendor is paid by itself."""
    vendor = store.get("vendor", bill["vendorId"])
    if vendor is None or not is_to_pay(vendor, bill):
        return
    moment = max(moment_of(vendor, bill), next_steps(store.now))
    at = stamp(moment)
    if bill.get("_autoPayTime") != at:
        store.put("bill", bill["id"], {**bill, "_autoPayTime": at})
        store.schedule(moment, "auto_pay", id=bill["id"], at=at)


def plan_auto_pays(store: Store, vendor: Thing) -> None:
    """Plan anew what the vendor's open bills need after autoPay was changed."""
    if not vendor.get("autoPay", {}).get("enabled"):
        return
    for bill in store.where("bill", "vendorId", vendor["id"]):
        plan_auto_pay(store, bill)


def is_to_pay(vendor: Thing, bill: Thing) -> bool:
    auto_pay = vendor.get("autoPay", {})
    return bool(
        auto_pay.get("enabled")
        and not vendor["archived"]
        and not bill["archived"]
        and bill["dueAmount"] > 0
        and bill["dueAmount"] <= auto_pay.get("maxAmount", bill["dueAmount"])
        and is_covered(auto_pay, bill)
    )


def is_covered(auto_pay: Thing, bill: Thing) -> bool:
    since = auto_pay.get("_since", "")
    return assumed.AUTO_PAY_COVERS_EARLIER_BILLS or bill["createdTime"] >= since


def day_to_pay(vendor: Thing, bill: Thing) -> date:
    """Return the bank day on which the payment is to be processed."""
    days = vendor["autoPay"].get("daysBeforeDueDate", assumed.AUTO_PAY_DAYS_BEFORE)
    day = date.fromisoformat(bill["dueDate"]) - timedelta(days=days)
    return bank_day_until(day)


def bank_day_until(day: date) -> date:
    while not is_bank_day(day):
        day -= timedelta(days=1)
    return day


def moment_of(vendor: Thing, bill: Thing) -> datetime:
    """Return when the payment is scheduled: on the bank day before it is processed."""
    before = bank_day_until(day_to_pay(vendor, bill) - timedelta(days=1))
    return central_moment(before, assumed.PROCESSING_HOUR)


def next_steps(now: datetime) -> datetime:
    """Return when BILL's next daily steps are; never now, so no request itself pays."""
    today = central_moment(central_day(now), assumed.PROCESSING_HOUR)
    if today > now:
        return today
    tomorrow = central_day(now) + timedelta(days=1)
    return central_moment(tomorrow, assumed.PROCESSING_HOUR)


@due_event("auto_pay")
def when_due(store: Store, about: Thing) -> None:
    """Pay the bill, unless it was planned anew or needs no payment any more."""
    bill = store.get("bill", about["id"])
    if bill is None or bill.get("_autoPayTime") != about["at"]:
        return
    bill = {name: value for name, value in bill.items() if name != "_autoPayTime"}
    store.put("bill", bill["id"], bill)
    vendor = store.get("vendor", bill["vendorId"])
    if vendor is not None and is_to_pay(vendor, bill):
        with suppress(BillError):
            pay(store, vendor, bill)


def pay(store: Store, vendor: Thing, bill: Thing) -> None:
    """Pay all that is due, in the name of who switched autoPay on.

    Raises:
        BillError: that person, the account or the bill does not allow it.
    """
    auto_pay = vendor["autoPay"]
    caller = Caller("", auto_pay["createdBy"], bill["_organizationId"])
    facts = operations()["payments_create"]
    call = Call(cast("World", store), facts, caller, {}, {}, {})
    if call.user.get("archived"):
        raise refusal("BDC_1150")
    account = {"type": "BANK_ACCOUNT", "id": auto_pay.get("bankAccountId")}
    require_payer(call, account)
    require_payable(bill, bill["dueAmount"])
    first = next_bank_day(central_day(store.now))
    wanted = max(first, day_to_pay(vendor, bill))
    body: Thing = {"fundingAccount": account, "processDate": wanted.isoformat()}
    day = process_date(store, body, vendor, vendor["billCurrency"])
    make_payment(call, body, vendor, [(bill, bill["dueAmount"])], day)


@after_change("vendor")
def after_patch(store: Store, before: Thing, after: Thing) -> Thing:
    """Plan anew when somebody set the vendor's fields."""
    plan_auto_pays(store, after)
    return after
