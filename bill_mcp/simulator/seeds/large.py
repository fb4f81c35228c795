"""The seed ``large``: 2,000 vendors and 20,000 bills, for what only numbers show.

Thirteen months of an accounts-payable office: bills come in all the time, and each
month's are paid in one run a month later, all of a vendor's in one payment. The last
run is under way and the newest bills are open.
"""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, cast

from bill_mcp.bank_days import add_bank_days, central_day
from bill_mcp.simulator import credentials, ids
from bill_mcp.simulator.behaviours.bills import add_bill
from bill_mcp.simulator.behaviours.vendors import create_vendor
from bill_mcp.simulator.call import Call, Caller
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.operations import operations
from bill_mcp.simulator.payment_making import add_payment, note_last_payment
from bill_mcp.simulator.payment_rules import PAYMENT_TYPES, disbursement_type
from bill_mcp.simulator.seeds.demo_classifications import plant_classifications
from bill_mcp.simulator.seeds.demo_people import plant_people
from bill_mcp.simulator.seeds.empty import plant_empty
from bill_mcp.simulator.seeds.large_names import FIRST, PLACES, SECOND, SUFFIXES, WORK
from bill_mcp.simulator.store import Thing
from bill_mcp.simulator.times import stamp

if TYPE_CHECKING:
    from bill_mcp.simulator.world import World

VENDORS = 2_000
BILLS = 20_000
MONTHS, MONTH = 13, timedelta(days=28)
BILLS_IN_A_ROW = 10
"""So many bills come in within one minute; a moment each would take longer to tell."""

BILLS_TO_ONE_THAT_WAITS, BILLS_TO_ONE_IN_PART = 16, 37
RUN_DAYS = 6
"""Between a run's start and the day on which its payments have cleared."""

WAYS = ("ACH",) * 12 + ("CHECK",) * 5 + ("RPPS", "VIRTUAL_CARD", "OFFLINE")
APPROVALS = {0: "ASSIGNED", 1: "APPROVED", 2: "DENIED"}
"""Of 64 bills one each; the others have no approvers."""

WAITS = {"ASSIGNED": "WAITING", "APPROVED": "APPROVED", "DENIED": "DENIED"}


def plant_large(world: "World", now: datetime) -> None:
    """Fill the world; all amounts are true, as they are in ``demo``."""
    world.state.now = now - MONTHS * MONTH - timedelta(days=7)
    plant_empty(world, now, accounts=())
    plant_classifications(world)
    Office(world, now, plant_people(world)).work()
    world.move_to(now)


class Office:
    """The story: who comes, what they bill, and the run at the end of each month."""

    def __init__(self, world: "World", now: datetime, people: dict[str, str]) -> None:
        self.world = world
        self.now = now
        self.people = people
        self.vendors: list[Thing] = []
        self.accounts = [row["id"] for row in world.rows("chart_of_account")][:10]
        caller = Caller("", credentials.USER_ID, credentials.ORGANIZATION_ID)
        self.call = Call(world, operations()["bills_create"], caller, {}, {}, {})
        self.unpaid: list[Thing] = []

    def work(self) -> None:
        for number in range(VENDORS):
            self.vendors.append(self.add_vendor(number))
        first, each = 0, BILLS // MONTHS
        for month in range(MONTHS):
            last = BILLS if month == MONTHS - 1 else first + each
            start = self.now - (MONTHS - month) * MONTH
            due_now, self.unpaid = self.unpaid, []
            for number in range(first, last):
                if number % BILLS_IN_A_ROW == 0:
                    share = (number - first) / (last - first)
                    self.world.state.now = start + share * MONTH
                self.add_bill(number)
            self.pay(due_now, cleared=month < MONTHS - 1)
            first = last

    def add_vendor(self, number: int) -> Thing:
        chance = ids.digest("large", "vendor", number)
        first, second = FIRST[number % 40], SECOND[number // 40]
        how = WAYS[chance[0] % len(WAYS)]
        city, state, code = PLACES[chance[1] % len(PLACES)]
        body: Thing = {
            "name": f"{first} {second}{SUFFIXES[chance[2] % len(SUFFIXES)]}",
            "accountType": "PERSON" if chance[3] % 20 == 0 else "BUSINESS",
            "email": f"billing{number}@{first.lower()}.example",
            "phone": f"206555{number:04}",
            "address": {
                "line1": f"{100 + 7 * number % 9_900} {second.split()[0]} Street",
                "city": city,
                "stateOrProvince": state,
                "zipOrPostalCode": f"{code}{number % 100:02}",
                "country": "US",
            },
            "additionalInfo": {
                "combinePayments": True,
                "track1099": chance[4] % 6 == 0,
            },
        }
        information: Thing = {"email": body["email"]}
        if how == "ACH":
            account = f"{7_000_000_000 + 37 * number}"
            routing = {"accountNumber": account, "routingNumber": "125000024"}
            information["bankAccount"] = routing
        body["paymentInformation"] = information
        vendor = create_vendor(
            Call(
                self.world,
                operations()["vendors_create"],
                self.call.caller,
                {},
                {},
                body,
            )
        )
        if how in {"ACH", "CHECK"}:
            return self.world.state.tables["vendor"][vendor["id"]]
        information = {**vendor["paymentInformation"], "payByType": how}
        changes: Thing = {"paymentInformation": information}
        if how == "RPPS":
            changes |= {
                "rppsId": f"{8_900_000 + number}",
                "networkStatus": "CONNECTED_RPPS",
            }
        return self.world.change("vendor", vendor["id"], changes)

    def add_bill(self, number: int) -> None:
        chance = ids.digest("large", "bill", number)
        # A few vendors send most of the bills, as everywhere.
        share = int.from_bytes(chance[:3], "big") / 2**24
        vendor = self.vendors[int(VENDORS * share**3)]
        issued = central_day(self.world.now)
        size = (chance[3] + 1) * (chance[4] + 10) / (1 + chance[5] % 9)
        kind = chance[6] % len(WORK)
        lines = [
            {
                "amount": dollars(cents(size * part)),
                "description": text,
                "classifications": {"chartOfAccountId": self.accounts[kind]},
            }
            for part, text in zip((1, 0.22), WORK[kind], strict=False)
        ]
        bill = add_bill(
            self.call,
            {
                "vendorId": vendor["id"],
                "dueDate": day_after(issued, (15, 30, 30, 45)[chance[7] % 4]),
                "invoice": {
                    "invoiceNumber": f"{vendor['name'][:2].upper()}{100_000 + number}",
                    "invoiceDate": issued.isoformat(),
                },
                "billLineItems": lines[: 1 + (chance[8] % 4 == 0)],
            },
        )
        approval = APPROVALS.get(chance[9] % 64)
        if approval:
            bill = self.world.change("bill", bill["id"], self.approval(approval))
        if approval in {None, "APPROVED"} and vendor_is_paid(vendor):
            self.unpaid.append(bill)

    def approval(self, status: str) -> Thing:
        approver = {
            "userId": self.people["Grace"],
            "status": WAITS[status],
            "approverOrder": 0,
            "statusChangedTime": self.world.stamp,
        }
        return {"approvalStatus": status, "approvers": [approver]}

    def pay(self, bills: list[Thing], *, cleared: bool) -> None:
        """Pay all of a vendor's bills in one payment; one bill in many waits."""
        by_vendor: dict[str, list[Thing]] = {}
        for bill in bills:
            if bill["_seq"] % BILLS_TO_ONE_THAT_WAITS:
                by_vendor.setdefault(bill["vendorId"], []).append(bill)
        now = self.world.now
        started = now - timedelta(days=RUN_DAYS) if cleared else now
        day = add_bank_days(central_day(started if cleared else self.now), 1)
        for vendor_id, owed in by_vendor.items():
            vendor = cast("Thing", self.world.get("vendor", vendor_id))
            parts = [(bill["id"], part_of(bill)) for bill in owed]
            payment = add_payment(
                self.world,
                self.payment(vendor, parts, started, day.isoformat()),
                parts,
                start="CLEARED" if cleared else "SCHEDULED",
            )
            if cleared:
                note_last_payment(self.world, payment)

    def payment(
        self,
        vendor: Thing,
        parts: list[tuple[str, float]],
        started: datetime,
        day: str,
    ) -> Thing:
        return {
            "vendorId": vendor["id"],
            "vendorName": vendor["name"],
            "amount": dollars(sum(cents(amount) for _, amount in parts)),
            "processDate": day,
            "createdTime": stamp(started),
            "fundingAccount": {"type": "BANK_ACCOUNT", "id": self.people["account"]},
            "processingOptions": {},
            "transactionNumber": self.world.text("transactionNumber", ids.CAPITALS, 20),
            "disbursementType": disbursement_type(vendor),
            "remittanceEmail": vendor["email"],
            "createdBy": credentials.USER_ID,
            "_organizationId": credentials.ORGANIZATION_ID,
        }


def vendor_is_paid(vendor: Thing) -> bool:
    return vendor["paymentInformation"]["payByType"] in PAYMENT_TYPES


def part_of(bill: Thing) -> float:
    """Return how much of a bill is paid: mostly all of it."""
    amount: float = bill["amount"]
    in_part = bill["_seq"] % BILLS_TO_ONE_IN_PART == 0
    return dollars(cents(amount) // 2) if in_part else amount


def day_after(day: date, days: int) -> str:
    return (day + timedelta(days=days)).isoformat()
