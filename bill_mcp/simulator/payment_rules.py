"""Whether a payment may be made: the account, the payer, the day, and the bill."""

from datetime import date

from bill_mcp.bank_days import add_bank_days, central_day, is_bank_day, next_bank_day
from bill_mcp.simulator import assumed
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.exchange_rates import in_dollars, payment_rate
from bill_mcp.simulator.funding_cards import (
    USER_NOT_VERIFIED,
    left_on,
    purposes_for,
    why_not_card,
)
from bill_mcp.simulator.money import cents
from bill_mcp.simulator.reading import NULL
from bill_mcp.simulator.store import Store, Thing
from bill_mcp.simulator.times import read_time

PAYMENT_TYPES = {
    "ACH": "ACH",
    "CHECK": "CHECK",
    "RPPS": "RPPS",
    "VIRTUAL_CARD": "VIRTUAL_CARD",
    "WALLET": "WALLET",
}
"""A vendor's payByType -> disbursementType; the others cannot receive ePayments."""

NEEDS_A_DATE = ("WALLET", "AP_CARD")


def require_payer(call: Call, account: Thing) -> None:
    """Refuse who may not pay, or may not pay from this account."""
    if call.role not in assumed.ROLES_THAT_PAY:
        raise refusal("BDC_1150")
    world, kind = call.world, account["type"]
    if kind == "WALLET":
        organization = world.get("organization", call.organization_id) or {}
        if not organization.get("_walletFunding"):
            raise refusal("BDC_1151")
        return
    found = own_account(call, account)
    if kind == "CARD_ACCOUNT":
        reason = why_not_card(world, found, call.caller.user_id)
        if reason:
            nobodys = reason == USER_NOT_VERIFIED
            raise refusal("BDC_1150" if nobodys else "BDC_1151", f"({reason})")
    elif kind == "AP_CARD":
        if found["status"] != assumed.CARD_STATUS_THAT_PAYS:
            raise refusal("BDC_1151")
    elif found["status"] != "VERIFIED":
        raise refusal("BDC_1151")
    elif not may_use(world, found["id"], call.caller.user_id):
        raise refusal("BDC_1150")


FUNDING_KINDS = {
    "BANK_ACCOUNT": "bank_account",
    "CARD_ACCOUNT": "card_account",
    "AP_CARD": "ap_card",
}


def own_account(call: Call, account: Thing) -> Thing:
    """Return the organization's funding account, or refuse what cannot be one."""
    account_id = account.get("id")
    if not account_id:
        raise invalid(("fundingAccount.id", NULL))
    found = call.world.get(FUNDING_KINDS[account["type"]], account_id)
    own = found is not None and found["_organizationId"] == call.organization_id
    if found is None or not own or found.get("archived"):
        raise refusal("BDC_1151")
    return found


def require_funds(call: Call, body: Thing, vendor: Thing, amount: float) -> None:
    """Refuse a card payment without its purpose, or beyond an AP card's limit.

    To be asked for each payment of a request, since an earlier one uses the limit up.
    """
    account = body["fundingAccount"]
    if account["type"] == "CARD_ACCOUNT":
        known = [name for _, names in purposes_for(vendor) for name in names]
        purpose = body.get("cardFundingPurpose")
        if known and purpose is None:
            raise invalid(("cardFundingPurpose", NULL))
        if known and purpose not in known:
            raise invalid(("cardFundingPurpose", f"must be one of {', '.join(known)}"))
    if account["type"] == "AP_CARD":
        rate = payment_rate(call, body, vendor["billCurrency"])
        needed = cents(in_dollars(amount, rate))
        if needed > left_on(own_account(call, account)):
            raise refusal("BDC_9019")


def may_use(store: Store, account_id: str, user_id: str) -> bool:
    """Say whether the user has passed the identity check for the bank account."""
    return any(
        user["userId"] == user_id
        and user["verificationStatus"] == "VERIFIED"
        and not user["archived"]
        for user in store.where("bank_account_user", "bankAccountId", account_id)
    )


def process_date(store: Store, body: Thing, vendor: Thing, currency: str) -> str:
    """Return the day on which the payment is to be processed, US Central reckoning.

    Raises:
        BillError: BDC_1152, or BDC_1402 while the vendor's account is too new.
    """
    today = central_day(store.now)
    first = next_bank_day(today)
    if "processDate" not in body:
        if body["fundingAccount"]["type"] in NEEDS_A_DATE:
            raise invalid(("processDate", NULL))
        wanted = first
    else:
        wanted = date.fromisoformat(body["processDate"])
    if wanted <= today or not is_bank_day(wanted):
        raise refusal("BDC_1152")
    if currency != "USD" and wanted != first:
        raise refusal("BDC_1152")
    if store.switch("production") and "_accountSince" in vendor:
        since = central_day(read_time(vendor["_accountSince"]))
        if wanted < add_bank_days(since, assumed.NEW_VENDOR_ACCOUNT_BANK_DAYS):
            raise refusal("BDC_1402")
    return wanted.isoformat()


def disbursement_type(vendor: Thing) -> str:
    """Return how the vendor is paid, or refuse one who cannot receive ePayments."""
    if vendor["address"].get("country", "US") != "US":
        return "INTERNATIONAL"
    by = vendor["paymentInformation"].get("payByType", "CHECK")
    if by not in PAYMENT_TYPES:
        raise refusal("BDC_9010")
    return PAYMENT_TYPES[by]


def require_payable(bill: Thing, amount: float, from_credits: int = 0) -> None:
    """Refuse a bill that nobody may pay now, or not that much of it.

    What comes from vendor credits (in cents) counts beside the *amount*.
    """
    if bill["archived"]:
        raise refusal("BDC_9001")
    if bill["approvalStatus"] in assumed.STATUSES_THAT_BLOCK_PAYING:
        raise refusal("BDC_9005")
    if cents(amount) <= 0:
        raise invalid(("amount", "must be greater than 0"))
    if cents(amount) + from_credits > cents(bill["dueAmount"]):
        raise refusal("BDC_1159")


def require_new_number(call: Call, number: str | None) -> None:
    """Refuse a used transaction number, where this world is set to do so."""
    if not number or not call.world.switch("rejectDuplicateTransactionNumbers"):
        return
    used = call.world.where("payment", "transactionNumber", number)
    if any(each["_organizationId"] == call.organization_id for each in used):
        raise refusal("BDC_9011")
