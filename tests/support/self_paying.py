"""Vendors and recurring bills that BILL pays by itself, and calls that lead there."""

from __future__ import annotations

from typing import Any

from support.paying import Paying

from bill_mcp.simulator.fixtures import make_fixture

SCHEDULE = {
    "period": "MONTHLY",
    "frequency": 1,
    "nextDueDate": "2026-12-15",
    "daysInAdvance": 7,
}


async def on_auto_pay(
    bill_mcp: Paying, name: str = "Power company", **auto_pay: Any
) -> str:
    """The id of a vendor whose bills BILL pays by itself."""
    vendor = await bill_mcp.vendor(name)
    known = bill_mcp.world.get("vendor", vendor) or {}
    auto = {"enabled": True, "bankAccountId": bill_mcp.account, **auto_pay}
    bill_mcp.world.put("vendor", vendor, known | {"autoPay": auto})
    return vendor


def new_bill(vendor: str, amount: float = 100) -> dict[str, Any]:
    return {
        "vendorId": vendor,
        "dueDate": "2026-12-15",
        "invoice": {"invoiceNumber": f"N-{amount}", "invoiceDate": "2026-11-20"},
        "billLineItems": [{"amount": amount}],
    }


def recurring(
    vendor: str, account: str | None = None, *, pays: bool = True
) -> dict[str, Any]:
    """The arguments of a recurring bill that BILL pays automatically, or does not."""
    body: dict[str, Any] = {
        "vendorId": vendor,
        "description": "Rent",
        "schedule": SCHEDULE,
        "recurringBillLineItems": [{"amount": 900, "description": "Office"}],
        "processingOptions": {"autoPayment": pays},
    }
    if account is not None:
        body["paymentInformation"] = {"bankAccountId": account}
    return body


async def bill_with_credit(bill_mcp: Paying, vendor: str) -> tuple[str, str]:
    """Ids of a bill of 100, and of a credit that leaves 20 of it due."""
    fields = {"vendorId": vendor, "amount": 80}
    made = make_fixture(bill_mcp.world, {"type": "vendor_credit", "fields": fields})
    used = [{"id": made["id"], "amount": 80}]
    return await bill_mcp.bill(100, vendor, vendorCredits=used), str(made["id"])


async def calls_that_let_bill_pay(
    bill_mcp: Paying, vendor: str, plain: str
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Calls after which BILL pays by itself, by what they do.

    Args:
        bill_mcp: Where.
        vendor: A vendor on auto-pay.
        plain: One that is not; it is archived, until the first of the calls.
    """
    bill, archived = await bill_mcp.bill(100, vendor), await bill_mcp.bill(50, vendor)
    await bill_mcp.web_page("POST", f"/v3/bills/{archived}/archive")
    account = bill_mcp.account
    made = await bill_mcp.web_page(
        "POST", "/v3/recurringbills", recurring(plain, account)
    )
    of_auto_pay, resting = [
        await bill_mcp.web_page(
            "POST", "/v3/recurringbills", recurring(vendor, pays=False)
        )
        for _ in range(2)
    ]
    await bill_mcp.web_page("POST", f"/v3/recurringbills/{resting['id']}/archive")
    credited, credit = await bill_with_credit(bill_mcp, vendor)
    await bill_mcp.web_page("POST", f"/v3/vendors/{plain}/archive")
    return {
        # First, since the others need the vendor.
        "brings back a vendor with a recurring bill that is paid": (
            "bill_restore_an_archived_vendor",
            {"vendorId": plain},
        ),
        "enters a bill": ("bill_create_a_bill", new_bill(vendor, 77)),
        "changes a bill": (
            "bill_update_a_bill",
            {"billId": bill, "dueDate": "2026-12-16"},
        ),
        "uses less of a credit on a bill": (
            "bill_update_a_bill",
            {"billId": credited, "vendorCredits": [{"id": credit, "amount": 1}]},
        ),
        "codes a bill": (
            "bill_update_a_bill",
            {"billId": bill, "description": "Office"},
        ),
        "brings a bill back": ("bill_restore_an_archived_bill", {"billId": archived}),
        "switches auto-pay on": (
            "bill_update_a_vendor",
            {
                "vendorId": plain,
                "autoPay": {"enabled": True, "bankAccountId": account},
            },
        ),
        "raises the most of auto-pay": (
            "bill_update_a_vendor",
            {"vendorId": vendor, "autoPay": {"maxAmount": 900}},
        ),
        "has auto-pay pay earlier": (
            "bill_update_a_vendor",
            {"vendorId": vendor, "autoPay": {"daysBeforeDueDate": 30}},
        ),
        "enters a recurring bill that is paid": (
            "bill_create_a_recurring_bill",
            recurring(plain, account),
        ),
        "changes a recurring bill that is paid": (
            "bill_update_a_recurring_bill",
            {"recurringBillId": made["id"], "description": "Rent of the office"},
        ),
        "enters a recurring bill of a vendor on auto-pay": (
            "bill_create_a_recurring_bill",
            recurring(vendor, pays=False),
        ),
        "puts off a recurring bill of a vendor on auto-pay": (
            "bill_update_a_recurring_bill",
            {"recurringBillId": of_auto_pay["id"], "schedule": SCHEDULE},
        ),
        "words a recurring bill of a vendor on auto-pay anew": (
            "bill_update_a_recurring_bill",
            {"recurringBillId": of_auto_pay["id"], "description": "Rent in 2027"},
        ),
        "brings back a recurring bill of a vendor on auto-pay": (
            "bill_restore_an_archived_recurring_bill",
            {"recurringBillId": resting["id"]},
        ),
        "gives a recurring bill to a vendor on auto-pay": (
            "bill_update_a_recurring_bill",
            {"recurringBillId": of_auto_pay["id"], "vendorId": vendor},
        ),
    }
