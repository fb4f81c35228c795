"""How the money goes to the vendor: by which rail, when it was sent, what proves it."""

import base64
from collections.abc import Callable
from datetime import timedelta

from bill_mcp.bank_days import add_bank_days, central_day
from bill_mcp.simulator import assumed
from bill_mcp.simulator.files import keep_file
from bill_mcp.simulator.store import Store, Thing

SENT_FIELDS = {
    "ACH": "achDisbursement",
    "CHECK": "checkDisbursement",
    "RPPS": "rppsDisbursement",
    "INTERNATIONAL": "internationalDisbursement",
    "VIRTUAL_CARD": "vcardDisbursement",
    "WALLET": "walletDisbursement",
}
"""disbursementType -> the part of disbursementInfo that tells of it."""

DIGITS = "0123456789"


def sent_info(store: Store, payment: Thing) -> Thing:
    """Return when the money left and arrives, once it has left; else nothing."""
    kind = payment["disbursementType"]
    name = SENT_FIELDS.get(kind)
    sent = payment["singleStatus"] in {"SENT", "CLEARED"}
    if name is None or not sent or name in payment["disbursementInfo"]:
        return {}
    today = central_day(store.now)
    check = kind == "CHECK"
    days = assumed.CHECK_MAIL_BANK_DAYS if check else assumed.OTHER_SETTLING_BANK_DAYS
    info: Thing = {
        "sentDate": today.isoformat(),
        "arrivesByDate": add_bank_days(today, days).isoformat(),
    }
    more = MORE_INFO.get(kind)
    return {name: info | (more(store, payment) if more else {})}


def check_info(store: Store, payment: Thing) -> Thing:
    return {"checkNumber": 10_000_000 + store.count("check number")}


def rpps_info(store: Store, payment: Thing) -> Thing:
    number = store.count("rpps payment")
    return {"traceNumber": 71_000_000 + number, "batchNumber": 1 + number // 100}


def international_info(store: Store, payment: Thing) -> Thing:
    """Return the amount in the vendor's currency: what the payment says itself."""
    vendor = store.get("vendor", payment["vendorId"]) or {}
    by = vendor.get("paymentInformation", {}).get("payBySubType", "NONE")
    return {"amount": payment["amount"], "disbursementSubType": by}


def vcard_info(store: Store, payment: Thing) -> Thing:
    until = central_day(store.now) + timedelta(days=assumed.VIRTUAL_CARD_DAYS)
    return {
        "last4CardNumber": store.text("virtual card", DIGITS, 4),
        "validUntil": until.isoformat(),
    }


MORE_INFO: dict[str, Callable[[Store, Thing], Thing]] = {
    "CHECK": check_info,
    "RPPS": rpps_info,
    "INTERNATIONAL": international_info,
    "VIRTUAL_CARD": vcard_info,
}


def keep_check_images(store: Store, payment: Thing) -> Thing:
    """Keep front and back of a check once it was cashed."""
    if payment["disbursementType"] != "CHECK":
        return payment
    own = payment["_organizationId"]
    images = [keep_file(store, own, CHECK_IMAGE, "image/png") for _ in range(2)]
    return store.change("payment", payment["id"], {"_checkImages": images})


CHECK_IMAGE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAA"
    "SUVORK5CYII="
)
"""The smallest picture there is."""
