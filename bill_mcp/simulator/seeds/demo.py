"""The seed ``demo``: half a year in the books of a timber trader in Seattle.

The data (``demo.yaml``) is lived through with the real behaviours and a moving clock,
so every amount and status is what BILL would show.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from bill_mcp.bank_days import add_bank_days, central_day, is_bank_day
from bill_mcp.simulator import credentials, sessions
from bill_mcp.simulator.behaviours import behaviours
from bill_mcp.simulator.call import Call, Caller
from bill_mcp.simulator.objects import patch_object
from bill_mcp.simulator.operations import operations
from bill_mcp.simulator.seeds.demo_classifications import (
    ACCOUNTS,
    plant_classifications,
)
from bill_mcp.simulator.seeds.demo_files import plant_files
from bill_mcp.simulator.seeds.demo_funding import plant_funding
from bill_mcp.simulator.seeds.demo_network import plant_network
from bill_mcp.simulator.seeds.demo_partner import plant_partner
from bill_mcp.simulator.seeds.demo_people import plant_people
from bill_mcp.simulator.seeds.demo_receivables import plant_receivables
from bill_mcp.simulator.seeds.demo_recurring import plant_recurring_bills
from bill_mcp.simulator.seeds.demo_risk import plant_risk
from bill_mcp.simulator.seeds.demo_spend import plant_spend
from bill_mcp.simulator.seeds.empty import plant_empty
from bill_mcp.simulator.store import Thing
from bill_mcp.simulator.times import central_moment

if TYPE_CHECKING:
    from bill_mcp.simulator.world import World

DAYS = 200
FAILURES = {
    "fail": "DISBURSEMENT_FAILED_ACTION_NEEDED",
    "hold": "DISBURSEMENT_ON_HOLD",
}
VOIDS = {"void": "VOID_AND_CREDIT", "reissue": "VOID_AND_REISSUE"}

Event = tuple[datetime, int, Callable[[], object]]


@cache
def demo_data() -> Thing:
    text = files(__package__).joinpath("demo.yaml").read_text(encoding="utf-8")
    data: Thing = yaml.safe_load(text)
    return data


def plant_demo(world: "World", now: datetime) -> None:
    """Live through it. The order counts: ids and clock depend on it."""
    world.state.now = now - timedelta(days=DAYS + 10)
    plant_empty(world, now, accounts=())
    plant_classifications(world)
    Demo(world, now).live()
    world.move_to(now)
    plant_receivables(world)
    for plant in (
        plant_recurring_bills,
        plant_network,
        plant_files,
        plant_risk,
        plant_spend,
        plant_funding,
        plant_partner,
    ):
        plant(world)


class Demo:
    """The story: what happens when, told in the order of the clock."""

    def __init__(self, world: "World", now: datetime) -> None:
        self.world = world
        self.now = now
        self.today = central_day(now)
        self.people = plant_people(world)
        self.accounts = account_ids(world)
        session = sessions.open_session(
            world,
            "org",
            credentials.USER_ID,
            credentials.ORGANIZATION_ID,
            credentials.DEVELOPER_KEY,
            trusted=True,
        )
        self.caller = Caller(
            session["id"],
            credentials.USER_ID,
            credentials.ORGANIZATION_ID,
            credentials.DEVELOPER_KEY,
        )
        self.events: list[Event] = []

    def live(self) -> None:
        for number, vendor in enumerate(demo_data()["vendors"]):
            moment = self.now - timedelta(days=DAYS - number)
            self.at(moment, partial(self.add_vendor, vendor))
        # A step may tell of further ones, always later ones.
        while self.events:
            self.events.sort(key=lambda event: event[:2])
            moment, _, happen = self.events.pop(0)
            self.world.move_to(moment)
            happen()
        sessions.close_session(self.world, self.caller.session_id)

    def at(self, moment: datetime, happen: Callable[[], object]) -> None:
        """Let it happen at *moment*, but while the story lasts."""
        latest = self.now - timedelta(minutes=30)
        number = self.world.count("demo event")
        self.events.append((min(moment, latest), number, happen))

    def do(self, operation: str, body: Thing | None = None, **path: str) -> Any:
        """Call an operation as the administrator in a trusted session."""
        facts = operations()[operation]
        faults: list[tuple[str, str]] = []
        read = facts.read_body(body, "", faults) if facts.read_body and body else {}
        if faults:
            raise ValueError(f"{operation}: {faults}")
        call = Call(self.world, facts, self.caller, path, {}, read)
        return behaviours()[operation](call)

    def add_vendor(self, entry: Thing) -> None:
        about = entry["about"]
        account = {
            "accountNumber": f"{4_400_100_000 + self.world.count('demo account')}"
        }
        abroad = entry["address"]["country"] != "US"
        account |= {"routingNumber": "" if abroad else "074000010"}
        body = {
            "name": entry["name"],
            "address": entry["address"],
            "accountType": about.get("accountType", "BUSINESS"),
            "phone": about["phone"],
            "email": about.get("email"),
            "paymentInformation": {"email": about.get("email")}
            | ({"bankAccount": account} if about["how"] == "ACH" else {}),
            "additionalInfo": {
                "track1099": about.get("track1099", False),
                "combinePayments": about.get("combinePayments", False),
            },
        }
        vendor = self.do("vendors_create", body)
        self.set_up_payment(vendor, about["how"])
        for bill in entry["bills"]:
            created = self.now + timedelta(days=bill["day"] + 1)
            add = partial(self.add_bill, vendor["id"], about["category"], bill)
            self.at(created, add)
        if about.get("archived"):
            self.at(
                self.now - timedelta(days=1),
                lambda: self.do("vendors_archive", vendorId=vendor["id"]),
            )

    def set_up_payment(self, vendor: Thing, how: str) -> None:
        """Do what the network and BILL's staff do: link a payee, enrol for cards."""
        if how in {"ACH", "CHECK"}:
            return
        information = {**vendor["paymentInformation"], "payByType": how}
        changes: Thing = {"paymentInformation": information}
        if how == "RPPS":
            number = self.world.count("demo rpps")
            changes |= {
                "rppsId": f"{8_800_200 + number}",
                "networkStatus": "CONNECTED_RPPS",
            }
        if how == "VIRTUAL_CARD":
            information["virtualCard"] = {
                "status": "ENROLLED",
                "remitEmail": vendor["email"],
                "enrollDate": self.world.stamp,
            }
        self.world.change("vendor", vendor["id"], changes)

    def add_bill(self, vendor_id: str, category: str, entry: Thing) -> None:
        issued = self.today + timedelta(days=entry["day"])
        account = self.accounts[category]
        body = {
            "vendorId": vendor_id,
            "dueDate": (issued + timedelta(days=entry["terms"])).isoformat(),
            "invoice": {
                "invoiceNumber": entry["number"],
                "invoiceDate": issued.isoformat(),
            },
            "billLineItems": [
                {
                    "amount": amount,
                    "description": text,
                    "classifications": {"chartOfAccountId": account},
                }
                for amount, text in entry["lines"]
            ],
        }
        bill = self.do("bills_create", body)
        if "approval" in entry:
            changes = self.approval(entry["approval"])
            self.world.change("bill", bill["id"], changes)
        if entry.get("archived"):
            later = self.world.now + timedelta(days=5)
            self.at(later, lambda: self.do("bills_archive", billId=bill["id"]))
        if "process" in entry:
            self.plan_payment(bill, entry)

    def approval(self, status: str) -> Thing:
        first, second = {
            "ASSIGNED": ("WAITING", "WAITING"),
            "APPROVING": ("APPROVED", "WAITING"),
            "APPROVED": ("APPROVED", "APPROVED"),
            "DENIED": ("DENIED", "WAITING"),
        }[status]
        approvers = [
            {
                "userId": self.people[name],
                "status": each,
                "approverOrder": order,
                "statusChangedTime": self.world.stamp,
            }
            for order, (name, each) in enumerate((("Tomás", first), ("Grace", second)))
        ]
        return {"approvalStatus": status, "approvers": approvers}

    def plan_payment(self, bill: Thing, entry: Thing) -> None:
        end, processed = entry.get("end"), bank_day(self.today, entry["process"])
        lead = 3 if end == "cancel" else 1
        asked = bank_day(min(processed, self.today), -lead)
        self.at(
            central_moment(asked, 13),
            lambda: self.pay(bill, entry.get("pay", 1), processed, end),
        )

    def pay(self, bill: Thing, part: float, processed: date, end: str | None) -> None:
        payment = self.do(
            "payments_create",
            {
                "billId": bill["id"],
                "amount": round(bill["amount"] * part, 2),
                "processDate": processed.isoformat(),
                "fundingAccount": {
                    "type": "BANK_ACCOUNT",
                    "id": self.people["account"],
                },
                "processingOptions": {},
            },
        )
        if end == "cancel":
            self.at(
                self.world.now + timedelta(hours=3),
                lambda: self.do("payments_cancel", paymentId=payment["id"]),
            )
        elif end in VOIDS:
            body = {"type": VOIDS[end], "reason": "Wrong remittance address."}
            self.at(
                central_moment(bank_day(processed, 1), 11),
                lambda: self.do("payments_void", body, paymentId=payment["id"]),
            )
        elif end in FAILURES:
            fields = {"singleStatus": FAILURES[end]}
            self.at(
                central_moment(bank_day(processed, 3), 11),
                lambda: patch_object(self.world, payment["id"], fields),
            )


def bank_day(day: date, count: int) -> date:
    """Return the bank day *count* after *day*, or before it if negative."""
    if count > 0:
        return add_bank_days(day, count)
    while count or not is_bank_day(day):
        day -= timedelta(days=1)
        count += is_bank_day(day) and count < 0
    return day


def account_ids(world: "World") -> dict[str, str]:
    """Return the ids of the accounts by their short names within the demo."""
    names = {name: short for short, name, *_ in ACCOUNTS}
    return {names[row["name"]]: row["id"] for row in world.rows("chart_of_account")}
