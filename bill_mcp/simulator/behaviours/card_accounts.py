"""Card accounts and AP cards, with which an organization may pay instead of a bank."""

from bill_mcp.simulator import assumed
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid
from bill_mcp.simulator.filters import boolean, ident
from bill_mcp.simulator.fixtures import fixture
from bill_mcp.simulator.funding_cards import purposes_for, user_status
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.store import Store, Thing

CARD_ACCOUNT_USERS = Listing(
    "card_account_user",
    {
        "id": ident(),
        "cardAccountId": ident(),
        "userId": ident(),
        "archived": boolean(),
    },
    # BILL's own sample sorts by it.
    sortable=("archived",),
)


@behaviour("card_accounts_list")
def list_card_accounts(call: Call) -> Thing:
    """Answer the cards for which the caller is VERIFIED, or still NOMINATED."""
    wanted = call.query["cardUserStatus"]
    user_id = call.caller.user_id
    cards = [
        card
        for card in own_cards(call, "card_account")
        if user_status(call.world, card["id"], user_id) == wanted
    ]
    return {"rates": told_rates(call), "cards": cards}


def own_cards(call: Call, kind: str) -> list[Thing]:
    return call.world.where(kind, "_organizationId", call.organization_id)


def told_rates(call: Call) -> Thing:
    """Return what paying by card costs, and a promotion that is on or to come."""
    organization = call.world.get("organization", call.organization_id) or {}
    promotion = organization.get("_cardPromotion")
    default = [
        card["id"]
        for card in own_cards(call, "card_account")
        if card["default"]["payables"] and not card["archived"]
    ]
    running = promotion and call.world.stamp < promotion["endDate"]
    return {
        "defaultCardAccountId": default[0] if default else None,
        "funding": dict(assumed.CARD_RATES),
        "activePromotion": promotion if running else None,
    }


@behaviour("card_accounts_get")
def get_card_account(call: Call) -> Thing:
    return call.one("card_account", call.path["cardAccountId"])


@behaviour("card_accounts_list_funding_purposes")
def list_funding_purposes(call: Call) -> Thing:
    """Answer what a card payment of the vendor may be for; nothing if none is asked."""
    vendor = call.one("vendor", call.query["vendorId"])
    if call.query["brand"].upper() not in assumed.CARD_BRANDS:
        raise invalid(("brand", f"must be one of {', '.join(assumed.CARD_BRANDS)}"))
    purposes = purposes_for(vendor)
    if not purposes:
        return {}
    used = [
        payment["cardFundingPurpose"]
        for payment in call.world.where("payment", "vendorId", vendor["id"])
        if payment.get("cardFundingPurpose")
    ]
    return {
        "lastUsedPurpose": used[-1] if used else None,
        "results": [
            {"category": category, "subCategories": list(names)}
            for category, names in purposes
        ],
    }


@behaviour("card_account_users_list")
def list_card_account_users(call: Call) -> Thing:
    if not call.query.get("currentUser"):
        return page(call, CARD_ACCOUNT_USERS)
    own = call.world.where("card_account_user", "userId", call.caller.user_id)
    return page(call, CARD_ACCOUNT_USERS, rows=own)


@behaviour("ap_cards_list")
def list_ap_cards(call: Call) -> list[Thing]:
    return own_cards(call, "ap_card")


@fixture("card_account")
def make_card_account(store: Store, organization_id: str, fields: Thing) -> Thing:
    """Add a card that pays, and let the organization pay by card.

    Everybody whose role pays may use it, or just ``userIds``; ``nominatedIds`` have
    not passed their identity check.
    """
    own = dict(fields)
    user_ids, nominated = own.pop("userIds", None), own.pop("nominatedIds", ())
    organization = store.state.tables["organization"][organization_id]
    store.put("organization", organization_id, {"_payByCard": True, **organization})
    card = store.add(
        "card_account",
        {
            "_organizationId": organization_id,
            "archived": False,
            "issuingBankName": "Chase",
            "nameOnAccount": "Simulated card",
            "brand": "VISA",
            "type": "CREDIT_CARD",
            "status": assumed.CARD_STATUS_THAT_PAYS,
            "last4": store.text("card account", "0123456789", 4),
            "expiration": {"year": str(store.now.year + 3), "month": "08"},
            **own,
            "default": {
                "payables": False,
                "receivables": False,
                "funding": False,
                "disbursement": False,
                **own.get("default", {}),
            },
        },
    )
    for user in store.where("user", "_organizationId", organization_id):
        pays = user["role"]["type"] in assumed.ROLES_THAT_PAY
        if user["id"] in nominated:
            add_card_user(store, card, user["id"], "NOMINATED")
        elif user["id"] in user_ids if user_ids is not None else pays:
            add_card_user(store, card, user["id"], "VERIFIED")
    return card


def add_card_user(store: Store, card: Thing, user_id: str, status: str) -> Thing:
    return store.add(
        "card_account_user",
        {
            "_organizationId": card["_organizationId"],
            "cardAccountId": card["id"],
            "userId": user_id,
            "archived": False,
            "verificationStatus": status,
        },
    )


@fixture("ap_card")
def make_ap_card(store: Store, organization_id: str, fields: Thing) -> Thing:
    """Add an AP card that pays up to its ``limit``, by default 50,000 dollars."""
    own = {"balance": 0.0, "limit": 50_000.0, **fields}
    return store.add(
        "ap_card",
        {
            "_organizationId": organization_id,
            "_otherCents": round(own["balance"] * 100),
            "status": assumed.CARD_STATUS_THAT_PAYS,
            "nameOnAccount": "Simulated AP card",
            **own,
        },
    )
