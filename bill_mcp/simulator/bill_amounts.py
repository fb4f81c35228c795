"""What of a bill is scheduled, paid and due: computed in one place, always all of it.

``dueAmount = amount - creditAmount - scheduledAmount - paidAmount``, whatever happens.
"""

from bill_mcp.simulator import assumed
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.store import Store, Thing


def settle(store: Store, bill_id: str) -> Thing:
    """Recompute the bill from its payments; replace it only if something differs."""
    bill = store.state.tables["bill"][bill_id]
    changes = amounts(store, bill)
    if all(bill.get(name) == value for name, value in changes.items()):
        return bill
    return store.change("bill", bill_id, changes)


def amounts(store: Store, bill: Thing) -> Thing:
    """Return the fields of *bill* that follow from its amount and its payments."""
    total = cents(bill["amount"])
    credit = bill.get("_creditElsewhereCents", 0)
    credit += sum(cents(each["amount"]) for each in bill.get("_vendorCredits", ()))
    counted = {"scheduled": 0, "paid": bill.get("_paidElsewhereCents", 0), "none": 0}
    for payment_id in bill.get("_paymentIds", ()):
        payment = store.state.tables["payment"][payment_id]
        where = assumed.PAYMENT_STATES[payment["singleStatus"]][2]
        paid, from_credits = parts_for(payment, bill["id"])
        counted[where] += paid
        credit += from_credits if where != "none" else 0
    due = total - credit - counted["scheduled"] - counted["paid"]
    return {
        "creditAmount": dollars(credit),
        "scheduledAmount": dollars(counted["scheduled"]),
        "paidAmount": dollars(counted["paid"]),
        "dueAmount": dollars(due),
        "exchangeRate": bill.get("exchangeRate", 1.0),
        "fundingAmount": dollars(round(total * bill.get("exchangeRate", 1.0))),
        "paymentStatus": payment_status(
            due, counted["scheduled"], counted["paid"] + credit
        ),
    }


def parts_for(payment: Thing, bill_id: str) -> tuple[int, int]:
    """Return the cents that *payment* brings to one bill: paid, and from credits."""
    parts = [part for part in payment["billPayments"] if part["billId"] == bill_id]
    paid = sum(cents(part["amount"]) for part in parts)
    used = sum(
        cents(each["amount"]) for part in parts for each in part["vendorCredits"]
    )
    return paid, used


def payment_status(due: int, scheduled: int, settled: int) -> str:
    """Return BILL's word; a bill with anything scheduled is SCHEDULED [assumed]."""
    if scheduled:
        return "SCHEDULED"
    if not settled:
        return "UNPAID"
    return "PARTIAL" if due > 0 else "PAID"
