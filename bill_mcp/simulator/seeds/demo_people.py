"""People and bank accounts of the seed ``demo``."""

from bill_mcp.simulator import credentials
from bill_mcp.simulator.behaviours.bank_accounts import make_bank_account
from bill_mcp.simulator.sign_in_data import add_user
from bill_mcp.simulator.store import Store

PEOPLE = (
    ("Marcus", "Oyelaran", "ACCOUNTANT"),
    ("Priya", "Raman", "PAYER"),
    ("Tomás", "Herrera", "APPROVER"),
    ("Grace", "Lindqvist", "APPROVER"),
    ("Ben", "Okafor", "CLERK"),
    ("Yuki", "Tanaka", "MEMBER"),
    ("Sam", "Pruitt", "CLERK"),
)

COMPANY = "Pacific Timber & Trade Inc."


def plant_people(store: Store) -> dict[str, str]:
    """Add them; return ids by first name, and the paying account as ``account``."""
    own = credentials.ORGANIZATION_ID
    known = {}
    for first, last, role in PEOPLE:
        plain = first.replace("á", "a").lower()
        email = f"{plain}.{last.lower()}@pacifictimber.example"
        fields = {
            "_username": email,
            "_password": credentials.PASSWORD,
            "firstName": first,
            "lastName": last,
            "email": email,
            "archived": first == "Sam",
        }
        known[first] = add_user(store, own, fields, role)["id"]
    operating = {
        "nameOnAccount": COMPANY,
        "bankName": "Chase",
        "accountNumber": "8810442173",
        "createdBy": credentials.USER_ID,
        "default": {"payables": True, "receivables": True},
    }
    payroll = {
        "nameOnAccount": COMPANY,
        "bankName": "Wells Fargo",
        "routingNumber": "125008547",
        "accountNumber": "5519027764",
        "createdBy": credentials.USER_ID,
        "status": "PENDING",
    }
    old = {
        "nameOnAccount": COMPANY,
        "bankName": "KeyBank",
        "routingNumber": "125000574",
        "accountNumber": "3320118895",
        "type": "SAVINGS",
        "createdBy": credentials.USER_ID,
        "status": "NOT_VERIFIED",
    }
    known["account"] = make_bank_account(store, own, operating)["id"]
    make_bank_account(store, own, payroll)
    make_bank_account(store, own, old)
    return known
