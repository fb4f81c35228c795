"""The bills that a recurring bill makes when it is time, and their payments."""

from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, cast

from bill_mcp.bank_days import central_day, is_bank_day, next_bank_day
from bill_mcp.simulator import assumed
from bill_mcp.simulator.behaviours.bills import add_bill, approval_again
from bill_mcp.simulator.call import Call, Caller
from bill_mcp.simulator.errors import BillError, invalid
from bill_mcp.simulator.lifecycle import due_event
from bill_mcp.simulator.operations import operations
from bill_mcp.simulator.payment_making import make_payment
from bill_mcp.simulator.payment_rules import (
    process_date,
    require_payable,
    require_payer,
)
from bill_mcp.simulator.recurring_dates import due_date, has_ended, making_moment
from bill_mcp.simulator.store import Store, Thing

if TYPE_CHECKING:
    from bill_mcp.simulator.world import World


def go_on(store: Store, recurring: Thing) -> Thing:
    """Make every bill whose time has come, and plan the one after them.

    Raises:
        BillError: 400; the dates lie so far back that there would be too many.
    """
    made = 0
    while not recurring["archived"] and not has_ended(recurring["schedule"]):
        moment = making_moment(recurring["schedule"])
        if moment > store.now:
            run = recurring["_run"] + 1
            recurring = {**recurring, "_run": run}
            store.put("recurring_bill", recurring["id"], recurring)
            store.schedule(moment, "recurring_bill", id=recurring["id"], run=run)
            break
        made += 1
        if made > assumed.RECURRING_BILLS_AT_MOST:
            raise invalid(("schedule.nextDueDate", "lies too far in the past"))
        recurring = make_bill(store, recurring)
    return recurring


@due_event("recurring_bill")
def when_due(store: Store, about: Thing) -> None:
    """Make the planned bill, unless the schedule was changed after it was planned."""
    recurring = store.get("recurring_bill", about["id"])
    if recurring and recurring["_run"] == about["run"]:
        go_on(store, recurring)


def make_bill(store: Store, recurring: Thing) -> Thing:
    """Make the bill of the next due date, and go to the date after it."""
    schedule = recurring["schedule"]
    changes: Thing = {}
    if is_wanted(store, recurring):
        bill = add_child(store, recurring)
        changes["_lastBillId"] = bill["id"]
        if recurring["processingOptions"].get("autoPayment"):
            pay_child(store, recurring, bill)
    step = recurring["_step"] + schedule["frequency"]
    first = date.fromisoformat(recurring["_firstDueDate"])
    following = due_date(first, schedule["period"], step).isoformat()
    changes |= {"_step": step, "schedule": {**schedule, "nextDueDate": following}}
    return store.change("recurring_bill", recurring["id"], changes)


def is_wanted(store: Store, recurring: Thing) -> bool:
    """Say whether the next due date brings a bill; without one it just passes."""
    vendor_id, due = recurring["vendorId"], recurring["schedule"]["nextDueDate"]
    archived = store.state.tables["vendor"][vendor_id]["archived"]
    if archived and not assumed.RECURRING_BILLS_OF_ARCHIVED_VENDORS:
        return False
    return assumed.RECURRING_NUMBERS_MAY_REPEAT or all(
        bill["invoice"]["invoiceNumber"] != due
        for bill in store.where("bill", "vendorId", vendor_id)
    )


def add_child(store: Store, recurring: Thing) -> Thing:
    """Add the bill; its number is its due date, its approvers are the last bill's."""
    due = recurring["schedule"]["nextDueDate"]
    body = {
        "vendorId": recurring["vendorId"],
        "dueDate": due,
        "invoice": {
            "invoiceNumber": due,
            "invoiceDate": central_day(store.now).isoformat(),
        },
        "billLineItems": [
            {name: value for name, value in line.items() if name != "id"}
            for line in recurring["recurringBillLineItems"]
        ],
    }
    if "description" in recurring:
        body["description"] = recurring["description"]
    bill = add_bill(in_the_name_of(store, recurring, "_createdBy"), body)
    last = store.get("bill", recurring.get("_lastBillId", "")) or {}
    own = {"_recurringBillId": recurring["id"], **approval_again(last)}
    return store.change("bill", bill["id"], own)


def pay_child(store: Store, recurring: Thing, bill: Thing) -> None:
    """Pay the bill in the name of who asked for it; where a rule forbids, it waits."""
    call = in_the_name_of(store, recurring, "_payerId")

    def pay() -> None:
        account_id = recurring["paymentInformation"]["bankAccountId"]
        account = {"type": "BANK_ACCOUNT", "id": account_id}
        vendor = call.writable("vendor", bill["vendorId"])
        require_payer(call, account)
        require_payable(bill, bill["dueAmount"])
        body: Thing = {"fundingAccount": account}
        if vendor["billCurrency"] == "USD":
            body["processDate"] = day_to_pay(store, bill["dueDate"]).isoformat()
        day = process_date(store, body, vendor, vendor["billCurrency"])
        make_payment(call, body, vendor, [(bill, bill["dueAmount"])], day)

    with suppress(BillError):
        pay()


def day_to_pay(store: Store, due: str) -> date:
    """Return the last bank day until the due date, at the earliest the next one."""
    first = next_bank_day(central_day(store.now))
    last = date.fromisoformat(due)
    while last > first and not is_bank_day(last):
        last = date.fromordinal(last.toordinal() - 1)
    return max(first, last)


def in_the_name_of(store: Store, recurring: Thing, who: str) -> Call:
    caller = Caller("", recurring[who], recurring["_organizationId"])
    facts = operations()["bills_create"]
    return Call(cast("World", store), facts, caller, {}, {}, {})
