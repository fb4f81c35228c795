"""Vendors and recurring bills that BILL pays by itself, and calls that lead there."""

from __future__ import annotations

from typing import Any

from support.paying import Paying

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


async def calls_that_let_bill_pay(
    bill_mcp: Paying, vendor: str, plain: str
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Calls after which BILL pays by itself, by what they do.

    Args:
        bill_mcp: Where.
        vendor: A vendor on auto-pay.
        plain: One that is not.
    """
    bill, archived = await bill_mcp.bill(100, vendor), await bill_mcp.bill(50, vendor)
    await bill_mcp.web_page("POST", f"/v3/bills/{archived}/archive")
    account = bill_mcp.account
    made = await bill_mcp.web_page(
        "POST", "/v3/recurringbills", recurring(plain, account)
    )
    of_auto_pay = await bill_mcp.web_page(
        "POST", "/v3/recurringbills", recurring(vendor, pays=False)
    )
    return {
        "enters a bill": ("bill_create_a_bill", new_bill(vendor, 77)),
        "changes a bill": (
            "bill_update_a_bill",
            {"billId": bill, "dueDate": "2026-12-16"},
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
        "gives a recurring bill to a vendor on auto-pay": (
            "bill_update_a_recurring_bill",
            {"recurringBillId": of_auto_pay["id"], "vendorId": vendor},
        ),
    }
