"""Recurring bills: templates from which bills are made in time before they fall due."""

from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.behaviours.bill_lines import patched_lines
from bill_mcp.simulator.behaviours.recurring_children import go_on
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.filters import boolean, ident
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.patching import merged
from bill_mcp.simulator.payment_rules import require_payer
from bill_mcp.simulator.reading import NULL
from bill_mcp.simulator.store import Store, Thing

RECURRING_BILLS = Listing(
    "recurring_bill",
    {"id": ident(), "archived": boolean(), "vendorId": ident("eq", "in")},
    sortable=("archived",),
)

OUR_FIELDS = (
    "id",
    "_seq",
    "_organizationId",
    "_createdBy",
    "_payerId",
    "_run",
    "_step",
    "_firstDueDate",
    "_lastBillId",
    "createdTime",
    "archived",
)
"""What a PUT keeps, because BILL and not the client says it."""


@behaviour("recurring_bills_list")
def list_recurring_bills(call: Call) -> Thing:
    return page(call, RECURRING_BILLS)


@behaviour("recurring_bills_get")
def get_recurring_bill(call: Call) -> Thing:
    return call.one("recurring_bill", call.path["recurringBillId"])


@behaviour("recurring_bills_create")
def create_recurring_bill(call: Call) -> Thing:
    """Add a template; bills whose time has come already are made at once."""
    body = call.body
    call.writable("vendor", body["vendorId"])
    end = body["schedule"].get("endDate")
    if end is not None and end < body["schedule"]["nextDueDate"]:
        raise invalid(("schedule.endDate", "must not be before nextDueDate"))
    fields = {
        "archived": False,
        "_createdBy": call.caller.user_id,
        "_payerId": call.caller.user_id,
        "_run": 0,
        **whole(call, body, []),
    }
    fields |= start_of(fields["schedule"])
    require_right_to_auto_pay(call, fields)
    return settled(call.world, call.add("recurring_bill", fields))


def whole(call: Call, body: Thing, old: list[Thing]) -> Thing:
    """Return the whole template that *body* means, defaults included."""
    return {
        **body,
        "schedule": {"daysInAdvance": 0, **body["schedule"]},
        "processingOptions": {
            "autoPayment": False,
            **body.get("processingOptions", {}),
        },
        "recurringBillLineItems": checked(
            numbered(call.world, old, body["recurringBillLineItems"])
        ),
    }


def numbered(store: Store, old: list[Thing], given: list[Thing]) -> list[Thing]:
    """Return the lines with ids: known ones kept, lines without one are new."""
    known = {line["id"] for line in old}
    if not {line["id"] for line in given if line.get("id")} <= known:
        raise refusal("BDC_1205")
    new = "recurring_bill_line_item"
    return [{**line, "id": line.get("id") or store.new_id(new)} for line in given]


def checked(lines: list[Thing]) -> list[Thing]:
    """Return the lines with amounts in whole cents; their sum must not be negative."""
    if sum(cents(line["amount"]) for line in lines) < 0:
        raise invalid(("recurringBillLineItems", "the amount must not be negative"))
    return [{**line, "amount": dollars(cents(line["amount"]))} for line in lines]


@behaviour("recurring_bills_replace")
def replace_recurring_bill(call: Call) -> Thing:
    """Take the body as the whole template; lines left out are removed."""
    old = call.writable("recurring_bill", call.path["recurringBillId"])
    kept = {name: old[name] for name in OUR_FIELDS if name in old}
    new = whole(call, call.body, old["recurringBillLineItems"])
    return edit(call, old, {**kept, **new})


@behaviour("recurring_bills_update")
def update_recurring_bill(call: Call) -> Thing:
    """Lay the given fields over the template; lines are edited by their ids."""
    old = call.writable("recurring_bill", call.path["recurringBillId"])
    body = dict(call.body)
    if given := body.pop("recurringBillLineItems", None):
        # BILL's sample sends a quantity, which lines of fixed amounts do not have.
        edits = [
            {name: value for name, value in line.items() if name != "quantity"}
            for line in given
        ]
        lines = patched_lines(old["recurringBillLineItems"], edits)
        body["recurringBillLineItems"] = checked(lines)
    return edit(call, old, merged(old, body))


def edit(call: Call, old: Thing, new: Thing) -> Thing:
    """Replace *old* by *new*: bills made from now on follow, earlier ones stay."""
    world = call.world
    if new["vendorId"] != old["vendorId"]:
        call.writable("vendor", new["vendorId"])
    require_right_to_auto_pay(call, new)
    if call.body.get("processingOptions", {}).get("autoPayment"):
        new["_payerId"] = call.caller.user_id
    if any(new["schedule"][name] != old["schedule"][name] for name in RHYTHM):
        new |= start_of(new["schedule"])
    new["updatedTime"] = world.stamp
    world.put("recurring_bill", old["id"], new)
    follow_on_vendor(world, old["vendorId"])
    return settled(world, new)


RHYTHM = ("period", "frequency", "nextDueDate")


def start_of(schedule: Thing) -> Thing:
    """Return the notes of a schedule whose dates are counted from its next one."""
    return {"_step": 0, "_firstDueDate": schedule["nextDueDate"]}


def settled(store: Store, recurring: Thing) -> Thing:
    """Let the vendor and the bills follow the template; return it as it then is."""
    follow_on_vendor(store, recurring["vendorId"])
    return go_on(store, recurring)


def follow_on_vendor(store: Store, vendor_id: str) -> None:
    """Keep the vendor's ``recurringPayments`` true while a template pays it."""
    vendor = store.state.tables["vendor"][vendor_id]
    pays = any(
        each["processingOptions"].get("autoPayment") and not each["archived"]
        for each in store.where("recurring_bill", "vendorId", vendor_id)
    )
    if bool(vendor.get("recurringPayments")) is not pays:
        store.put("vendor", vendor_id, {**vendor, "recurringPayments": pays})


def require_right_to_auto_pay(call: Call, recurring: Thing) -> None:
    """Let only a trusted payer switch autoPayment on, from an account that can pay."""
    if not recurring["processingOptions"].get("autoPayment"):
        return
    switched_on = call.body.get("processingOptions", {}).get("autoPayment")
    if switched_on:
        call.require_trust()
    account_id = recurring.get("paymentInformation", {}).get("bankAccountId")
    if not account_id:
        raise invalid(("paymentInformation.bankAccountId", NULL))
    if switched_on or "paymentInformation" in call.body:
        require_payer(call, {"type": "BANK_ACCOUNT", "id": account_id})


@behaviour("recurring_bills_archive")
def archive_recurring_bill(call: Call) -> Thing:
    """Make no further bills; those that are there stay owed."""
    recurring = call.archive("recurring_bill", call.path["recurringBillId"])
    follow_on_vendor(call.world, recurring["vendorId"])
    return recurring


@behaviour("recurring_bills_restore")
def restore_recurring_bill(call: Call) -> Thing:
    """Go on where it stopped; the bills of the dates between are made at once."""
    key = call.path["recurringBillId"]
    if not call.one("recurring_bill", key)["archived"]:
        return call.one("recurring_bill", key)
    return settled(call.world, call.archive("recurring_bill", key, archived=False))
