"""Whether a vendor was ever paid, by what BILL shows as done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bill_mcp.guard.reading import Read, every_page

PAID = "PAID"

Payment = Mapping[str, Any]


async def until_paid(
    read: Read, vendor: Mapping[str, Any], recent: Sequence[Payment]
) -> tuple[Payment, ...] | None:
    """All payments to a vendor that was never paid; None of one that was.

    What is scheduled or under way is no earlier payment: else one of a cent, made
    first, would make any vendor a known one.

    Args:
        read: Reads at BILL.
        vendor: BILL's reply to bill_get_vendor_details, with its id.
        recent: Its payments of the last days.
    """
    if any(map(_is_done, recent)) or _says_paid(vendor, recent):
        return None
    filters = [{"field": "vendorId", "op": "eq", "value": vendor["id"]}]
    every = await every_page(read, "bill_get_list_of_payments", {"filters": filters})
    rows = {str(row.get("id")): row for row in (*recent, *every.rows)}
    if any(map(_is_done, rows.values())):
        return None
    return tuple(rows.values())


def is_recorded(payment: Payment) -> bool:
    """Whether it was only noted at BILL as made elsewhere: it moves nothing."""
    return payment.get("onlinePayment") is False


def _is_done(payment: Payment) -> bool:
    return payment.get("status") == PAID and not is_recorded(payment)


def _says_paid(vendor: Mapping[str, Any], recent: Sequence[Payment]) -> bool:
    """Whether the vendor has a date of payment that is not of one still under way."""
    day = str((vendor.get("paymentInformation") or {}).get("lastPaymentDate") or "")
    pending = {str(row.get("processDate"))[:10] for row in recent}
    return bool(day) and day[:10] not in pending
