"""The one bank account a vendor may have."""

from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.behaviours.vendor_audit import note_edit
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import refusal
from bill_mcp.simulator.patching import masked
from bill_mcp.simulator.store import Store, Thing


@behaviour("vendors_get_bank_account")
def get_bank_account(call: Call) -> Thing:
    vendor = call.one("vendor", call.path["vendorId"])
    if "_accountNumber" not in vendor:
        raise refusal("BDC_1205")
    account: Thing = vendor["paymentInformation"]["bankAccount"]
    return account


@behaviour("vendors_create_bank_account")
def create_bank_account(call: Call) -> Thing:
    """Let the vendor be paid by ACH; changing an account is deleting and creating."""
    vendor = call.writable("vendor", call.path["vendorId"])
    linked = vendor["networkStatus"] != "NOT_CONNECTED"
    if "_accountNumber" in vendor or linked or vendor.get("rppsId"):
        raise refusal("BDC_1233")
    changes = shown_account(call.world, vendor, call.body)
    edited = call.world.change("vendor", vendor["id"], changes)
    note_edit(call, vendor, edited)
    account: Thing = changes["paymentInformation"]["bankAccount"]
    return account


@behaviour("vendors_delete_bank_account")
def delete_bank_account(call: Call) -> None:
    """Delete it; a payment that is under way goes on, later ones go by check."""
    vendor = call.one("vendor", call.path["vendorId"])
    if "_accountNumber" not in vendor:
        raise refusal("BDC_1205")
    information = dict(vendor["paymentInformation"])
    del information["bankAccount"]
    information |= {"payByType": "CHECK", "payBySubType": "NONE"}
    left = {
        name: value for name, value in vendor.items() if not name.startswith("_account")
    }
    left |= {
        "bankAccountStatus": "NO_ACCOUNT",
        "paymentInformation": information,
        "updatedTime": call.world.stamp,
    }
    call.world.put("vendor", vendor["id"], left)
    note_edit(call, vendor, left)


def shown_account(store: Store, vendor: Thing, account: Thing) -> Thing:
    """Return what having *account* changes in the vendor; its number is masked."""
    abroad = vendor["address"].get("country", "US") != "US"
    shown = {
        "type": "CHECKING",
        "ownerType": "BUSINESS",
        "nameOnAccount": vendor["name"],
        **account,
        "accountNumber": masked(account["accountNumber"]),
    }
    return {
        "_accountNumber": account["accountNumber"],
        "_accountSince": store.stamp,
        "bankAccountStatus": "NO_NET_LINKED_ACCOUNT",
        "paymentInformation": {
            **vendor["paymentInformation"],
            "payByType": "ACH",
            "payBySubType": "LOCAL" if abroad else "ACH",
            "bankAccount": shown,
        },
    }
