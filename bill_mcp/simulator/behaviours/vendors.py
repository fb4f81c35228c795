"""Vendors: who gets paid."""

from bill_mcp.simulator import assumed
from bill_mcp.simulator.addresses import with_country_names
from bill_mcp.simulator.auto_pay import plan_auto_pays
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.behaviours.vendor_audit import note_creation, note_edit
from bill_mcp.simulator.behaviours.vendor_bank_accounts import shown_account
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.filters import boolean, choice, ident, text
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.patching import merged
from bill_mcp.simulator.store import Store, Thing

ACCOUNT_TYPES = ("BUSINESS", "PERSON", "NONE", "UNDEFINED")
PAYMENT_STATUSES = ("UNPAID", "SCHEDULED", "PARTIAL", "PAID", "UNDEFINED")

VENDORS = Listing(
    "vendor",
    {
        "id": ident(),
        "archived": boolean(),
        "name": text("eq", "sw"),
        "accountType": choice(ACCOUNT_TYPES),
        "billCurrency": ident("eq", "ne", "in", "nin"),
        "paymentStatus": choice(PAYMENT_STATUSES),
    },
    sortable=("name",),
)


@behaviour("vendors_list")
def list_vendors(call: Call) -> Thing:
    return page(call, VENDORS, present=lambda vendor: list_row(call.world, vendor))


@behaviour("vendors_get")
def get_vendor(call: Call) -> Thing:
    return with_balance(call.world, call.one("vendor", call.path["vendorId"]))


@behaviour("vendors_create")
def create_vendor(call: Call) -> Thing:
    """Add a vendor. A second one of the same name is another payee, and no error."""
    require_right_to_auto_pay(call)
    information = dict(call.body.get("paymentInformation", {}))
    account = information.pop("bankAccount", None)
    fields: Thing = {
        "archived": False,
        "accountType": "NONE",
        "billCurrency": "USD",
        "networkStatus": "NOT_CONNECTED",
        "bankAccountStatus": "NO_ACCOUNT",
        "recurringPayments": False,
        **call.body,
        "paymentInformation": {
            "payeeName": call.body["name"],
            "payByType": "CHECK",
            "payBySubType": "NONE",
            **information,
        },
    }
    if auto_pay := call.body.get("autoPay"):
        fields["autoPay"] = switched_on(call, auto_pay)
    vendor = call.add("vendor", fields)
    if account:
        changes = shown_account(call.world, vendor, account)
        vendor = call.world.change("vendor", vendor["id"], changes)
    note_creation(call, vendor)
    return with_balance(call.world, vendor)


@behaviour("vendors_update")
def update_vendor(call: Call) -> Thing:
    """Lay the given fields over the vendor; its bank account cannot be reached so."""
    vendor = call.writable("vendor", call.path["vendorId"])
    require_right_to_auto_pay(call)
    changes = merged(vendor, call.body)
    if auto_pay := call.body.get("autoPay"):
        known = vendor.get("autoPay", {})
        on_already = known.get("enabled")
        own = known if on_already else switched_on(call, known)
        changes["autoPay"] = {**own, **auto_pay}
    changes["updatedTime"] = call.world.stamp
    edited = call.world.change("vendor", vendor["id"], changes)
    plan_auto_pays(call.world, edited)
    note_edit(call, vendor, edited)
    return with_balance(call.world, edited)


@behaviour("vendors_archive")
def archive_vendor(call: Call) -> Thing:
    return set_archived(call, archived=True)


@behaviour("vendors_restore")
def restore_vendor(call: Call) -> Thing:
    return set_archived(call, archived=False)


def set_archived(call: Call, *, archived: bool) -> Thing:
    before = call.one("vendor", call.path["vendorId"])
    vendor = call.archive("vendor", before["id"], archived=archived)
    plan_auto_pays(call.world, vendor)
    note_edit(call, before, vendor)
    return with_balance(call.world, vendor)


def require_right_to_auto_pay(call: Call) -> None:
    """Let only a trusted session switch autoPay on, with a verified account."""
    auto_pay = call.body.get("autoPay", {})
    if not auto_pay.get("enabled"):
        return
    call.require_trust()
    account = call.world.get("bank_account", auto_pay.get("bankAccountId", ""))
    if account is None or account["_organizationId"] != call.organization_id:
        raise invalid(("autoPay.bankAccountId", "must be one of your bank accounts"))
    if account["archived"] or account["status"] != "VERIFIED":
        raise refusal("BDC_1151")


def switched_on(call: Call, auto_pay: Thing) -> Thing:
    """Return autoPay as it is noted: who switched it on pays, bills from then on."""
    own = {"createdBy": call.caller.user_id, "_since": call.world.stamp}
    return {**auto_pay, **own}


def with_balance(store: Store, vendor: Thing) -> Thing:
    """Add what is owed to the vendor, the due amounts of its bills, and countries."""
    owed = sum(
        cents(bill["dueAmount"])
        for bill in store.where("bill", "vendorId", vendor["id"])
        if not bill["archived"]
    )
    balance = {"amount": dollars(owed), "lastUpdatedDate": store.stamp}
    return {**with_country_names(vendor), "balance": balance}


def list_row(store: Store, vendor: Thing) -> Thing:
    information = {
        name: value
        for name, value in vendor["paymentInformation"].items()
        if name not in assumed.VENDOR_ROWS_OMIT
    }
    return with_balance(store, {**vendor, "paymentInformation": information})
