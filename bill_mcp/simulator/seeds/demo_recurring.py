"""Recurring bills of the seed ``demo``; none of them has made a bill yet."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from bill_mcp.bank_days import central_day
from bill_mcp.simulator import credentials
from bill_mcp.simulator.recurring_dates import due_date
from bill_mcp.simulator.seeds.administrator import administrator, vendor_named
from bill_mcp.simulator.store import Thing
from bill_mcp.simulator.times import stamp

if TYPE_CHECKING:
    from bill_mcp.simulator.world import World

KNOWN_SINCE = timedelta(days=150)

TEMPLATES = (
    # vendor, lines, period, every, day of the month, days in advance, how
    (
        "Harbor View Properties",
        ((18500.0, "Yard and office rent"),),
        ("MONTHLY", 1, 1, 3),
        "by hand",
    ),
    (
        "Mariners Marine Cargo Insurance",
        ((3281.32, "General liability premium"), (547.92, "Cargo coverage")),
        ("MONTHLY", 3, 15, 10),
        "paid automatically",
    ),
    (
        "Redwood Software Inc.",
        ((885.0, "Subscription"),),
        ("YEARLY", 1, 20, 14),
        "ends",
    ),
    (
        "NorthSound Telecom",
        ((412.5, "Office lines and internet"),),
        ("MONTHLY", 1, 5, 0),
        "archived",
    ),
)


def plant_recurring_bills(world: "World") -> None:
    """Add them for the demo's vendors; their first bills lie in the future."""
    with administrator(world) as do:
        for name, lines, (period, every, day, advance), how in TEMPLATES:
            vendor_id = vendor_named(world, name)
            if vendor_id is None:
                continue
            # A full month away at least, so that no bill is made at once.
            first = next_month(central_day(world.now) + timedelta(days=20), day)
            schedule: Thing = {
                "period": period,
                "frequency": every,
                "nextDueDate": first.isoformat(),
                "daysInAdvance": advance,
            }
            if how == "ends":
                end = due_date(first, period, 2)
                schedule["endDate"] = end.isoformat()
            body: Thing = {
                "vendorId": vendor_id,
                "description": f"{lines[0][1]}, {how}",
                "schedule": schedule,
                "recurringBillLineItems": [
                    {"amount": amount, "description": text} for amount, text in lines
                ],
            }
            if how == "paid automatically":
                body["processingOptions"] = {"autoPayment": True}
                body["paymentInformation"] = {"bankAccountId": account_of(world)}
            made = do("recurring_bills_create", body)
            if how == "archived":
                made = do("recurring_bills_archive", recurringBillId=made["id"])
            since = stamp(world.now - KNOWN_SINCE)
            old = {"createdTime": since, "updatedTime": since}
            world.put("recurring_bill", made["id"], {**made, **old})


def next_month(today: date, day: int) -> date:
    return due_date(today.replace(day=1), "MONTHLY", 1).replace(day=day)


def account_of(world: "World") -> str:
    """Return the bank account from which the demo's company pays."""
    own = credentials.ORGANIZATION_ID
    for account in world.where("bank_account", "_organizationId", own):
        if account["status"] == "VERIFIED" and not account["archived"]:
            key: str = account["id"]
            return key
    raise LookupError("a verified bank account")
