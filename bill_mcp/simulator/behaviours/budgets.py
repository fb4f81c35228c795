"""Budgets of Spend & Expense: what may be spent, on what, until when."""

from collections.abc import Iterable

from bill_mcp.simulator import assumed_spend
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.budget_membership import (
    MEMBER,
    OBSERVER,
    OWNER,
    set_member,
    shares_by_rule,
)
from bill_mcp.simulator.budget_periods import days_of, period_of, plan_next_day
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid
from bill_mcp.simulator.filters import boolean, choice, text
from bill_mcp.simulator.fixtures import fixture
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.spend_amounts import quietly, recount, spent_of, today
from bill_mcp.simulator.spend_lookup import both_ids, either_id, found, one, unretired
from bill_mcp.simulator.store import Store, Thing

INTERVALS = ("NONE", "DAILY", "WEEKLY", "MONTHLY", "QUARTERLY", "YEARLY")
OF_THE_PERIOD = ("limit", "overspendBuffer")
"""Fields of a request that stand in ``currentPeriod`` in replies."""


def budgets_listing(store: Store) -> Listing:
    return Listing(
        "spend_budget",
        {
            "uuid": either_id(store, "spend_budget"),
            "parentBudgetUuid": either_id(store, "spend_budget"),
            "budgetGroup": boolean(),
            "retired": boolean(),
            "name": text("eq", "ne", "sw"),
            "recurringInterval": choice(INTERVALS),
        },
        sortable=("name", "assigned", "limit", "spent"),
        aliases={
            "id": "uuid",
            "budgetIds": "uuid",
            "isBudgetGroup": "budgetGroup",
            "parentBudgetId": "parentBudgetUuid",
            "assigned": "currentPeriod.assigned",
            "limit": "currentPeriod.limit",
            "spent": "currentPeriod.spent.total",
        },
        unquoted_times=True,
    )


@behaviour("budgets_list")
def list_budgets(call: Call) -> Thing:
    return page(call, budgets_listing(call.world))


@behaviour("budgets_get")
def get_budget(call: Call) -> Thing:
    return one(call, "spend_budget", call.path["budgetId"])


@behaviour("budgets_create")
def create_budget(call: Call) -> Thing:
    """Add a budget. A second one of the same name is allowed."""
    body = dict(call.body)
    people = {
        role: [unretired(call, "spend_user", key) for key in body.pop(name, [])]
        for role, name in ((OBSERVER, "observers"), (MEMBER, "members"))
    }
    people[OWNER] = [unretired(call, "spend_user", key) for key in body.pop("owners")]
    parent = body.pop("parentBudgetId", None)
    above = unretired(call, "spend_budget", parent) if parent else None
    body |= both_ids("parentBudget", above)
    return add_budget(call.world, call.organization_id, body, people)


def add_budget(
    store: Store, organization_id: str, body: Thing, people: dict[str, list[Thing]]
) -> Thing:
    """Add a budget with its first period; who stands in two roles gets the last."""
    fields: Thing = {
        "_organizationId": organization_id,
        "_pendingCents": 0,
        "_clearedCents": 0,
        "startDate": today(store).isoformat(),
        "retired": False,
        **assumed_spend.NEW_BUDGET,
        **{name: value for name, value in body.items() if name not in OF_THE_PERIOD},
    }
    check_rules({**fields, "currentPeriod": body})
    period = {name: body.get(name) for name in OF_THE_PERIOD}
    days = days_of(period_of(fields, today(store)))
    fields["currentPeriod"] = {**days, **period, "assigned": 0.0, **spent_of(0, 0)}
    budget = store.add("spend_budget", fields)
    for role, users in people.items():
        for user in users:
            set_member(store, budget, user, {"role": role})
    return plan_next_day(store, store.state.tables["spend_budget"][budget["uuid"]])


def check_rules(budget: Thing) -> None:
    """Refuse settings that do not go together.

    Raises:
        BillError: 400 with every fault.
    """
    interval, period = budget["recurringInterval"], budget["currentPeriod"]
    limitless = budget["limitlessOverspend"]
    wrong: dict[str, str] = {}
    if period.get("limit") is None and not limitless:
        wrong["limit"] = "must not be null unless limitlessOverspend is true"
    if interval != "NONE" and budget.get("recurringLimit") is None:
        wrong["recurringLimit"] = "must not be null when the budget recurs"
    if budget.get("recurMonth") and interval not in {"QUARTERLY", "YEARLY"}:
        wrong["recurMonth"] = "must be null unless the budget is QUARTERLY or YEARLY"
    if interval in {"DAILY", "WEEKLY"}:
        reason = "must not be set for DAILY and WEEKLY budgets"
        if limitless:
            wrong["limitlessOverspend"] = reason
        if period.get("overspendBuffer"):
            wrong["overspendBuffer"] = reason
    if wrong:
        raise invalid(*wrong.items())


@behaviour("budgets_update")
def update_budget(call: Call) -> Thing:
    """Lay the given fields over the budget; a new interval begins at once."""
    store = call.world
    budget = unretired(call, "spend_budget", call.path["budgetId"])
    given = dict(call.body)
    period = {name: given.pop(name) for name in OF_THE_PERIOD if name in given}
    new = {**budget, **given, "currentPeriod": {**budget["currentPeriod"], **period}}
    if new["recurringInterval"] not in {"QUARTERLY", "YEARLY"}:
        # A month that was set for the old interval does not stand in the way.
        new["recurMonth"] = given.get("recurMonth")
    check_rules(new)
    days = days_of(period_of(new, today(store)))
    new["currentPeriod"] |= days
    changes = {name: new[name] for name in new if new[name] != budget.get(name)}
    changes["updatedTime"] = store.stamp
    budget = store.change("spend_budget", budget["uuid"], changes)
    if "shareFunds" in given:
        share_with_members(store, budget)
    recurs = {"recurring": budget["recurringInterval"] != "NONE"}
    for member in store.where("spend_budget_member", "_budgetUuid", budget["uuid"]):
        quietly(store, "spend_budget_member", member, recurs)
    recount(store, budget["uuid"])
    return plan_next_day(store, store.state.tables["spend_budget"][budget["uuid"]])


def share_with_members(store: Store, budget: Thing) -> None:
    """Let those members share the funds whom the budget's new rule names."""
    for member in store.where("spend_budget_member", "_budgetUuid", budget["uuid"]):
        user = store.get("spend_user", member["userUuid"])
        shares = shares_by_rule(budget, member["budgetRole"])
        if user and shares and not member["retired"]:
            given = {"shareBudgetFunds": True, "limit": None, "recurringLimit": None}
            set_member(store, budget, user, given)


@behaviour("budgets_delete")
def delete_budget(call: Call) -> None:
    """Retire the budget; a repeated call changes nothing."""
    budget = one(call, "spend_budget", call.path["budgetId"])
    if not budget["retired"]:
        call.world.change("spend_budget", budget["uuid"], {"retired": True})


@fixture("spend_budget")
def make_budget(store: Store, organization_id: str, fields: Thing) -> Thing:
    """Add a budget of any kind, owned by the first user unless ``owners`` says else.

    ``owners``, ``members`` and ``observers`` hold ids or uuids. Fields that no request
    can set are taken too: ``default``, ``retired``, ``startDate``.
    """
    own: Thing = {"name": "Simulated budget", "recurringInterval": "NONE", **fields}
    names = {OBSERVER: "observers", MEMBER: "members", OWNER: "owners"}
    people = {role: users(store, own.pop(name, ())) for role, name in names.items()}
    if not people[OWNER]:
        people[OWNER] = store.where("spend_user", "_organizationId", organization_id)[
            :1
        ]
    if not own.get("limitlessOverspend"):
        own.setdefault("limit", 1000.0)
    if own["recurringInterval"] != "NONE":
        own.setdefault("recurringLimit", own.get("limit", 1000.0))
    if parent := own.pop("parentBudgetId", None):
        own |= both_ids("parentBudget", found(store, "spend_budget", parent))
    return add_budget(store, organization_id, own, people)


def users(store: Store, keys: Iterable[str]) -> list[Thing]:
    """Return the users with these ids or uuids.

    Raises:
        LookupError: one of them is nobody's.
    """
    out = []
    for key in keys:
        user = found(store, "spend_user", key)
        if user is None:
            raise LookupError(f"spend user {key}")
        out.append(user)
    return out
