"""Reports: the audit trail of a vendor."""

from bill_mcp.simulator import assumed
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.store import Thing

ACCOUNT = "paymentInformation.bankAccount."


@behaviour("reports_get_vendor_audit_trail")
def get_vendor_audit_trail(call: Call) -> list[Thing]:
    """Answer with a bare array, oldest first; ``start`` and ``max`` count rows.

    [assumed] Archived rows are those of a bank account that was deleted since.
    """
    vendor = call.one("vendor", call.path["vendorId"])
    rows = all_rows(call, vendor["id"])
    if not call.query.get("includeArchived"):
        gone = last_deletion(rows)
        rows = [
            row
            for number, row in enumerate(rows)
            if number >= gone or not is_about_account(row)
        ]
    start = call.query.get("start", 0)
    return rows[start : start + call.query.get("max", assumed.AUDIT_ROWS)]


def all_rows(call: Call, vendor_id: str) -> list[Thing]:
    return [
        row
        for event in call.world.where("vendor_audit", "_vendorId", vendor_id)
        for row in rows_of(event)
    ]


def rows_of(event: Thing) -> list[Thing]:
    """Return one row per edited field, or for a creation one without a field."""
    if event["type"] == "Create":
        return [{**event, "field": {}}]
    return [
        {
            **event,
            "field": {"name": name, "value": {"previous": old, "current": new}},
        }
        for name, old, new in event["_changes"]
    ]


def is_about_account(row: Thing) -> bool:
    return bool(row["field"].get("name", "").startswith(ACCOUNT))


def last_deletion(rows: list[Thing]) -> int:
    """Return the number of the first row that no deletion of the account follows."""
    for number in range(len(rows) - 1, -1, -1):
        row = rows[number]
        if is_about_account(row) and row["field"]["value"]["current"] is None:
            return number + 1
    return 0
