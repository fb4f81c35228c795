"""What is spent and what is assigned: budgets, members and cards kept true.

Each transaction and reimbursement is booked once: what it counted for before is taken
back, what it counts for now is added. So a budget need not add up its transactions.
"""

from datetime import date
from typing import NamedTuple

from bill_mcp.bank_days import central_day
from bill_mcp.simulator import assumed_spend
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.store import Store, Thing
from bill_mcp.simulator.times import read_time


class Spending(NamedTuple):
    """What one transaction or reimbursement counts for, in cents, and where."""

    budget: str | None
    user: str | None
    card: str | None
    day: str
    pending: int
    cleared: int


def spending_of_transaction(transaction: Thing) -> Spending:
    """Return what counts: of an authorization and its clearing the later one.

    Parts of a split count in what was split.
    """
    amount = cents(transaction["amount"])
    kind = transaction["transactionType"]
    if transaction.get("parentTransactionId"):
        amount = 0
    waits = kind == "AUTHORIZATION" and not transaction.get(
        "matchedClearTransactionUuid"
    )
    return Spending(
        transaction.get("budgetUuid"),
        transaction.get("userUuid"),
        transaction.get("cardUuid"),
        central_day(read_time(transaction["authorizedTime"])).isoformat(),
        amount if waits else 0,
        amount if kind == "CLEAR" else 0,
    )


def spending_of_reimbursement(reimbursement: Thing) -> Spending:
    amount = cents(reimbursement["amount"])
    status = reimbursement["status"]
    if reimbursement["retired"]:
        amount = 0
    return Spending(
        reimbursement["budgetUuid"],
        reimbursement["userUuid"],
        None,
        reimbursement["occurredDate"],
        amount if status in assumed_spend.REIMBURSEMENT_PENDING else 0,
        amount if status == "PAID" else 0,
    )


def book(store: Store, before: Spending | None, after: Spending | None) -> None:
    """Let *after* count from now on instead of *before*."""
    if before == after:
        return
    if before:
        add(store, before, -1)
    if after:
        add(store, after, 1)


def add(store: Store, spending: Spending, sign: int) -> None:
    pending, cleared = sign * spending.pending, sign * spending.cleared
    if not (pending or cleared):
        return
    budget = store.get("spend_budget", spending.budget or "")
    if budget and is_current(budget, spending.day):
        add_to_budget(store, budget, pending, cleared)
        key = member_key(budget["uuid"], spending.user or "")
        member = store.get("spend_budget_member", key)
        if member:
            spent = member["_spentCents"] + pending + cleared
            changes = {"_spentCents": spent, "spent": dollars(spent)}
            quietly(store, "spend_budget_member", member, changes)
    card = store.get("spend_card", spending.card or "")
    if card and counts_for_card(store, card, spending.day):
        add_to_card(store, card, pending + cleared)


def counts_for_card(store: Store, card: Thing, day: str) -> bool:
    """Say whether it is still this period; a card of one limit for all has only one."""
    if not has_periods(card):
        return True
    budget = store.get("spend_budget", card["budgetUuid"])
    return budget is None or is_current(budget, day)


def has_periods(card: Thing) -> bool:
    """Say whether the card begins anew with its budget."""
    return bool(card["recurring"] or card["shareBudgetFunds"])


def is_current(budget: Thing, day: str) -> bool:
    """Say whether *day* counts now; a budget that does not recur counts everything."""
    if budget["recurringInterval"] == "NONE":
        return True
    period = budget["currentPeriod"]
    end: str | None = period.get("endDate")
    return bool(period["startDate"] <= day and (end is None or day <= end))


def add_to_budget(store: Store, budget: Thing, pending: int, cleared: int) -> None:
    pending += budget["_pendingCents"]
    cleared += budget["_clearedCents"]
    period = {**budget["currentPeriod"], **spent_of(pending, cleared)}
    quietly(
        store,
        "spend_budget",
        budget,
        {"currentPeriod": period, "_pendingCents": pending, "_clearedCents": cleared},
    )


def add_to_card(store: Store, card: Thing, amount: int) -> None:
    amount += card["_spentCents"]
    period = {**card["currentPeriod"], "spent": dollars(amount)}
    changes = {"currentPeriod": period, "_spentCents": amount}
    quietly(store, "spend_card", card, changes)


def spent_of(pending: int, cleared: int) -> Thing:
    spent = {
        "cleared": dollars(cleared),
        "pending": dollars(pending),
        "total": dollars(cleared + pending),
    }
    return {"spent": spent}


def recount(store: Store, uuid: str) -> Thing:
    """Count a budget's current period from nothing, as when its period was changed."""
    budget = store.state.tables["spend_budget"][uuid]
    period = {**budget["currentPeriod"], **spent_of(0, 0)}
    nothing = {"currentPeriod": period, "_pendingCents": 0, "_clearedCents": 0}
    quietly(store, "spend_budget", budget, nothing)
    for member in store.where("spend_budget_member", "_budgetUuid", uuid):
        changes: Thing = {"_spentCents": 0, "spent": 0.0}
        quietly(store, "spend_budget_member", member, changes)
    for spending in booked_in(store, uuid):
        add(store, spending._replace(card=None), 1)
    for card in store.where("spend_card", "budgetUuid", uuid):
        recount_card(store, card)
    return store.state.tables["spend_budget"][uuid]


def booked_in(store: Store, uuid: str) -> list[Spending]:
    """Return everything that was ever spent from a budget."""
    transactions = store.where("spend_transaction", "budgetUuid", uuid)
    reimbursements = store.where("spend_reimbursement", "budgetUuid", uuid)
    return [
        *map(spending_of_transaction, transactions),
        *map(spending_of_reimbursement, reimbursements),
    ]


def recount_card(store: Store, card: Thing) -> Thing:
    """Count a card's current period from nothing."""
    spent = 0
    for transaction in store.where("spend_transaction", "cardUuid", card["uuid"]):
        spending = spending_of_transaction(transaction)
        if counts_for_card(store, card, spending.day):
            spent += spending.pending + spending.cleared
    period = {**card["currentPeriod"], "spent": dollars(spent)}
    changes = {"currentPeriod": period, "_spentCents": spent}
    return quietly(store, "spend_card", card, changes)


def refresh_assigned(store: Store, uuid: str) -> Thing:
    """Set what is assigned: limits of members, and of cards, that share no funds."""
    budget = store.state.tables["spend_budget"][uuid]
    total = sum(
        cents(member.get("limit") or 0)
        for member in store.where("spend_budget_member", "_budgetUuid", uuid)
        if not (member["retired"] or member["shareBudgetFunds"])
    )
    total += sum(
        cents(card["currentPeriod"].get("limit") or 0)
        for card in store.where("spend_card", "budgetUuid", uuid)
        if not (card["status"] == "DELETED" or card["shareBudgetFunds"])
    )
    period = {**budget["currentPeriod"], "assigned": dollars(total)}
    return quietly(store, "spend_budget", budget, {"currentPeriod": period})


def member_key(budget: str, user: str) -> str:
    return f"{budget}/{user}"


def quietly(store: Store, kind: str, thing: Thing, changes: Thing) -> Thing:
    """Replace an object whose numbers follow from others: nobody has updated it."""
    new = {**thing, **changes}
    store.put(kind, new["uuid"] if "uuid" in new else new["id"], new)
    return new


def today(store: Store) -> date:
    return central_day(store.now)
