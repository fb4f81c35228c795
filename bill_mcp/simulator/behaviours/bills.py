"""Bills: what is owed to vendors."""

from collections.abc import Mapping

from bill_mcp.simulator import assumed
from bill_mcp.simulator.auto_pay import plan_auto_pay
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.behaviours.bill_lines import (
    new_lines,
    patched_lines,
    replaced_lines,
    total_of,
)
from bill_mcp.simulator.bill_amounts import amounts
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import refusal
from bill_mcp.simulator.exchange_rates import vendors_rate
from bill_mcp.simulator.filters import boolean, choice, day, ident
from bill_mcp.simulator.lifecycle import after_change
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.store import Store, Thing
from bill_mcp.simulator.vendor_credits import (
    credits_on,
    require_left,
    settle_credits,
    wanted_credits,
)

PAYMENT_STATUSES = ("UNPAID", "SCHEDULED", "PARTIAL", "PAID", "UNDEFINED")
APPROVAL_STATUSES = (
    "UNASSIGNED",
    "ASSIGNED",
    "APPROVING",
    "APPROVED",
    "DENIED",
    "UNDEFINED",
)

BILLS = Listing(
    "bill",
    {
        "id": ident(),
        "archived": boolean(),
        "vendorId": ident("eq", "in"),
        "dueDate": day("gt", "gte", "lt", "lte", "eq"),
        "paymentStatus": choice(PAYMENT_STATUSES, "eq", "ne", "in"),
        "approvalStatus": choice(APPROVAL_STATUSES, "eq"),
    },
    sortable=("dueDate", "amount"),
)


@behaviour("bills_list")
def list_bills(call: Call) -> Thing:
    return page(call, BILLS, present=lambda bill: read(call, bill))


@behaviour("bills_get")
def get_bill(call: Call) -> Thing:
    return read(call, call.one("bill", call.path["billId"]))


def read(call: Call, bill: Thing) -> Thing:
    """Show the bill as reads do: with the vendor's name, which writes do not tell."""
    vendor = call.world.get("vendor", bill["vendorId"]) or {}
    return told(call, {**bill, "vendorName": vendor.get("name")})


def told(call: Call, bill: Thing) -> Thing:
    """Show the approvers only to who asked for them, by query or in the body."""
    asked = call.query.get("billApprovals") == "true"
    if asked or call.body.get("billApprovals"):
        return bill
    return {**bill, "approvers": None}


@behaviour("bills_create")
def create_bill(call: Call) -> Thing:
    body = without_flags(call.body)
    vendor = call.writable("vendor", body["vendorId"])
    refuse_duplicate(call, vendor["id"], body["invoice"]["invoiceNumber"])
    return told(call, add_bill(call, body))


def add_bill(call: Call, body: Thing) -> Thing:
    """Add a bill for the checked *body*; its lines get ids."""
    world, given = call.world, {**body}
    used = wanted_credits(call, body["vendorId"], given.pop("vendorCredits", []))
    require_left(world, used)
    lines = new_lines(world, body["billLineItems"])
    fields: Thing = {
        "archived": False,
        **given,
        "exchangeRate": vendors_rate(world, body["vendorId"]),
        "billLineItems": lines,
        "amount": dollars(total_of(lines)),
        "approvalStatus": "UNASSIGNED",
        "approvers": [],
        "_paymentIds": (),
        "_vendorCredits": used,
    }
    fields |= amounts(world, fields)
    if fields["dueAmount"] < 0:
        raise refusal("BDC_1159")
    bill = call.add("bill", fields)
    settle_credits(world, used)
    plan_auto_pay(world, bill)
    return bill


def without_flags(body: Mapping[str, object]) -> Thing:
    return {name: value for name, value in body.items() if name != "billApprovals"}


@behaviour("bills_replace")
def replace_bill(call: Call) -> Thing:
    """Take the body as the whole bill; lines and credits left out are removed."""
    bill = call.writable("bill", call.path["billId"])
    body = without_flags(call.body)
    given = body.pop("vendorCredits", [])
    body["_vendorCredits"] = wanted_credits(call, body["vendorId"], given)
    lines = replaced_lines(call.world, bill["billLineItems"], body["billLineItems"])
    kept = {name: bill[name] for name in OUR_FIELDS if name in bill}
    return told(call, edit(call, bill, {**kept, **body, "billLineItems": lines}))


OUR_FIELDS = (
    "id",
    "_seq",
    "_organizationId",
    "_paymentIds",
    "_paidElsewhereCents",
    "_creditElsewhereCents",
    "createdTime",
    "archived",
    "amount",
    "creditAmount",
    "exchangeRate",
    "approvalStatus",
    "approvers",
)
"""What a PUT keeps, because BILL and not the client says it."""


@behaviour("bills_update")
def update_bill(call: Call) -> Thing:
    """Lay the given fields over the bill, and the given lines over its lines.

    A given credit is used for as much as it says; the others stay as they are.
    """
    bill = call.writable("bill", call.path["billId"])
    body = without_flags(call.body)
    given = body.pop("vendorCredits", [])
    new = {**bill, **body}
    used = wanted_credits(call, new["vendorId"], given)
    named = {each["id"] for each in used}
    kept = [each for each in credits_on(bill) if each["id"] not in named]
    new["_vendorCredits"] = (*kept, *used)
    if "billLineItems" in body:
        given = body["billLineItems"]
        # A given line without its classifications loses them, as at BILL.
        new["billLineItems"] = patched_lines(bill["billLineItems"], given)
    if "invoice" in body:
        new["invoice"] = {**bill["invoice"], **body["invoice"]}
    return told(call, edit(call, bill, new))


def edit(call: Call, bill: Thing, new: Thing) -> Thing:
    """Replace *bill* by *new*, if the rules allow what differs."""
    world = call.world
    moved = new["vendorId"] != bill["vendorId"]
    if moved:
        call.writable("vendor", new["vendorId"])
        if bill["scheduledAmount"] or bill["paidAmount"] or bill["creditAmount"]:
            raise refusal("BDC_9006", what="its vendor cannot change")
        new["exchangeRate"] = vendors_rate(world, new["vendorId"])
    if moved or new["invoice"] != bill["invoice"]:
        number_now = new["invoice"]["invoiceNumber"]
        refuse_duplicate(call, new["vendorId"], number_now, but=bill["id"])
    if new["billLineItems"] != bill["billLineItems"]:
        new["amount"] = dollars(total_of(new["billLineItems"]))
    require_left(world, credits_on(new), credits_on(bill))
    new |= amounts(world, new)
    if new["dueAmount"] < 0 and new["amount"] == bill["amount"]:
        raise refusal("BDC_1159")
    if new["dueAmount"] < 0:
        raise refusal("BDC_9006", what="its amount cannot be less than they are")
    if assumed.EDITS_RESET_APPROVAL and (moved or new["amount"] != bill["amount"]):
        new |= approval_again(new)
    new["updatedTime"] = world.stamp
    world.put("bill", bill["id"], new)
    settle_credits(world, credits_on(bill) + credits_on(new))
    plan_auto_pay(world, new)
    return new


def approval_again(bill: Thing) -> Thing:
    """Return the approval fields of a bill that its approvers must see once more."""
    if not bill.get("approvers"):
        return {}
    waiting = [{**each, "status": "WAITING"} for each in bill["approvers"]]
    return {"approvalStatus": "ASSIGNED", "approvers": waiting}


def refuse_duplicate(call: Call, vendor_id: str, invoice: str, but: str = "") -> None:
    """Refuse with BDC_1171 a number that another bill of the vendor has."""
    for bill in call.world.where("bill", "vendorId", vendor_id):
        counts = assumed.DUPLICATE_NUMBERS_COUNT_ARCHIVED or not bill["archived"]
        same = bill["invoice"]["invoiceNumber"] == invoice
        if counts and same and bill["id"] != but:
            raise refusal("BDC_1171")


@behaviour("bills_archive")
def archive_bill(call: Call) -> Thing:
    bill = call.one("bill", call.path["billId"])
    if not bill["archived"] and bill["scheduledAmount"]:
        raise refusal("BDC_9006", what="one is scheduled")
    if not bill["archived"] and bill["paymentStatus"] == "PAID":
        raise refusal("BDC_9006", what="it is paid")
    return told(call, call.archive("bill", bill["id"]))


@behaviour("bills_restore")
def restore_bill(call: Call) -> Thing:
    bill = call.one("bill", call.path["billId"])
    if bill["archived"]:
        number_now = bill["invoice"]["invoiceNumber"]
        refuse_duplicate(call, bill["vendorId"], number_now, but=bill["id"])
    restored = call.archive("bill", bill["id"], archived=False)
    plan_auto_pay(call.world, restored)
    return told(call, restored)


@after_change("bill")
def after_patch(store: Store, before: Thing, after: Thing) -> Thing:
    """Keep the amounts true when somebody pays outside of the API, or credits."""
    changes: Thing = {}
    for what in ("paid", "credit"):
        name, own = f"{what}Amount", f"_{what}ElsewhereCents"
        if after.get(name) != before.get(name):
            more = cents(after[name]) - cents(before[name])
            changes[own] = before.get(own, 0) + more
    changes |= amounts(store, {**after, **changes})
    bill = store.change("bill", after["id"], changes)
    plan_auto_pay(store, bill)
    return bill
