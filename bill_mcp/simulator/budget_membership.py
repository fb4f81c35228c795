"""Who belongs to a budget of Spend & Expense, in which role, with which limit."""

from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.spend_amounts import member_key, refresh_assigned
from bill_mcp.simulator.spend_lookup import full_name
from bill_mcp.simulator.store import Store, Thing

OWNER, MEMBER, OBSERVER = ROLES = ("OWNER", "MEMBER", "OBSERVER")


def member_of(store: Store, budget_uuid: str, user_uuid: str) -> Thing | None:
    """Return the membership, also one that has ended."""
    return store.get("spend_budget_member", member_key(budget_uuid, user_uuid))


def is_member(store: Store, budget_uuid: str, user_uuid: str) -> bool:
    """Say whether the user may spend from the budget; observers only look."""
    member = member_of(store, budget_uuid, user_uuid)
    return bool(member and not member["retired"] and member["budgetRole"] != OBSERVER)


def shares_by_rule(budget: Thing, role: str) -> bool:
    """Say whether a new member in this role shares the budget's funds."""
    rule = budget.get("shareFunds")
    if rule == "SHARE_WITH_ALL_MEMBERS":
        return role != OBSERVER
    return rule == "SHARE_ALL_OWNERS_BUT_MEMBERS_MANUALLY" and role == OWNER


def check_limits(budget: Thing, given: Thing, path: str = "") -> None:
    """Refuse limits beside shared funds, and funds of one's own without a limit."""
    limits = [
        name for name in ("limit", "recurringLimit") if given.get(name) is not None
    ]
    shares = given.get("shareBudgetFunds")
    if shares and limits:
        reason = "must be null when shareBudgetFunds is true"
        raise invalid(*((f"{path}{name}", reason) for name in limits))
    if shares is None or shares:
        return
    needed = {"limit"}
    if budget["recurringInterval"] != "NONE":
        needed.add("recurringLimit")
    if missing := sorted(needed.difference(limits)):
        reason = "must not be null when shareBudgetFunds is false"
        raise invalid(*((f"{path}{name}", reason) for name in missing))


def set_member(store: Store, budget: Thing, user: Thing, given: Thing) -> Thing:
    """Add the user to the budget or change the membership; one that ended begins anew.

    *given* holds ``role``, ``shareBudgetFunds``, ``limit`` and ``recurringLimit``.

    Raises:
        BillError: it would leave the budget without an owner.
    """
    old = member_of(store, budget["uuid"], user["uuid"])
    active = old if old and not old["retired"] else {}
    role = given.get("role") or active.get("budgetRole") or MEMBER
    if active.get("budgetRole") == OWNER and role != OWNER:
        require_other_owner(store, budget, user)
    recurs = budget["recurringInterval"] != "NONE"
    shares = given.get("shareBudgetFunds")
    if shares is None:
        own = given.get("limit") is not None or given.get("recurringLimit") is not None
        kept = active.get("shareBudgetFunds", shares_by_rule(budget, role))
        shares = False if own else kept
    limit = given.get("limit", active.get("limit"))
    recurring = given.get("recurringLimit", active.get("recurringLimit"))
    if limit is None:
        limit = recurring or 0.0
    changes = {
        "budgetRole": role,
        "name": full_name(user),
        "retired": False,
        "recurring": recurs,
        "shareBudgetFunds": shares,
        "limit": None if shares else limit,
        "recurringLimit": recurring if recurs and not shares else None,
    }
    key = member_key(budget["uuid"], user["uuid"])
    if old:
        member = store.change("spend_budget_member", key, changes)
    else:
        fields = {
            "_organizationId": budget["_organizationId"],
            "_budgetUuid": budget["uuid"],
            "_spentCents": 0,
            "spent": 0.0,
            "userId": user["id"],
            "userUuid": user["uuid"],
            **changes,
        }
        member = store.add("spend_budget_member", fields, key=key)
    refresh_assigned(store, budget["uuid"])
    return member


def end_membership(store: Store, budget: Thing, user: Thing) -> None:
    """End a membership; what was spent stays. A repeated call changes nothing.

    Raises:
        BillError: 404, there was none; 422, nobody else owns the budget.
    """
    member = member_of(store, budget["uuid"], user["uuid"])
    if member is None:
        raise refusal("BDC_1205")
    if member["retired"]:
        return
    if member["budgetRole"] == OWNER:
        require_other_owner(store, budget, user)
    store.change("spend_budget_member", member["id"], {"retired": True})
    refresh_assigned(store, budget["uuid"])


def require_other_owner(store: Store, budget: Thing, user: Thing) -> None:
    others = (
        member
        for member in store.where("spend_budget_member", "_budgetUuid", budget["uuid"])
        if member["budgetRole"] == OWNER
        and not member["retired"]
        and member["userUuid"] != user["uuid"]
    )
    if not any(others):
        raise refusal("BDC_9106")
