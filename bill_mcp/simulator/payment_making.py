"""Making a payment, and keeping what hangs on it true while it goes on."""

from collections.abc import Callable

from bill_mcp.bank_days import central_day, next_bank_day
from bill_mcp.simulator import assumed, ids
from bill_mcp.simulator.bill_amounts import settle
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.disbursement import keep_check_images, sent_info
from bill_mcp.simulator.exchange_rates import in_dollars, payment_rate
from bill_mcp.simulator.funding_cards import settle_ap_card
from bill_mcp.simulator.lifecycle import after_change, plan
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.payment_rules import disbursement_type
from bill_mcp.simulator.store import Store, Thing
from bill_mcp.simulator.vendor_credits import Credits, settle_credits

Part = tuple[Thing, float]
"""A bill, and how much of it is paid."""


def make_payment(
    call: Call,
    body: Thing,
    vendor: Thing,
    parts: list[Part],
    process_date: str,
    credits_used: Credits = (),
) -> Thing:
    """Schedule one payment of these bills to one vendor, and return it.

    Vendor credits go to the first bill, beside what is paid.
    """
    world = call.world
    total = dollars(sum(cents(amount) for _, amount in parts))
    rate = payment_rate(call, body, vendor["billCurrency"])
    account = body["fundingAccount"]
    fields: Thing = {
        "vendorId": vendor["id"],
        "vendorName": vendor["name"],
        "amount": total,
        "exchangeRate": rate,
        "fundingAmount": in_dollars(total, rate),
        "description": body.get("description"),
        "processDate": process_date,
        "fundingAccount": account,
        "processingOptions": body.get("processingOptions", {}),
        "paymentPurpose": body.get("paymentPurpose"),
        "cardFundingPurpose": body.get("cardFundingPurpose"),
        "transactionNumber": body.get("transactionNumber")
        or world.text("transactionNumber", ids.CAPITALS, 20),
        "disbursementType": disbursement_type(vendor),
        "remittanceEmail": vendor["paymentInformation"].get("email"),
        "createdBy": call.caller.user_id,
        "_organizationId": call.organization_id,
    }
    if account["type"] == "AP_CARD":
        fields["_apCardId"] = account["id"]
    shares = [(bill["id"], amount) for bill, amount in parts]
    return add_payment(world, fields, shares, credits_used)


def add_payment(
    store: Store,
    fields: Thing,
    parts: list[tuple[str, float]],
    credits_used: Credits = (),
    start: str = "SCHEDULED",
) -> Thing:
    """Add a payment of these bills in its first state, and let it go its way."""
    payment_id = store.new_id("payment")
    shares = [
        {
            "id": store.new_id("bill_payment"),
            "billId": bill_id,
            "amount": dollars(cents(amount)),
            "vendorCredits": [] if number else list(credits_used),
        }
        for number, (bill_id, amount) in enumerate(parts)
    ]
    payment = store.add(
        "payment",
        {
            "id": payment_id,
            "billPayments": shares,
            "billId": shares[0]["billId"] if len(shares) == 1 else None,
            "confirmationNumber": confirmation_number(store),
            "exchangeRate": 1.0,
            "fundingAmount": fields["amount"],
            "onlinePayment": True,
            "voidInfo": [],
            "cancelRequestSubmitted": False,
            "singleStatus": start,
            "disbursementInfo": {},
            **fields,
        },
        key=payment_id,
    )
    for bill_id, _ in parts:
        bill = store.state.tables["bill"][bill_id]
        paid_by = (*bill["_paymentIds"], payment_id)
        store.put("bill", bill_id, {**bill, "_paymentIds": paid_by})
    return plan(store, "payment", payment_id, keep_true(store, payment, payment))


def confirmation_number(store: Store) -> str:
    """Return a number such as ``P24123101 - 0411839``."""
    today = central_day(store.now)
    number = store.text("confirmationNumber", "0123456789", 7)
    return f"P{today:%y%m%d}01 - {number}"


@after_change("payment")
def keep_true(store: Store, before: Thing, after: Thing) -> Thing:
    """Let the fields that follow from singleStatus, and the bills, follow it."""
    status, disbursement, _, voidable = assumed.PAYMENT_STATES[after["singleStatus"]]
    changes: Thing = {
        "status": status,
        "disbursementStatus": disbursement,
        "disbursementInfo": {
            **after["disbursementInfo"],
            **sent_info(store, after),
            "isVoidable": voidable or is_recorded(after),
        },
    }
    after = store.change("payment", after["id"], changes)
    for part in after["billPayments"]:
        settle(store, part["billId"])
        settle_credits(store, tuple(part["vendorCredits"]))
    if "_apCardId" in after:
        settle_ap_card(store, after["_apCardId"])
    if before["singleStatus"] != after["singleStatus"]:
        entered = ON_ENTRY.get(after["singleStatus"])
        after = entered(store, after) if entered else after
    return after


def is_recorded(payment: Thing) -> bool:
    return not payment["onlinePayment"] and payment["status"] != "VOID"


def note_last_payment(store: Store, payment: Thing) -> Thing:
    vendor = store.get("vendor", payment["vendorId"])
    if vendor:
        information = vendor["paymentInformation"]
        noted = {**information, "lastPaymentDate": payment["processDate"]}
        store.put("vendor", vendor["id"], {**vendor, "paymentInformation": noted})
    return payment


def finish_void(store: Store, payment: Thing) -> Thing:
    """Accept the request to void; where it asked to, pay the same bills again."""
    *earlier, last = payment["voidInfo"]
    accepted = {**last, "status": "ACCEPTED", "updatedTime": store.stamp}
    changes = {"voidInfo": [*earlier, accepted]}
    payment = store.change("payment", payment["id"], changes)
    if "REISSUE" in last["type"]:
        again = {name: payment[name] for name in REPEATED if name in payment}
        again["processDate"] = next_bank_day(central_day(store.now)).isoformat()
        again["transactionNumber"] = store.text("transactionNumber", ids.CAPITALS, 20)
        if last["type"].endswith("VCARD"):
            again["disbursementType"] = "VIRTUAL_CARD"
        parts = [(part["billId"], part["amount"]) for part in payment["billPayments"]]
        add_payment(
            store, again, parts, tuple(payment["billPayments"][0]["vendorCredits"])
        )
    return payment


REPEATED = (
    "vendorId",
    "vendorName",
    "amount",
    "description",
    "exchangeRate",
    "fundingAmount",
    "fundingAccount",
    "_apCardId",
    "cardFundingPurpose",
    "paymentPurpose",
    "processingOptions",
    "disbursementType",
    "remittanceEmail",
    "createdBy",
    "_organizationId",
)
"""What a reissued payment has in common with the voided one."""

ON_ENTRY: dict[str, Callable[[Store, Thing], Thing]] = {
    "FUNDING_STARTED": note_last_payment,
    "CLEARED": keep_check_images,
    "VOIDED": finish_void,
    "FUNDING_FAILED_VOIDED": finish_void,
}
"""singleStatus -> what else happens when a payment gets there."""
