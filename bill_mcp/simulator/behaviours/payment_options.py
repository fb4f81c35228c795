"""How a vendor could be paid now: with which account, at what cost, and until when."""

from typing import Any

from bill_mcp.bank_days import add_bank_days, central_day, next_bank_day
from bill_mcp.simulator import assumed
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import BillError
from bill_mcp.simulator.funding_cards import (
    USER_NOT_VERIFIED,
    fee_for,
    purposes_for,
    why_not_card,
)
from bill_mcp.simulator.payment_rules import disbursement_type, may_use
from bill_mcp.simulator.store import Thing


@behaviour("payments_list_options")
def list_options(call: Call) -> Thing:
    """Say of each bank and card account whether it could pay, and why not."""
    vendor = call.one("vendor", call.query["vendorId"])
    amount: float = call.query["amount"]
    cannot, dates = when(call, vendor)
    own, world = call.organization_id, call.world
    banks = [
        {
            "id": account["id"],
            "name": f"{account['bankName']} {account['accountNumber'][-4:]}",
            "fee": 0.0,
            "conditions": [],
            **dates,
            **told(cannot or why_not(call, account)),
        }
        for account in world.where("bank_account", "_organizationId", own)
    ]
    asked = assumed.CONDITION_OF_A_PURPOSE if purposes_for(vendor) else ""
    cards = [
        {
            "id": card["id"],
            "name": f"{card['issuingBankName']} {card['last4']}",
            "brand": card["brand"],
            "feeInfo": fee_for(world, card, amount),
            "conditions": [asked] if asked else [],
            **dates,
            **told(cannot or why_not_card(world, card, call.caller.user_id)),
        }
        for card in world.where("card_account", "_organizationId", own)
    ]
    return {
        "amount": amount,
        "vendorId": vendor["id"],
        "fundingOptions": {"banks": banks, "cards": cards},
    }


def when(call: Call, vendor: Thing) -> tuple[str, dict[str, Any]]:
    """Return why the vendor cannot be paid, if so, and the two dates of a payment."""
    first = next_bank_day(central_day(call.world.now))
    days = assumed.FUNDING_BANK_DAYS + assumed.ISSUING_BANK_DAYS
    cannot = ""
    try:
        if disbursement_type(vendor) == "CHECK":
            days += assumed.CHECK_MAIL_BANK_DAYS
    except BillError:
        cannot = "VENDOR_CANNOT_RECEIVE_EPAYMENTS"
    arrival = add_bank_days(first, days)
    dates = {"processDate": first.isoformat(), "deliveryDate": arrival.isoformat()}
    return cannot, dates


def told(reason: str) -> Thing:
    return {"available": not reason, "reason": reason or None}


def why_not(call: Call, account: Thing) -> str:
    if account["archived"]:
        return "ARCHIVED"
    if account["status"] != "VERIFIED":
        return "BANK_ACCOUNT_NOT_VERIFIED"
    if not may_use(call.world, account["id"], call.caller.user_id):
        return USER_NOT_VERIFIED
    return ""
