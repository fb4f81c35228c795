"""What the demo organization books on: accounts, classes, departments, and so on."""

from bill_mcp.simulator import credentials
from bill_mcp.simulator.store import Store, Thing

ACCOUNTS = (
    # The first ones are the accounts of the bills in demo.yaml: there they are known by
    # their place, so none may come before them or between them.
    ("freight", "Freight and Hauling", "5100", "COST_OF_GOODS_SOLD"),
    ("lumber", "Lumber Purchases", "5000", "COST_OF_GOODS_SOLD"),
    ("utilities", "Utilities", "6400", "EXPENSE"),
    ("office", "Office Supplies", "6200", "EXPENSE"),
    ("rent", "Rent", "6300", "EXPENSE"),
    ("equipment", "Equipment Rental and Service", "6500", "EXPENSE"),
    ("professional", "Professional Fees", "6600", "EXPENSE"),
    ("insurance", "Insurance", "6700", "EXPENSE"),
    ("repairs", "Repairs and Maintenance", "6800", "EXPENSE"),
    ("software", "Software Subscriptions", "6250", "EXPENSE"),
    ("checking", "Operating Checking", "1000", "BANK"),
    ("receivable", "Accounts Receivable", "1200", "ACCOUNTS_RECEIVABLE"),
    ("inventory", "Lumber Inventory", "1300", "OTHER_CURRENT_ASSET"),
    ("vehicles", "Trucks and Forklifts", "1500", "FIXED_ASSET"),
    ("payable", "Accounts Payable", "2000", "ACCOUNTS_PAYABLE"),
    ("card", "Company Card", "2100", "CREDIT_CARD"),
    ("tax", "Sales Tax Payable", "2200", "OTHER_CURRENT_LIABILITY"),
    ("loan", "Equipment Loan", "2500", "LONG_TERM_LIABILITY"),
    ("equity", "Retained Earnings", "3000", "EQUITY"),
    ("sales", "Lumber Sales", "4000", "INCOME"),
    ("delivery", "Delivery Income", "4100", "INCOME"),
)
"""Short name within the demo, name, number, type."""

NAMED: dict[str, dict[str, str | None]] = {
    "accounting_class": {
        "Wholesale": None,
        "Retail": None,
        "Export": "Wholesale",
        "Old Yard": None,
    },
    "department": {"Yard": None, "Sales": None, "Office": None, "Sawmill": "Yard"},
    "location": {
        "Seattle Yard": None,
        "Seattle Pier 91": "Seattle Yard",
        "Tacoma Warehouse": None,
        "Portland Depot": None,
        "Everett Lot": None,
    },
    "job": {
        "Ballard Boathouse": None,
        "Ballard Boathouse Deck": "Ballard Boathouse",
        "Mercer Gym Floor": None,
        "Skagit Barn 12": None,
        "Alki Point Remodel": None,
    },
}
"""Kind -> name -> the name of its parent, which comes before it."""

EMPLOYEES = (
    ("Ben", "Okafor", None),
    ("Yuki", "Tanaka", "Okafor"),
    ("Rosa", "Delgado", "Okafor"),
    ("Sam", "Pruitt", None),
)
ITEMS: dict[str, Thing] = {
    "Lumber": {"type": "INVENTORY", "shortName": "LUM"},
    "Douglas fir 2x4": {
        "type": "INVENTORY",
        "shortName": "DF24",
        "description": "Kiln dried, 8 ft",
        "parentId": "Lumber",
        "price": 6.85,
        "purchaseDescription": "Douglas fir 2x4x8 KD",
        "purchaseCost": 4.1,
        "taxable": True,
    },
    "Plywood 3/4 in": {
        "type": "INVENTORY",
        "shortName": "PLY34",
        "parentId": "Lumber",
        "price": 58.4,
        "purchaseDescription": "Plywood 3/4 in, CDX",
        "purchaseCost": 39.75,
        "taxable": True,
    },
    "Red alder 4/4": {
        "type": "INVENTORY",
        "shortName": "ALD44",
        "parentId": "Lumber",
        "price": 4.95,
        "purchaseCost": 3.2,
        "taxable": True,
    },
    "Delivery": {
        "type": "OTHER_CHARGE",
        "shortName": "DEL",
        "price": 145.0,
        "taxable": False,
    },
    "Seattle sales tax": {
        "type": "SALES_TAX",
        "shortName": "WA-SEA",
        "percentage": 10.35,
    },
}
ARCHIVED = ("Old Yard", "Everett Lot", "Sam Pruitt")
"""What the company no longer books on."""


def plant_classifications(store: Store) -> None:
    """Add them to the demo organization, at the time that the clock shows."""
    accounts = {
        short: add(store, "chart_of_account", account_of(store, name, number, kind))
        for short, name, number, kind in ACCOUNTS
    }
    for table, names in NAMED.items():
        for name, parent in names.items():
            add(store, table, named(name) | below(store, table, "name", parent))
    for first, last, boss in EMPLOYEES:
        person = {
            "firstName": first,
            "lastName": last,
            "shortName": f"{first[0]}{last[0]}",
            "archived": f"{first} {last}" in ARCHIVED,
        }
        add(store, "employee", person | below(store, "employee", "lastName", boss))
    for name, about in ITEMS.items():
        add(store, "item", item_of(store, name, about, accounts))


def add(store: Store, kind: str, fields: Thing) -> str:
    own = {"_organizationId": credentials.ORGANIZATION_ID, "archived": False}
    key: str = store.add(kind, {**own, **fields})["id"]
    return key


def named(name: str) -> Thing:
    initials = "".join(word[0] for word in name.split()).upper()
    return {
        "name": name,
        "shortName": initials,
        "description": f"{name} of Pacific Timber & Trade",
        "archived": name in ARCHIVED,
    }


def below(store: Store, kind: str, field: str, parent: str | None) -> Thing:
    if parent is None:
        return {}
    return {"parentId": store.where(kind, field, parent)[0]["id"]}


def account_of(store: Store, name: str, number: str, kind: str) -> Thing:
    parent = "Lumber Sales" if name == "Delivery Income" else None
    return {
        **below(store, "chart_of_account", "name", parent),
        "name": name,
        "description": f"{number} {name}",
        "account": {"type": kind, "number": number},
    }


def item_of(store: Store, name: str, about: Thing, accounts: dict[str, str]) -> Thing:
    income = "delivery" if name == "Delivery" else "sales"
    booked = {"chartOfAccountId": accounts[income]}
    if "purchaseCost" in about:
        booked["expenseChartOfAccountId"] = accounts["lumber"]
    if about["type"] == "SALES_TAX":
        booked["chartOfAccountId"] = accounts["tax"]
    parent = below(store, "item", "name", about.get("parentId"))
    return {"name": name, **about, **booked, **parent}
