"""References from lines and items to what they are booked on."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bill_mcp.simulator import assumed
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import refusal

REFERENCES: Mapping[str, str] = MappingProxyType(
    {
        "chartOfAccountId": "chart_of_account",
        "expenseChartOfAccountId": "chart_of_account",
        "payToChartOfAccountId": "chart_of_account",
        "payFromChartOfAccountId": "chart_of_account",
        "accountingClassId": "accounting_class",
        "departmentId": "department",
        "employeeId": "employee",
        "itemId": "item",
        "salesTaxItemId": "item",
        "jobId": "job",
        "locationId": "location",
        "customerId": "customer",
    }
)
"""Field of a body or of its ``classifications`` -> the kind that it names."""


def require_known(call: Call, fields: Mapping[str, Any], path: str = "") -> None:
    """Refuse a reference to what the organization does not have; archived is fine.

    Raises:
        BillError: 404 BDC_1205, with the path of the field.
    """
    if not assumed.CLASSIFICATIONS_MUST_EXIST:
        return
    for name, kind in REFERENCES.items():
        key = fields.get(name)
        if key is None:
            continue
        thing = call.world.get(kind, key)
        if thing is None or thing["_organizationId"] != call.organization_id:
            raise refusal("BDC_1205", f"{path}{name}")
