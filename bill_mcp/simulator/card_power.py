"""What a card of Spend & Expense can still pay, and why it declines.

A card is on the organization's credit line: its limit is policy and holds no money, so
what it can pay is the least of what card, holder and budget have left.
"""

from bill_mcp.simulator import assumed_spend
from bill_mcp.simulator.budget_membership import is_member, member_of
from bill_mcp.simulator.money import cents
from bill_mcp.simulator.store import Store, Thing


def decline(store: Store, card: Thing, amount: int, day: str) -> str | None:
    """Return the code of why the card cannot pay *amount* cents on *day*, or None."""
    budget = store.get("spend_budget", card["budgetUuid"])
    if budget is None:
        return "BUDGET_RETIRED"
    largest = budget.get("maxTxSize")
    power = spending_power(store, card, budget)
    holds = {
        "CARD_NOT_ACTIVE": card["status"] != "ACTIVATED",
        "CARD_EXPIRED": (card.get("expirationDate") or day) < day,
        "BUDGET_RETIRED": budget["retired"],
        "USER_NOT_IN_BUDGET": not is_member(store, budget["uuid"], card["userUuid"]),
        "MAX_TX_SIZE": largest is not None and amount > cents(largest),
        "INSUFFICIENT_FUNDS": power is not None and amount > max(0, power),
    }
    return next((code for code in assumed_spend.DECLINES if holds[code]), None)


def spending_power(store: Store, card: Thing, budget: Thing) -> int | None:
    """Return what is left in cents, None if there is no bound."""
    bounds = [budget_left(budget), card_left(store, card)]
    known = [bound for bound in bounds if bound is not None]
    return min(known) if known else None


def budget_left(budget: Thing) -> int | None:
    period = budget["currentPeriod"]
    limit = period.get("limit")
    if budget.get("limitlessOverspend") or limit is None:
        return None
    buffer = cents(period.get("overspendBuffer") or 0)
    spent: int = budget["_pendingCents"] + budget["_clearedCents"]
    return cents(limit) + buffer - spent


def card_left(store: Store, card: Thing) -> int | None:
    """Return what is left of the card's limit, or of its holder's if it has none."""
    if not card["shareBudgetFunds"]:
        limit = card["currentPeriod"].get("limit")
        spent: int = card["_spentCents"]
        return None if limit is None else cents(limit) - spent
    if not assumed_spend.MEMBER_LIMITS_BIND_SHARING_CARDS:
        return None
    return member_left(store, card["budgetUuid"], card["userUuid"])


def member_left(store: Store, budget_uuid: str, user_uuid: str) -> int | None:
    """Return what is left of a member's own limit, None for one who has none."""
    member = member_of(store, budget_uuid, user_uuid)
    if member is None or not member.get("limit"):
        return None
    spent: int = member["_spentCents"]
    return cents(member["limit"]) - spent
