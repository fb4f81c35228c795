"""The organization's bank accounts, from which it pays."""

from bill_mcp.simulator import assumed
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import refusal
from bill_mcp.simulator.filters import boolean, choice, ident
from bill_mcp.simulator.fixtures import fixture
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.money import cents
from bill_mcp.simulator.patching import masked, merged
from bill_mcp.simulator.sign_in_data import add_bank_account_user
from bill_mcp.simulator.store import Store, Thing

STATUSES = (
    "PENDING",
    "VERIFIED",
    "NOT_VERIFIED",
    "BLOCKED",
    "EXPIRED",
    "INVALID",
    "UNDEFINED",
)
SANDBOX_DEPOSIT_CENTS = 50
"""[doc] In the sandbox 0.50 always verifies."""

BANK_ACCOUNTS = Listing(
    "bank_account",
    {
        "id": ident(),
        "archived": boolean(),
        "status": choice(STATUSES),
        "type": choice(("CHECKING", "SAVINGS"), "eq", "ne", "in", "nin"),
        "ownerType": choice(("BUSINESS", "PERSONAL")),
        "accessToAdmins": boolean(),
    },
    # BILL's own sample filters by this name, which no reply has.
    aliases={"bankAccountId": "id"},
)


@behaviour("bank_accounts_list")
def list_bank_accounts(call: Call) -> Thing:
    return page(call, BANK_ACCOUNTS)


@behaviour("bank_accounts_get")
def get_bank_account(call: Call) -> Thing:
    return call.one("bank_account", call.path["bankAccountId"])


@behaviour("bank_accounts_create")
def create_bank_account(call: Call) -> Thing:
    """Add an account that cannot be used until its test deposit was named."""
    number = call.body["accountNumber"]
    fields = {
        **unverified(call.world, number),
        **call.body,
        "accountNumber": masked(number),
        "createdBy": call.caller.user_id,
    }
    return call.add("bank_account", fields)


def unverified(store: Store, number: str) -> Thing:
    deposit = 1 + int(store.text("deposit", "0123456789", 4)) % 99
    return {
        "_accountNumber": number,
        "_depositCents": deposit,
        "_tries": 0,
        "archived": False,
        "status": "PENDING",
        "accessToAdmins": False,
        "default": {"payables": False, "receivables": False},
    }


@behaviour("bank_accounts_update")
def update_bank_account(call: Call) -> Thing:
    account = call.writable("bank_account", call.path["bankAccountId"])
    if account["status"] != "VERIFIED":
        raise refusal("BDC_9008")
    for use, wanted in call.body.get("default", {}).items():
        if wanted:
            clear_default(call, use)
    changes = merged(account, call.body) | {"updatedTime": call.world.stamp}
    return call.world.change("bank_account", account["id"], changes)


def clear_default(call: Call, use: str) -> None:
    """Take the default for payables or receivables from the account that has it."""
    own = call.organization_id
    for other in call.world.where("bank_account", "_organizationId", own):
        if other["default"].get(use):
            default = {**other["default"], use: False}
            call.world.change("bank_account", other["id"], {"default": default})


@behaviour("bank_accounts_archive")
def archive_bank_account(call: Call) -> Thing:
    account = call.one("bank_account", call.path["bankAccountId"])
    if account["archived"]:
        return account
    users = call.world.where("bank_account_user", "bankAccountId", account["id"])
    verified = any(
        user["userId"] == call.caller.user_id and is_verified(user) for user in users
    )
    if account["status"] != "VERIFIED" or not verified:
        raise refusal("BDC_9008")
    return call.archive("bank_account", account["id"])


def is_verified(user: Thing) -> bool:
    return user["verificationStatus"] == "VERIFIED" and not user["archived"]


@behaviour("bank_accounts_verify")
def verify_bank_account(call: Call) -> Thing:
    """Compare the amount of the test deposit; the third wrong one is the last."""
    world = call.world
    account = call.writable("bank_account", call.path["bankAccountId"])
    if account["status"] != "PENDING":
        raise refusal("BDC_9007")
    right = SANDBOX_DEPOSIT_CENTS
    if world.switch("production"):
        right = account["_depositCents"]
    if cents(call.body["depositAmount"]) == right:
        world.change("bank_account", account["id"], {"status": "VERIFIED"})
        if assumed.CREATOR_MAY_USE_A_VERIFIED_ACCOUNT:
            add_bank_account_user(world, account, account["createdBy"])
        return {"verified": True}
    tries = account["_tries"] + 1
    used_up = tries >= assumed.VERIFICATION_TRIES
    changes = {"_tries": tries, "status": "NOT_VERIFIED" if used_up else "PENDING"}
    world.change("bank_account", account["id"], changes)
    return {"verified": False}


@fixture("bank_account")
def make_bank_account(store: Store, organization_id: str, fields: Thing) -> Thing:
    """Add an account, VERIFIED unless ``status`` says otherwise.

    Everybody in the organization whose role pays may use it, or just ``userIds``.
    """
    own = dict(fields)
    number = own.pop("accountNumber", store.text("account", "0123456789", 10))
    user_ids = own.pop("userIds", None)
    account = store.add(
        "bank_account",
        {
            **unverified(store, number),
            "_organizationId": organization_id,
            "nameOnAccount": "Simulated account",
            "bankName": "Chase",
            "routingNumber": "074000010",
            "accountNumber": masked(number),
            "type": "CHECKING",
            "ownerType": "BUSINESS",
            "status": "VERIFIED",
            **own,
        },
    )
    if account["status"] == "VERIFIED":
        for user in store.where("user", "_organizationId", organization_id):
            pays = user["role"]["type"] in assumed.ROLES_THAT_PAY
            if user["id"] in user_ids if user_ids is not None else pays:
                add_bank_account_user(store, account, user["id"])
    return account
