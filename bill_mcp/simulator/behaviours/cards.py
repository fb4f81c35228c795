"""Cards of Spend & Expense: limits on a credit line, for one holder and one budget."""

from bill_mcp.simulator import assumed_spend, ids
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.budget_membership import is_member
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.filters import choice, ident, text
from bill_mcp.simulator.lifecycle import after_change
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.money import cents
from bill_mcp.simulator.pan_jwt import pan_jwt
from bill_mcp.simulator.spend_amounts import recount_card, refresh_assigned
from bill_mcp.simulator.spend_lookup import both_ids, either_id, one, unretired
from bill_mcp.simulator.store import Store, Thing

TYPES = ("VIRTUAL", "PHYSICAL")
SHARES = "must be null when shareBudgetFunds is true"
OWN_LIMIT = "must not be null unless shareBudgetFunds is true"


def cards_listing(store: Store) -> Listing:
    return Listing(
        "spend_card",
        {
            "uuid": either_id(store, "spend_card"),
            "budgetUuid": either_id(store, "spend_budget"),
            "userUuid": either_id(store, "spend_user"),
            # Statuses and types are known in part only; a new one is no mistake.
            "status": ident("eq", "ne", "in", "nin"),
            "type": choice(TYPES),
            "name": text("eq", "ne", "sw"),
            "lastFour": ident(),
        },
        sortable=("name", "lastFour", "status"),
        aliases={
            "id": "uuid",
            "cardIds": "uuid",
            "budgetId": "budgetUuid",
            "budgetIds": "budgetUuid",
            "userId": "userUuid",
            "userIds": "userUuid",
            "types": "type",
        },
        unquoted_times=True,
    )


@behaviour("cards_list")
def list_cards(call: Call) -> Thing:
    return page(call, cards_listing(call.world))


@behaviour("cards_get")
def get_card(call: Call) -> Thing:
    return one(call, "spend_card", call.path["cardId"])


@behaviour("cards_get_pan_jwt")
def get_pan_jwt(call: Call) -> Thing:
    """Give a token that opens the card's number elsewhere, for five minutes."""
    card = undeleted(call, call.path["cardId"])
    return {"token": pan_jwt(call.world, card)}


@behaviour("cards_create")
def create_card(call: Call) -> Thing:
    budget = unretired(call, "spend_budget", call.body["budgetId"])
    user = unretired(call, "spend_user", call.body["userId"])
    require_member(call.world, budget, user)
    fields = {
        name: call.body[name]
        for name in ("name", "expirationDate")
        if name in call.body
    }
    fields |= limits_of(call.body)
    card = add_card(call.world, budget, user, fields)
    require_funds(refresh_assigned(call.world, budget["uuid"]))
    return card


def add_card(store: Store, budget: Thing, user: Thing, fields: Thing) -> Thing:
    """Add an active virtual card; *fields* say how it differs from one."""
    good_until = store.now.replace(day=1)
    own = {
        "_organizationId": budget["_organizationId"],
        "_spentCents": 0,
        **both_ids("user", user),
        **both_ids("budget", budget),
        "lastFour": store.text("card number", ids.DIGITS, 4),
        "validThru": f"{good_until:%m}/"
        f"{(good_until.year + assumed_spend.CARD_YEARS) % 100:02}",
        "status": "ACTIVATED",
        "type": "VIRTUAL",
        **fields,
    }
    return store.add("spend_card", own)


def limits_of(given: Thing, spent: float = 0.0) -> Thing:
    """Return what the given limits mean for a card.

    Raises:
        BillError: 400; a limit beside shared funds, or neither of them.
    """
    shares = bool(given.get("shareBudgetFunds"))
    limit, recurring = given.get("limit"), given.get("recurringLimit")
    recurs = given.get("recurring")
    if recurs is None:
        recurs = recurring is not None
    if shares:
        named = (("limit", limit), ("recurringLimit", recurring))
        wrong = [(name, SHARES) for name, value in named if value is not None]
        if wrong:
            raise invalid(*wrong)
    elif limit is None and recurring is None:
        raise invalid(("limit", OWN_LIMIT))
    if recurs and not shares and recurring is None:
        recurring = limit
    return {
        "shareBudgetFunds": shares,
        "recurring": recurs,
        "recurringLimit": recurring if recurs else None,
        "currentPeriod": {
            "limit": recurring if limit is None else limit,
            "spent": spent,
        },
    }


@behaviour("cards_update")
def update_card(call: Call) -> Thing:
    """Change name, budget or spending power; null removes the day it expires only."""
    store = call.world
    card = undeleted(call, call.path["cardId"])
    given = {
        name: value
        for name, value in call.body.items()
        if value is not None or name == "expirationDate"
    }
    changes: Thing = {"updatedTime": store.stamp}
    changes |= {
        name: given[name] for name in ("name", "expirationDate") if name in given
    }
    if "budgetId" in given:
        budget = unretired(call, "spend_budget", given["budgetId"])
        user = store.get("spend_user", card["userUuid"])
        require_member(store, budget, user or {"uuid": ""})
        changes |= both_ids("budget", budget)
    if given.keys() & {"limit", "recurringLimit", "shareBudgetFunds", "recurring"}:
        changes |= changed_limits(card, given)
    new = store.change("spend_card", card["uuid"], changes)
    new = recount_card(store, new)
    for uuid in {card["budgetUuid"], new["budgetUuid"]}:
        budget = refresh_assigned(store, uuid)
    require_funds(store.state.tables["spend_budget"][new["budgetUuid"]])
    return new


def changed_limits(card: Thing, given: Thing) -> Thing:
    """Lay the given limits over the card's; sharing funds takes the card's own away."""
    shares = given.get("shareBudgetFunds", card["shareBudgetFunds"])
    wish = {**given, "shareBudgetFunds": shares}
    if not shares:
        wish.setdefault("limit", card["currentPeriod"].get("limit"))
        if given.get("recurring", True):
            wish.setdefault("recurringLimit", card.get("recurringLimit"))
    if "recurringLimit" not in given:
        wish.setdefault("recurring", card["recurring"])
    return limits_of(wish, card["currentPeriod"]["spent"])


@behaviour("cards_delete")
def delete_card(call: Call) -> None:
    """Delete the card for good; a repeated call changes nothing."""
    card = one(call, "spend_card", call.path["cardId"])
    if card["status"] != "DELETED":
        reason = call.query.get("reason", assumed_spend.DELETED_CARD_REASON)
        end_card(call.world, card, reason)


def end_card(store: Store, card: Thing, reason: str) -> None:
    changes = {"status": "DELETED", "deletedReason": reason}
    store.change("spend_card", card["uuid"], changes)
    refresh_assigned(store, card["budgetUuid"])


def undeleted(call: Call, key: str) -> Thing:
    card = one(call, "spend_card", key)
    if card["status"] == "DELETED":
        raise refusal("BDC_9102")
    return card


def require_member(store: Store, budget: Thing, user: Thing) -> None:
    needed = assumed_spend.CARD_HOLDERS_ARE_MEMBERS
    if needed and not is_member(store, budget["uuid"], user["uuid"]):
        raise refusal("BDC_9105")


def require_funds(budget: Thing) -> None:
    """Refuse to assign more than the budget holds, if BILL turns out to do so."""
    period = budget["currentPeriod"]
    limit = period.get("limit")
    if assumed_spend.ASSIGNED_MAY_EXCEED_THE_LIMIT or limit is None:
        return
    if cents(period["assigned"]) > cents(limit):
        raise refusal("BDC_9110")


@after_change("spend_card")
def after_card(store: Store, before: Thing, after: Thing) -> Thing:
    """Keep the budgets true when a card was frozen, thawed or limited from outside."""
    for uuid in {before["budgetUuid"], after["budgetUuid"]}:
        refresh_assigned(store, uuid)
    return after
