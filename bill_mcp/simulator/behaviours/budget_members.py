"""Members of a budget: who may spend from it, and how much."""

from contextlib import suppress
from datetime import timedelta

from bill_mcp.simulator import assumed_spend
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.budget_membership import (
    ROLES,
    check_limits,
    end_membership,
    member_of,
    set_member,
)
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import BillError, refusal
from bill_mcp.simulator.filters import boolean, choice, text
from bill_mcp.simulator.lifecycle import due_event
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.spend_lookup import either_id, one, unretired
from bill_mcp.simulator.store import Store, Thing


def members_listing(store: Store) -> Listing:
    return Listing(
        "spend_budget_member",
        {
            "userUuid": either_id(store, "spend_user"),
            "retired": boolean(),
            "budgetRole": choice(ROLES),
            "shareBudgetFunds": boolean(),
            "name": text("eq", "ne", "sw"),
        },
        sortable=("name", "limit", "spent", "budgetRole"),
        aliases={"userId": "userUuid", "userIds": "userUuid", "role": "budgetRole"},
        unquoted_times=True,
    )


@behaviour("budget_members_list")
def list_members(call: Call) -> Thing:
    budget = one(call, "spend_budget", call.path["budgetId"])
    rows = call.world.where("spend_budget_member", "_budgetUuid", budget["uuid"])
    return page(call, members_listing(call.world), rows=rows)


@behaviour("budget_members_get")
def get_member(call: Call) -> Thing:
    budget = one(call, "spend_budget", call.path["budgetId"])
    user = one(call, "spend_user", call.path["userId"])
    member = member_of(call.world, budget["uuid"], user["uuid"])
    if member is None:
        raise refusal("BDC_1205")
    return member


@behaviour("budget_members_upsert")
def upsert_member(call: Call) -> Thing:
    """Add a user to the budget, or change role and limits there."""
    budget = unretired(call, "spend_budget", call.path["budgetId"])
    user = unretired(call, "spend_user", call.path["userId"])
    check_limits(budget, call.body)
    return set_member(call.world, budget, user, call.body)


@behaviour("budget_members_upsert_bulk")
def upsert_members(call: Call) -> Thing:
    """Add or change several; more than five are done in the background.

    All of them are checked before, so the background does all or nothing too.
    """
    budget = unretired(call, "spend_budget", call.path["budgetId"])
    entries = []
    for number, entry in enumerate(call.body["members"]):
        user = unretired(call, "spend_user", entry["userId"])
        check_limits(budget, entry, f"members[{number}].")
        entries.append({**entry, "userId": user["uuid"]})
    about = {"budget": budget["uuid"], "members": entries}
    at_once = len(entries) <= assumed_spend.BULK_AT_ONCE
    if at_once:
        set_members(call.world, about)
    else:
        moment = call.world.now + timedelta(seconds=assumed_spend.BULK_SECONDS)
        call.world.schedule(moment, "budget_members", **about)
    status = assumed_spend.BULK_STATUS["at once" if at_once else "later"]
    return {"status": status}


def set_members(store: Store, about: Thing) -> None:
    """Work off a list of members.

    Owners come first, so that the list may hand a budget from one to the other.
    """
    budget = store.state.tables["spend_budget"][about["budget"]]
    people = store.state.tables["spend_user"]
    for entry in sorted(about["members"], key=lambda each: each.get("role") != "OWNER"):
        set_member(store, budget, people[entry["userId"]], entry)


@due_event("budget_members")
def set_members_late(store: Store, about: Thing) -> None:
    """Do what the background does; if the budget cannot change so, nothing is done."""
    budget = store.get("spend_budget", about["budget"])
    people = store.state.tables["spend_user"]
    if budget is None or budget["retired"]:
        return
    known = [
        entry for entry in about["members"] if not people[entry["userId"]]["retired"]
    ]
    with suppress(BillError):
        store.attempt(lambda: set_members(store, {**about, "members": known}))


@behaviour("budget_members_delete")
def delete_member(call: Call) -> None:
    budget = one(call, "spend_budget", call.path["budgetId"])
    end_membership(call.world, budget, one(call, "spend_user", call.path["userId"]))
