"""The seed ``empty``: one organization with one administrator, and no vendors.

What every organization has from its first day on, in whichever way it was made, is
here too: roles and a chart of accounts.
"""

from datetime import datetime

from bill_mcp.simulator import assumed, credentials
from bill_mcp.simulator.store import Store, Thing

ROLES = {
    "ADMINISTRATOR": "Manages everything, people and bank accounts included",
    "ACCOUNTANT": "Works on everything but company settings",
    "PAYER": "Pays approved bills",
    "APPROVER": "Approves or denies bills",
    "CLERK": "Enters bills and vendors",
    "MEMBER": "Sees own items",
    "PURCHASE_REQUESTER": "Requests purchases",
    "PARTNER": "Works for the accounting firm",
}

PARTNER_ID = "00802LEDGERWORKSmP4x"
PARTNER_NAME = "Ledgerworks Accounting"

ADDRESS = {
    "line1": "2100 Westlake Avenue N",
    "line2": "Suite 310",
    "city": "Seattle",
    "stateOrProvince": "WA",
    "zipOrPostalCode": "98109",
    "country": "US",
}

ORGANIZATION = {
    "archived": False,
    "name": "Pacific Timber & Trade Inc.",
    "address": ADDRESS,
    "mailingAddress": ADDRESS,
    "phone": "2065550142",
    "companyOwner": {"name": "Dana Whitfield", "dateOfBirth": "1974-05-09"},
    "taxId": "91-1824467",
    "taxIdType": "EIN",
    "industry": "Lumber and building materials",
    "businessCategory": "LLC",
    "accountType": "BUSINESS",
    "processingOptions": {"mailingAddressSameAsPhysical": True},
    "partnerName": PARTNER_NAME,
}

Accounts = tuple[tuple[str, str, str], ...]


def plant_empty(
    store: Store,
    now: datetime,
    accounts: Accounts = assumed.ACCOUNTS_OF_A_NEW_ORGANIZATION,
) -> None:
    organization_id = credentials.ORGANIZATION_ID
    store.add("settings", dict(assumed.SWITCHES), key="settings")
    store.add("developer_key", {}, key=credentials.DEVELOPER_KEY)
    store.add("app_key", {}, key=credentials.APP_KEY)
    fields = {**ORGANIZATION, "_partnerId": PARTNER_ID}
    found_organization(store, fields, organization_id, accounts)
    administrator = {
        "_organizationId": organization_id,
        "_username": credentials.USERNAME,
        "_password": credentials.PASSWORD,
        "archived": False,
        "firstName": "Dana",
        "lastName": "Whitfield",
        "email": credentials.USERNAME,
        "role": role_of(store, organization_id, "ADMINISTRATOR"),
    }
    store.add("user", administrator, key=credentials.USER_ID)
    phone = {
        "_userId": credentials.USER_ID,
        "type": "MOBILE",
        "last4digits": "0142",
        "primary": True,
    }
    store.add("mfa_phone", phone, key="phone-of-the-administrator")
    partner_user = {"_partnerId": PARTNER_ID, "_password": credentials.PASSWORD}
    store.add("partner_user", partner_user, key=credentials.PARTNER_USERNAME)
    spend_user = store.add(
        "spend_user",
        {
            "_organizationId": organization_id,
            "firstName": "Dana",
            "lastName": "Whitfield",
            "email": credentials.USERNAME,
            "role": "ADMIN",
            "retired": False,
        },
    )
    token = {"userId": spend_user["uuid"], "organizationId": organization_id}
    store.add("api_token", token, key=credentials.API_TOKEN)


def found_organization(
    store: Store,
    fields: Thing,
    key: str | None = None,
    accounts: Accounts = assumed.ACCOUNTS_OF_A_NEW_ORGANIZATION,
) -> Thing:
    """Add an organization with roles and a chart of accounts, and nobody in it."""
    organization = store.add("organization", {"archived": False, **fields}, key=key)
    own = {"_organizationId": organization["id"]}
    for kind, description in ROLES.items():
        store.add("role", {**own, "type": kind, "description": description})
    for name, number, kind in accounts:
        account = {"name": name, "account": {"type": kind, "number": number}}
        store.add("chart_of_account", {**own, "archived": False, **account})
    return organization


def role_of(store: Store, organization_id: str, kind: str) -> Thing:
    """Return the organization's role as it stands in its users.

    Raises:
        KeyError: the organization has no such role.
    """
    for role in store.where("role", "_organizationId", organization_id):
        if role["type"] == kind:
            return {name: role[name] for name in ("id", "type", "description")}
    raise KeyError(kind)
