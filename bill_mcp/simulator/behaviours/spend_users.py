"""Users of Spend & Expense."""

from bill_mcp.simulator import assumed_spend
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.behaviours.cards import end_card
from bill_mcp.simulator.budget_membership import set_member
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import refusal
from bill_mcp.simulator.fixtures import fixture
from bill_mcp.simulator.spend_amounts import refresh_assigned
from bill_mcp.simulator.spend_lookup import one
from bill_mcp.simulator.store import Store, Thing


@behaviour("spend_users_get_current")
def get_current(call: Call) -> Thing:
    """Answer who made the token."""
    user = call.world.get("spend_user", call.caller.user_id)
    if user is None:
        raise refusal("UNAUTHORIZED")
    name, _, domain = user["email"].partition("@")
    receipts = {"receiptEmail": f"{name}+receipts@{domain}"}
    return {**assumed_spend.PROFILE, **receipts, **user}


@behaviour("spend_users_delete")
def delete_user(call: Call) -> None:
    """Retire the user; cards, tokens and memberships end with him.

    A budget that nobody else owns keeps its owner, retired or not.
    """
    store = call.world
    user = one(call, "spend_user", call.path["userId"])
    if user["uuid"] == call.caller.user_id:
        raise refusal("BDC_9108")
    if user["retired"]:
        return
    store.change("spend_user", user["uuid"], {"retired": True})
    for token in store.where("api_token", "userId", user["uuid"]):
        store.put("api_token", token["id"], None)
    for card in store.where("spend_card", "userUuid", user["uuid"]):
        if card["status"] != "DELETED":
            end_card(store, card, "CANCELLED")
    for member in store.where("spend_budget_member", "userUuid", user["uuid"]):
        if not member["retired"] and not owns_alone(store, member):
            store.change("spend_budget_member", member["id"], {"retired": True})
            refresh_assigned(store, member["_budgetUuid"])


def owns_alone(store: Store, member: Thing) -> bool:
    owners = [
        each
        for each in store.where(
            "spend_budget_member", "_budgetUuid", member["_budgetUuid"]
        )
        if each["budgetRole"] == "OWNER" and not each["retired"]
    ]
    return [each["id"] for each in owners] == [member["id"]]


@fixture("spend_user")
def make_spend_user(store: Store, organization_id: str, fields: Thing) -> Thing:
    """Add a user; budgets with ``autoAddUsers`` take in everybody who comes."""
    number = store.count("spend user fixture")
    own = {
        "_organizationId": organization_id,
        "firstName": "Person",
        "lastName": str(number),
        "email": f"spender{number}@pacifictimber.example",
        "role": "MEMBER",
        "retired": False,
    }
    user = store.add("spend_user", {**own, **fields})
    for budget in store.where("spend_budget", "_organizationId", organization_id):
        if budget["autoAddUsers"] and not budget["retired"]:
            set_member(store, budget, user, {})
    return user
