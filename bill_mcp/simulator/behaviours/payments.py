"""Paying bills: one payment, or many at once; and reading what was paid."""

from bill_mcp.bank_days import central_day
from bill_mcp.simulator import assumed
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.behaviours.bills import add_bill
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import CODES, BillError, Fault, invalid, refusal
from bill_mcp.simulator.filters import choice, day, ident, number
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.payment_making import make_payment
from bill_mcp.simulator.payment_rules import (
    PAYMENT_TYPES,
    process_date,
    require_funds,
    require_new_number,
    require_payable,
    require_payer,
)
from bill_mcp.simulator.store import Thing
from bill_mcp.simulator.vendor_credits import require_left, total_of, wanted_credits

STATUSES = (
    "APPROVING",
    "PENDING",
    "SCHEDULED",
    "PAID",
    "VOID",
    "CANCELLED",
    "FAILED",
    "UNDEFINED",
)
DISBURSEMENT_TYPES = (
    *PAYMENT_TYPES.values(),
    "INTERNATIONAL",
    "VCARD",
    "AMEX",
    "OFFLINE",
    "UNDEFINED",
)

PAYMENTS = Listing(
    "payment",
    {
        "id": ident(),
        "vendorId": ident("eq", "ne", "in"),
        "status": choice(STATUSES),
        "disbursementType": choice(DISBURSEMENT_TYPES),
        "processDate": day(),
        "amount": number(),
    },
    sortable=("processDate", "amount"),
)


@behaviour("payments_list")
def list_payments(call: Call) -> Thing:
    return page(call, PAYMENTS)


@behaviour("payments_get")
def get_payment(call: Call) -> Thing:
    return call.one("payment", call.path["paymentId"])


@behaviour("payments_create")
def create_payment(call: Call) -> Thing:
    body = call.body
    require_payer(call, body["fundingAccount"])
    require_new_number(call, body.get("transactionNumber"))
    creates = body["processingOptions"].get("createBill")
    if creates:
        bill = bill_to_pay(call)
    elif "billId" not in body:
        raise invalid(("billId", "must not be null when createBill is false"))
    else:
        bill = call.one("bill", body["billId"])
        if body.get("vendorId", bill["vendorId"]) != bill["vendorId"]:
            raise refusal("BDC_9009")
    used = wanted_credits(call, bill["vendorId"], body.get("vendorCredits", []))
    if not creates:
        require_payable(bill, body["amount"], total_of(used))
    require_left(call.world, used)
    vendor = call.writable("vendor", bill["vendorId"])
    require_funds(call, body, vendor, body["amount"])
    day_of = process_date(call.world, body, vendor, vendor["billCurrency"])
    return make_payment(call, body, vendor, [(bill, body["amount"])], day_of, used)


def bill_to_pay(call: Call) -> Thing:
    """Make the bill of a payment with createBill.

    No duplicate check, no approval, nothing to overpay: sent twice it pays twice.
    """
    body = call.body
    for name in ("billId", "vendorCredits"):
        if body.get(name):
            raise invalid((name, "must be null when createBill is true"))
    if "vendorId" not in body:
        raise invalid(("vendorId", "must not be null when createBill is true"))
    if body["amount"] <= 0:
        raise invalid(("amount", "must be greater than 0"))
    vendor = call.writable("vendor", body["vendorId"])
    today = central_day(call.world.now).isoformat()
    invoice = {"invoiceNumber": f"PAY-{today}", "invoiceDate": today}
    line = {"amount": body["amount"], "description": body.get("description")}
    return add_bill(
        call,
        {
            "vendorId": vendor["id"],
            "dueDate": body.get("processDate", today),
            "invoice": invoice,
            "billLineItems": [line],
        },
    )


@behaviour("payments_create_bulk")
def create_payments(call: Call) -> Thing:
    """Pay all bills or none; a vendor with combinePayments gets fewer payments."""
    body = call.body
    require_payer(call, body["fundingAccount"])
    require_new_number(call, body.get("transactionNumber"))
    refused: dict[int, BillError] = {}
    made = []
    for group in groups(call, refused):
        bills = []
        for position, item in group:
            try:
                # Asked anew, since an earlier item may have paid the same bill.
                bill = call.one("bill", item["billId"])
                require_payable(bill, item["amount"])
                wanted = body.get("vendorId", bill["vendorId"])
                if wanted != bill["vendorId"]:
                    raise refusal("BDC_9009")
                bills.append((bill, item["amount"]))
            except BillError as error:
                refused[position] = error
        if refused or not bills:
            continue
        vendor = call.writable("vendor", bills[0][0]["vendorId"])
        require_funds(call, body, vendor, sum(amount for _, amount in bills))
        day_of = process_date(call.world, body, vendor, vendor["billCurrency"])
        made.append(make_payment(call, body, vendor, bills, day_of))
    if refused:
        raise bulk_refusal(body["payments"], refused)
    return {"payments": made}


Group = list[tuple[int, Thing]]


def groups(call: Call, refused: dict[int, BillError]) -> list[Group]:
    """Cut the items into what becomes one payment each, in the order they came."""
    out: list[Group] = []
    open_groups: dict[str, Group] = {}
    for position, item in enumerate(call.body["payments"]):
        bill = call.world.get("bill", item["billId"]) or {}
        vendor = call.world.get("vendor", bill.get("vendorId", "")) or {}
        combines = vendor.get("additionalInfo", {}).get("combinePayments", False)
        group = open_groups.get(vendor.get("id", "")) if combines else None
        paid = {other["billId"] for _, other in group or []}
        full = len(paid) == assumed.BILLS_PER_COMBINED_PAYMENT
        if group is None or full or item["billId"] in paid:
            group = []
            out.append(group)
            open_groups[vendor.get("id", "")] = group
        group.append((position, item))
    return out


def bulk_refusal(items: list[Thing], refused: dict[int, BillError]) -> BillError:
    """Return one error for all items: the faults of some, BDC_1246 for the others."""
    faults = []
    for position, item in enumerate(items):
        if error := refused.get(position):
            faults += [
                Fault(f"{item['billId']} : {each.message}", each.code, each.category)
                for each in error.faults
            ]
        else:
            code = CODES["BDC_1246"]
            text = f"{item['billId']} : {code.message}"
            faults.append(Fault(text, "BDC_1246", code.category))
    return BillError(next(iter(refused.values())).status, faults)
