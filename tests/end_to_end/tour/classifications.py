"""Classifications: seven kinds, eight actions each."""

from __future__ import annotations

from typing import Any

from end_to_end.tour.guide import Visitor

NAMED = {"shortName": "GT", "description": "For the grand tour"}
KINDS: dict[str, dict[str, Any]] = {
    "accounting_classes": {"name": "Tour", **NAMED},
    "chart_of_accounts": {
        "name": "Tour",
        "description": "For the grand tour",
        "account": {"type": "EXPENSE", "number": "6990"},
    },
    "departments": {"name": "Tour", **NAMED},
    "employees": {"firstName": "Grace", "lastName": "Tour", "shortName": "GT"},
    "items": {
        "name": "Tour",
        **NAMED,
        "type": "SALES_TAX",
        "price": 12.5,
        "purchaseDescription": "Bought for the tour",
        "purchaseCost": 10.25,
        "taxable": True,
        "percentage": 10.1,
    },
    "jobs": {"name": "Tour", **NAMED},
    "locations": {"name": "Tour", **NAMED},
}


async def perform(visitor: Visitor) -> dict[str, str]:
    """Make one of each kind; return what a line of a bill can be booked on."""
    made: dict[str, str] = {}
    for kind, body in KINDS.items():
        extra = {}
        if kind == "items":
            account = made["chart_of_accounts"]
            extra = {"expenseChartOfAccountId": account, "chartOfAccountId": account}
        made[kind] = await one_kind(visitor, kind, body | extra)
    return {
        "chartOfAccountId": made["chart_of_accounts"],
        "accountingClassId": made["accounting_classes"],
        "departmentId": made["departments"],
        "employeeId": made["employees"],
        "itemId": made["items"],
        "jobId": made["jobs"],
        "locationId": made["locations"],
    }


async def one_kind(visitor: Visitor, kind: str, body: dict[str, Any]) -> str:
    """Do everything there is to a new object below another one."""
    parent = await visitor(f"{kind}_create", **body)
    made = await visitor(f"{kind}_create", parentId=parent["id"], **body)
    key: str = made["id"]
    await visitor(f"{kind}_get", id=key)
    await visitor(f"{kind}_update", id=key, **body)
    await visitor(f"{kind}_archive", id=key)
    await visitor(f"{kind}_restore", id=key)
    await visitor(f"{kind}_archive_bulk", ids=[key])
    await visitor(f"{kind}_restore_bulk", ids=[key])
    await visitor.pages(f"{kind}_list")
    below = [{"field": "parentId", "op": "eq", "value": parent["id"]}]
    await visitor(f"{kind}_list", filters=below)
    return key
