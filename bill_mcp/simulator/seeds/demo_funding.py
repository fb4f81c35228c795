"""What else the demo's company pays with: cards, a wallet, credits, and autoPay."""

from datetime import timedelta
from typing import TYPE_CHECKING

from bill_mcp.simulator import credentials
from bill_mcp.simulator.behaviours.card_accounts import (
    make_ap_card,
    make_card_account,
)
from bill_mcp.simulator.seeds.administrator import administrator, vendor_named
from bill_mcp.simulator.seeds.demo_recurring import account_of
from bill_mcp.simulator.store import Thing
from bill_mcp.simulator.times import stamp
from bill_mcp.simulator.vendor_credits import make_vendor_credit

if TYPE_CHECKING:
    from bill_mcp.simulator.world import World

OWN = credentials.ORGANIZATION_ID
COMPANY = "Pacific Timber & Trade Inc."
PROMOTION_DAYS = 30

CARDS: tuple[Thing, ...] = (
    {
        "issuingBankName": "Chase",
        "brand": "VISA",
        "last4": "4417",
        "expiration": {"year": "2029", "month": "04"},
        "default": {"payables": True, "funding": True},
    },
    {
        "issuingBankName": "American Express",
        "brand": "AMEX",
        "last4": "1008",
        "expiration": {"year": "2028", "month": "11"},
    },
    {
        "issuingBankName": "Wells Fargo",
        "brand": "MASTERCARD",
        "type": "PREPAID_CARD",
        "status": "PENDING",
        "last4": "7730",
        "expiration": {"year": "2030", "month": "01"},
        "userIds": (),
        "nominatedIds": (credentials.USER_ID,),
    },
)

AP_CARDS: tuple[Thing, ...] = (
    {"status": "ACTIVE", "balance": 1_840.25, "limit": 25_000.0},
    {"status": "DRAFT", "limit": 10_000.0},
)

PAID_BY_THEMSELVES = (("Puget Power & Light", 3, 5_000.0),)
"""Vendors with autoPay: days before the due date, and at most how much."""

CREDITS = (("Evergreen Sawmill Co-op", 412.6), ("Cascade Freight Lines", 150.0))
"""What vendors owe the company: returned goods, a late delivery."""


def plant_funding(world: "World") -> None:
    """Add them; nothing is paid before the clock moves."""
    for card in CARDS:
        named = {"nameOnAccount": COMPANY, "createdBy": credentials.USER_ID}
        make_card_account(world, OWN, {**named, **card})
    for ap_card in AP_CARDS:
        make_ap_card(world, OWN, {"nameOnAccount": COMPANY, **ap_card})
    promotion = {
        "startDate": stamp(world.now),
        "endDate": stamp(world.now + timedelta(days=PROMOTION_DAYS)),
        "creditCardRate": 1.9,
        "debitCardRate": 0.9,
    }
    own = world.state.tables["organization"][OWN]
    flags = {"_walletFunding": True, "_cardPromotion": promotion}
    world.put("organization", OWN, {**own, **flags})
    custom = {"type": "CUSTOM", "description": "Enters bills, sees reports"}
    world.add("role", {"_organizationId": OWN, **custom})
    for name, amount in CREDITS:
        vendor_id = vendor_named(world, name)
        if vendor_id:
            make_vendor_credit(world, OWN, {"vendorId": vendor_id, "amount": amount})
    with administrator(world) as do:
        for name, days, most in PAID_BY_THEMSELVES:
            vendor_id = vendor_named(world, name)
            if vendor_id:
                auto_pay = {
                    "enabled": True,
                    "bankAccountId": account_of(world),
                    "maxAmount": most,
                    "daysBeforeDueDate": days,
                }
                do("vendors_update", {"autoPay": auto_pay}, vendorId=vendor_id)
