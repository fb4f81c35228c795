"""Cards that pay bills: who may use which, what it costs, and what must be told.

Two kinds: card accounts (a bank's card, with users of its own), and AP cards (issued by
BILL, with a limit). Neither has anything to do with the cards of Spend & Expense.
"""

from datetime import date

from bill_mcp.bank_days import central_day
from bill_mcp.simulator import assumed
from bill_mcp.simulator.lifecycle import after_change
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.store import Store, Thing

USER_NOT_VERIFIED = "USER_NOT_VERIFIED"


def why_not_card(store: Store, card: Thing, user_id: str) -> str:
    """Return why the user cannot pay with the card account now, empty if they can."""
    organization = store.get("organization", card["_organizationId"]) or {}
    amex = card["brand"] == "AMEX"
    reasons = {
        "PAY_BY_CARD_NOT_ENABLED": not organization.get("_payByCard"),
        "ARCHIVED": card["archived"],
        "CARD_NOT_ACTIVE": card["status"] != assumed.CARD_STATUS_THAT_PAYS,
        "CARD_EXPIRED": is_expired(card, central_day(store.now)),
        "AMEX_NOT_ALLOWED": amex and not organization.get("_amexAllowed"),
        USER_NOT_VERIFIED: not may_use_card(store, card["id"], user_id),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def is_expired(card: Thing, day: date) -> bool:
    """Say whether the month on the card has passed."""
    expiration = card["expiration"]
    return (int(expiration["year"]), int(expiration["month"])) < (day.year, day.month)


def may_use_card(store: Store, card_id: str, user_id: str) -> bool:
    return user_status(store, card_id, user_id) == "VERIFIED"


def user_status(store: Store, card_id: str, user_id: str) -> str:
    """Return the user's verificationStatus for the card; empty if there is none."""
    for user in store.where("card_account_user", "cardAccountId", card_id):
        if user["userId"] == user_id and not user["archived"]:
            status: str = user["verificationStatus"]
            return status
    return ""


def purposes_for(vendor: Thing) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the purposes a card payment must choose from; none where BILL knows.

    It knows the industry of whom it is connected with.
    """
    known = vendor["networkStatus"] in assumed.NETWORK_STATUSES_WITH_A_KNOWN_INDUSTRY
    return () if known else assumed.CARD_FUNDING_PURPOSES


def rates_now(store: Store, organization: Thing) -> Thing:
    """Return what a card payment costs now, in percent; a promotion is cheaper."""
    promotion = organization.get("_cardPromotion")
    if promotion and promotion["startDate"] <= store.stamp < promotion["endDate"]:
        names = assumed.CARD_RATES
        return {name: promotion[name] for name in names}
    return dict(assumed.CARD_RATES)


def fee_for(store: Store, card: Thing, amount: float) -> Thing:
    organization = store.get("organization", card["_organizationId"]) or {}
    credit = card["type"] == "CREDIT_CARD"
    name = "creditCardRate" if credit else "debitCardRate"
    rate: float = rates_now(store, organization)[name]
    return {"amount": dollars(round(cents(amount) * rate / 100)), "rate": rate}


# --- AP cards


def left_on(card: Thing) -> int:
    """Return how many cents an AP card can still pay."""
    return cents(card["limit"]) - cents(card["balance"])


def settle_ap_card(store: Store, card_id: str) -> None:
    """Recompute the balance from the payments; one that ended counts no more."""
    card = store.get("ap_card", card_id)
    if card is None:
        return
    balance = card["_otherCents"] + paid_with(store, card_id)
    if balance != cents(card["balance"]):
        store.change("ap_card", card_id, {"balance": dollars(balance)})


def paid_with(store: Store, card_id: str) -> int:
    return sum(
        cents(payment["fundingAmount"])
        for payment in store.where("payment", "_apCardId", card_id)
        if assumed.PAYMENT_STATES[payment["singleStatus"]][2] != "none"
    )


@after_change("ap_card")
def keep_balance(store: Store, before: Thing, after: Thing) -> Thing:
    """Take a balance that was set from outside as it is: something else was paid."""
    other = cents(after["balance"]) - paid_with(store, after["id"])
    return store.change("ap_card", after["id"], {"_otherCents": other})
