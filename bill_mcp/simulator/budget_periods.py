"""The periods of a budget of Spend & Expense, and how the clock turns them.

A budget names the day on which something is next to happen to it: a new period, or its
end. The event that was planned for another day has been overtaken, and does nothing.
"""

from datetime import date, timedelta
from typing import NamedTuple

from bill_mcp.simulator import assumed_spend
from bill_mcp.simulator.lifecycle import due_event
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.spend_amounts import (
    has_periods,
    quietly,
    refresh_assigned,
    spent_of,
)
from bill_mcp.simulator.store import Store, Thing
from bill_mcp.simulator.times import central_moment

MONTHS = {"MONTHLY": 1, "QUARTERLY": 3, "YEARLY": 12}
WEEK = 7


class Period(NamedTuple):
    """From the first day to the last; the last is None if it never ends."""

    first: date
    last: date | None


def period_of(budget: Thing, day: date) -> Period:
    """Return the period of *budget* that *day* is in."""
    interval = budget["recurringInterval"]
    if interval == "DAILY":
        return Period(day, day)
    if interval == "WEEKLY":
        first = day - timedelta((day.weekday() - assumed_spend.WEEK_STARTS_ON) % WEEK)
        return Period(first, first + timedelta(WEEK - 1))
    if interval in MONTHS:
        length = MONTHS[interval]
        starts = budget.get("recurMonth") or 1
        number = day.year * 12 + day.month - starts
        first = month_start(number // length * length + starts)
        after = month_start(number // length * length + starts + length)
        return Period(first, after - timedelta(1))
    end = budget.get("expirationDate")
    start = date.fromisoformat(budget["startDate"])
    return Period(start, date.fromisoformat(end) if end else None)


def month_start(number: int) -> date:
    """Return the first day of a month, months being numbered through from year 0."""
    year, month = divmod(number - 1, 12)
    return date(year, month + 1, 1)


def days_of(period: Period) -> Thing:
    last = period.last.isoformat() if period.last else None
    return {"startDate": period.first.isoformat(), "endDate": last}


def plan_next_day(store: Store, budget: Thing) -> Thing:
    """Plan the end of the budget's period, or of the budget; return the budget."""
    end, expires = budget["currentPeriod"]["endDate"], budget.get("expirationDate")
    last = min((day for day in (end, expires) if day), default=None)
    if last is None:
        return quietly(store, "spend_budget", budget, {"_nextDay": None})
    day = date.fromisoformat(last) + timedelta(1)
    told = day.isoformat()
    store.schedule(
        central_moment(day, 0), "budget_day", budget=budget["uuid"], day=told
    )
    return quietly(store, "spend_budget", budget, {"_nextDay": told})


@due_event("budget_day")
def turn(store: Store, about: Thing) -> None:
    """Retire a budget that has expired; let any other begin its next period."""
    budget = store.get("spend_budget", about["budget"])
    if budget is None or budget["retired"] or budget.get("_nextDay") != about["day"]:
        return
    expires = budget.get("expirationDate")
    if expires and expires < about["day"]:
        store.change("spend_budget", budget["uuid"], {"retired": True})
        return
    # The day that was planned, not the clock's: when summer time begins or ends the two
    # can differ at midnight, and the same day would be planned for ever.
    begin_period(store, budget, date.fromisoformat(about["day"]))


def begin_period(store: Store, budget: Thing, day: date) -> None:
    """Give budget, members and recurring cards their limits anew, nothing spent."""
    old = budget["currentPeriod"]
    limit = budget.get("recurringLimit", old.get("limit"))
    if budget.get("carryOver") and limit is not None and old.get("limit") is not None:
        rest = cents(old["limit"]) - budget["_pendingCents"] - budget["_clearedCents"]
        limit = dollars(cents(limit) + max(0, rest))
    new = {**old, **days_of(period_of(budget, day)), "limit": limit}
    budget = quietly(
        store,
        "spend_budget",
        budget,
        {"currentPeriod": new | spent_of(0, 0), "_pendingCents": 0, "_clearedCents": 0},
    )
    for member in store.where("spend_budget_member", "_budgetUuid", budget["uuid"]):
        changes: Thing = {"_spentCents": 0, "spent": 0.0}
        if member.get("recurringLimit") is not None:
            changes["limit"] = member["recurringLimit"]
        quietly(store, "spend_budget_member", member, changes)
    for card in store.where("spend_card", "budgetUuid", budget["uuid"]):
        if has_periods(card):
            own = {"limit": card.get("recurringLimit"), "spent": 0.0}
            changes = {"currentPeriod": own, "_spentCents": 0}
            quietly(store, "spend_card", card, changes)
    plan_next_day(store, refresh_assigned(store, budget["uuid"]))
