"""What Spend & Expense holds in the seed ``demo``; ``demo_spend.py`` plants it."""

from typing import Any, NamedTuple

PEOPLE = (
    ("Marcus", "Oyelaran", "BOOKKEEPER"),
    ("Priya", "Raman", "FINANCE_ADMIN"),
    ("Tomás", "Herrera", "MEMBER"),
    ("Grace", "Lindqvist", "MEMBER"),
    ("Ben", "Okafor", "MEMBER"),
    ("Yuki", "Tanaka", "AUDITOR"),
    ("Sam", "Pruitt", "MEMBER"),
)
"""The same people as in accounts payable. Sam has left."""

BUDGETS: tuple[dict[str, Any], ...] = (
    {
        "name": "Operations",
        "description": "Day-to-day costs of the office and both warehouses",
        "recurringInterval": "MONTHLY",
        "limit": 12_000.0,
        "recurringLimit": 12_000.0,
        "maxTxSize": 2_500.0,
        "receiptRequired": True,
        "default": True,
        "shareFunds": "SHARE_ALL_OWNERS_BUT_MEMBERS_MANUALLY",
        "owners": ("Dana",),
        "members": ("Ben", "Grace"),
        "observers": ("Yuki",),
    },
    {
        "name": "Travel & customer visits",
        "recurringInterval": "QUARTERLY",
        "recurMonth": 1,
        "limit": 18_000.0,
        "recurringLimit": 18_000.0,
        "overspendBuffer": 500.0,
        "receiptRequired": True,
        "owners": ("Grace",),
        "members": ("Tomás", "Dana"),
    },
    {
        "name": "Software subscriptions",
        "recurringInterval": "MONTHLY",
        "limit": 4_000.0,
        "recurringLimit": 4_000.0,
        "carryOver": True,
        "owners": ("Priya", "Dana"),
        "members": (),
    },
    {
        "name": "Yard & fleet",
        "recurringInterval": "WEEKLY",
        "limit": 1_800.0,
        "recurringLimit": 1_800.0,
        "shareFunds": "SHARE_WITH_ALL_MEMBERS",
        "owners": ("Tomás",),
        "members": ("Ben",),
    },
    {
        "name": "Sales",
        "description": "Group of all budgets that win customers",
        "recurringInterval": "YEARLY",
        "recurMonth": 1,
        "recurringLimit": 60_000.0,
        "limitlessOverspend": True,
        "limitlessGoal": 60_000.0,
        "budgetGroup": True,
        "owners": ("Grace",),
        "members": (),
    },
    {
        "name": "Trade show Portland",
        "recurringInterval": "NONE",
        "limit": 15_000.0,
        "expires_in": 90,
        "parent": "Sales",
        "owners": ("Grace",),
        "members": ("Tomás",),
    },
    {
        "name": "Coffee & lunches",
        "recurringInterval": "DAILY",
        "limit": 150.0,
        "recurringLimit": 150.0,
        "autoAddUsers": True,
        "shareFunds": "SHARE_WITH_ALL_MEMBERS",
        "owners": ("Dana",),
        "members": ("Marcus", "Priya", "Tomás", "Grace", "Ben"),
    },
    {
        "name": "Warehouse move",
        "recurringInterval": "NONE",
        "limit": 30_000.0,
        "retired": True,
        "owners": ("Dana",),
        "members": ("Ben",),
    },
)

MEMBER_LIMITS = {
    ("Operations", "Ben"): 1_500.0,
    ("Operations", "Grace"): 800.0,
    ("Travel & customer visits", "Tomás"): 5_000.0,
    ("Trade show Portland", "Tomás"): 3_000.0,
}


class Plan(NamedTuple):
    """A card and what it pays: how often, about how much, at which merchants."""

    name: str
    holder: str
    budget: str
    limit: float | None
    recurring: bool
    kind: str
    every: int
    amount: float
    merchants: tuple[tuple[str, str], ...]
    """Name and category code."""


CARDS = (
    Plan(
        "Dana Whitfield",
        "Dana",
        "Operations",
        None,
        False,
        "PHYSICAL",
        9,
        140.0,
        (("Office Depot", "5943"), ("Uline", "5046"), ("Home Depot", "5200")),
    ),
    Plan(
        "Ben Okafor",
        "Ben",
        "Operations",
        1_500.0,
        True,
        "PHYSICAL",
        11,
        95.0,
        (("Grainger", "5085"), ("McLendon Hardware", "5251")),
    ),
    Plan(
        "Grace on the road",
        "Grace",
        "Travel & customer visits",
        None,
        False,
        "PHYSICAL",
        8,
        260.0,
        (("Alaska Airlines", "3256"), ("Hotel Lucia", "7011"), ("Hertz", "3357")),
    ),
    Plan(
        "Tomás on the road",
        "Tomás",
        "Travel & customer visits",
        5_000.0,
        True,
        "VIRTUAL",
        15,
        190.0,
        (("Amtrak", "4112"), ("Marriott Spokane", "3509")),
    ),
    Plan(
        "Drawing software",
        "Priya",
        "Software subscriptions",
        900.0,
        True,
        "VIRTUAL",
        29,
        480.0,
        (("Autodesk", "5734"),),
    ),
    Plan(
        "Shared files",
        "Priya",
        "Software subscriptions",
        300.0,
        True,
        "VIRTUAL",
        29,
        180.0,
        (("Dropbox", "5734"),),
    ),
    Plan(
        "Team chat",
        "Dana",
        "Software subscriptions",
        250.0,
        True,
        "VIRTUAL",
        29,
        156.25,
        (("Slack", "5734"),),
    ),
    Plan(
        "Fuel, truck 1",
        "Tomás",
        "Yard & fleet",
        None,
        False,
        "PHYSICAL",
        4,
        118.0,
        (("Chevron", "5541"), ("76", "5541")),
    ),
    Plan(
        "Fuel, truck 2",
        "Ben",
        "Yard & fleet",
        None,
        False,
        "VIRTUAL",
        5,
        104.0,
        (("Shell", "5541"),),
    ),
    Plan(
        "Booth and print",
        "Grace",
        "Trade show Portland",
        6_000.0,
        False,
        "VIRTUAL",
        70,
        1_450.0,
        (("Oregon Convention Center", "7399"), ("FedEx Office", "7338")),
    ),
    Plan(
        "Lunch",
        "Priya",
        "Coffee & lunches",
        None,
        False,
        "VIRTUAL",
        6,
        42.0,
        (("Caffe Vita", "5814"), ("Pike Place Chowder", "5812")),
    ),
    Plan(
        "Moving boxes",
        "Ben",
        "Warehouse move",
        2_000.0,
        False,
        "VIRTUAL",
        400,
        310.0,
        (("U-Haul", "7513"),),
    ),
)

CARD_ENDS = {"Shared files": "FROZEN", "Moving boxes": "DELETED"}

FIELDS: tuple[tuple[dict[str, Any], tuple[str, ...]], ...] = (
    (
        {
            "name": "Expense category",
            "type": "CUSTOM_SELECTOR",
            "allowCustomValues": False,
            "global": True,
            "required": True,
            "minimumAmountForRequirement": 75.0,
            "description": "How the books see it",
        },
        ("Travel", "Fuel", "Software", "Office supplies", "Repairs", "Marketing"),
    ),
    (
        {
            "name": "Project",
            "type": "CUSTOM_SELECTOR",
            "allowCustomValues": True,
            "multiSelect": True,
            "global": False,
            "selected": ("Travel & customer visits", "Trade show Portland"),
            "must": ("Trade show Portland",),
        },
        ("Ballard lofts", "Harbor bridge", "Portland 2027"),
    ),
    (
        {
            "name": "Business purpose",
            "type": "NOTE",
            "allowCustomValues": True,
            "global": True,
        },
        (),
    ),
)

CATEGORY_OF = {
    "Operations": "Office supplies",
    "Travel & customer visits": "Travel",
    "Software subscriptions": "Software",
    "Yard & fleet": "Fuel",
    "Trade show Portland": "Marketing",
    "Coffee & lunches": "Marketing",
    "Warehouse move": "Repairs",
}

REIMBURSEMENTS = (
    # who, budget, days ago, amount, merchant, note, status, type
    (
        "Ben",
        "Operations",
        96,
        64.2,
        "Fred Meyer",
        "First-aid kits for the yard",
        "PAID",
        "OUT_OF_POCKET",
    ),
    (
        "Tomás",
        "Travel & customer visits",
        61,
        143.75,
        "Own car",
        "Spokane and back",
        "PAID",
        "MILEAGE",
    ),
    (
        "Grace",
        "Trade show Portland",
        24,
        212.4,
        "Staples",
        "Banners, paid privately",
        "PAID",
        "OUT_OF_POCKET",
    ),
    (
        "Ben",
        "Yard & fleet",
        15,
        38.5,
        "Les Schwab",
        "Flat tire",
        "DENIED",
        "OUT_OF_POCKET",
    ),
    (
        "Tomás",
        "Travel & customer visits",
        6,
        88.0,
        "Own car",
        "Mill visit, Forks",
        "READY_TO_PAY",
        "MILEAGE",
    ),
    (
        "Grace",
        "Travel & customer visits",
        3,
        57.9,
        "Lyft",
        "Airport to hotel",
        "AWAITING_APPROVAL",
        "OUT_OF_POCKET",
    ),
    (
        "Ben",
        "Operations",
        1,
        1_930.0,
        "Costco",
        "Winter jackets for the yard",
        "AWAITING_APPROVAL",
        "OUT_OF_POCKET",
    ),
)

ON_THE_WAY = {
    "PAID": ("APPROVED", "READY_TO_PAY", "PAID"),
    "READY_TO_PAY": ("APPROVED", "READY_TO_PAY"),
    "DENIED": ("DENIED",),
    "AWAITING_APPROVAL": (),
}
"""What the history of a reimbursement tells after it was submitted."""
