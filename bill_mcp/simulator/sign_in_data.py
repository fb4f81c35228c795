"""Making a login for a test or an evaluation: ``POST /simulator/credentials``."""

from bill_mcp.simulator import assumed, credentials, ids, sessions
from bill_mcp.simulator.seeds.empty import PARTNER_ID, role_of
from bill_mcp.simulator.store import Store, Thing

KINDS = ("org", "partner", "spend")
MFA = ("trusted", "registered", "none")
DEVICE = "simulator-client"


def make_credentials(store: Store, wish: Thing) -> Thing:
    """Make a login and return the variables that a client needs for it.

    Raises:
        ValueError: the wish is not one.
        LookupError: there is no such organization or role.
    """
    kind, mfa = wish.get("kind", "org"), wish.get("mfa", "registered")
    if kind not in KINDS or mfa not in MFA:
        raise ValueError(f"kind is one of {KINDS}, mfa one of {MFA}")
    organization_id = wish.get("organization") or credentials.ORGANIZATION_ID
    if store.get("organization", organization_id) is None:
        raise LookupError(f"organization {organization_id}")
    number = store.count("credentials")
    if kind == "partner":
        return partner(store, number)
    if kind == "spend":
        return spend(store, organization_id, wish.get("role", "ADMIN"), number)
    role = wish.get("role", "ADMINISTRATOR")
    return organization_user(store, organization_id, role, mfa, number)


def organization_user(
    store: Store, organization_id: str, role: str, mfa: str, number: int
) -> Thing:
    user = add_user(store, organization_id, {"_number": number}, role)
    variables = {
        "BILL_USERNAME": user["_username"],
        "BILL_PASSWORD": user["_password"],
        "BILL_ORGANIZATION_ID": organization_id,
        "BILL_DEV_KEY": credentials.DEVELOPER_KEY,
        "userId": user["id"],
        "organizationId": organization_id,
    }
    if mfa != "none":
        add_phone(store, {"userId": user["id"]})
    if mfa == "trusted":
        remembered = sessions.remember(store, user["id"], DEVICE)
        variables |= {"BILL_REMEMBER_ME_ID": remembered, "BILL_DEVICE": DEVICE}
    return variables


def add_user(store: Store, organization_id: str, fields: Thing, role: str) -> Thing:
    """Add a person who can sign in, and pay if the role pays."""
    number = fields.get("_number") or store.count("credentials")
    name = f"person{number}@pacifictimber.example"
    user = store.add(
        "user",
        {
            "_organizationId": organization_id,
            "_username": fields.get("_username", name).lower(),
            "_password": fields.get("_password") or f"password-{number}",
            "archived": False,
            "firstName": "Person",
            "lastName": str(number),
            "email": name,
            "role": role_of(store, organization_id, role),
            **fields,
        },
    )
    if role in assumed.ROLES_THAT_PAY:
        for account in store.where("bank_account", "_organizationId", organization_id):
            if account["status"] == "VERIFIED" and not account["archived"]:
                add_bank_account_user(store, account, user["id"])
    return user


def add_bank_account_user(store: Store, account: Thing, user_id: str) -> Thing:
    """Let a user pay from an account, identity check passed."""
    return store.add(
        "bank_account_user",
        {
            "_organizationId": account["_organizationId"],
            "bankAccountId": account["id"],
            "userId": user_id,
            "archived": False,
            "verificationStatus": "VERIFIED",
        },
    )


def add_phone(store: Store, fields: Thing) -> Thing:
    phone = {"type": "MOBILE", "last4digits": "0100", "primary": True, **fields}
    phone["_userId"] = phone.pop("userId", credentials.USER_ID)
    key = store.text("mfa_phone", ids.MIXED, 20)
    return store.add("mfa_phone", phone, key=key)


def add_partner_user(store: Store, name: str, password: str) -> Thing:
    fields = {"_partnerId": PARTNER_ID, "_password": password}
    return store.add("partner_user", fields, key=name.lower())


def partner(store: Store, number: int) -> Thing:
    name = f"partner{number}"
    password = f"password-{number}"
    add_partner_user(store, name, password)
    return {
        "BILL_USERNAME": name,
        "BILL_PASSWORD": password,
        "BILL_APP_KEY": credentials.APP_KEY,
        "BILL_DEV_KEY": credentials.DEVELOPER_KEY,
        "userId": name,
        "organizationId": PARTNER_ID,
    }


def spend(store: Store, organization_id: str, role: str, number: int) -> Thing:
    user = store.add(
        "spend_user",
        {
            "_organizationId": organization_id,
            "firstName": "Person",
            "lastName": str(number),
            "email": f"person{number}@pacifictimber.example",
            "role": role,
            "retired": False,
        },
    )
    token = store.text("api token", ids.MIXED, 40)
    fields = {"userId": user["uuid"], "organizationId": organization_id}
    store.add("api_token", fields, key=token)
    return {
        "BILL_API_TOKEN": token,
        "userId": user["uuid"],
        "organizationId": organization_id,
    }
