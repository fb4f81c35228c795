"""Who may pay from a bank account, and what the organization may pay with."""

from bill_mcp.simulator import assumed
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.behaviours.bank_accounts import is_verified
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import refusal
from bill_mcp.simulator.filters import boolean, ident
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.store import Thing

BANK_ACCOUNT_USERS = Listing(
    "bank_account_user",
    {
        "id": ident(),
        "bankAccountId": ident(),
        "userId": ident(),
        "archived": boolean(),
    },
    # BILL's own sample sorts by it.
    sortable=("archived",),
)


@behaviour("bank_account_users_list")
def list_bank_account_users(call: Call) -> Thing:
    if not call.query.get("currentUser"):
        return page(call, BANK_ACCOUNT_USERS)
    own = call.world.where("bank_account_user", "userId", call.caller.user_id)
    return page(call, BANK_ACCOUNT_USERS, rows=own)


@behaviour("bank_account_users_nominate")
def nominate(call: Call) -> Thing:
    """Nominate a user, who then must pass an identity check in BILL's web pages."""
    account = call.writable("bank_account", call.body["bankAccountId"])
    user = call.writable("user", call.body["userId"])
    if account["status"] != "VERIFIED":
        raise refusal("BDC_9008")
    known = call.world.where("bank_account_user", "bankAccountId", account["id"])
    if any(each["userId"] == user["id"] and not each["archived"] for each in known):
        raise refusal("BDC_9012")
    call.add(
        "bank_account_user",
        {
            "bankAccountId": account["id"],
            "userId": user["id"],
            "archived": False,
            "verificationStatus": "NOMINATED",
        },
    )
    return {"status": "SUCCESS"}


@behaviour("bank_account_users_archive")
def archive_bank_account_user(call: Call) -> Thing:
    user = call.one("bank_account_user", call.path["bankAccountUserId"])
    if user["archived"]:
        return user
    changes = {"archived": True, "verificationStatus": "UNVERIFIED"}
    return call.world.change("bank_account_user", user["id"], changes)


@behaviour("funding_accounts_get_permissions")
def get_permissions(call: Call) -> Thing:
    organization = call.world.get("organization", call.organization_id) or {}
    by_card = bool(organization.get("_payByCard", False))
    wallet = bool(organization.get("_walletFunding", False))
    user_id = call.caller.user_id
    own = [
        *call.world.where("bank_account_user", "userId", user_id),
        *(call.world.where("card_account_user", "userId", user_id) if by_card else ()),
    ]
    can_pay = call.role in assumed.ROLES_THAT_PAY and any(map(is_verified, own))
    return {
        "organization": {
            "card": {
                "payByCard": by_card,
                "fundingEnabled": by_card,
                "amexAllowed": by_card and bool(organization.get("_amexAllowed")),
            },
            "wallet": {"fundingEnabled": wallet},
        },
        "user": {"payOnline": can_pay},
    }
