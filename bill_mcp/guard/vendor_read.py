"""A vendor as BILL shows it to the guard, and the payee that it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bill_mcp.guard import payee_details
from bill_mcp.guard.bank_details import BankFinding
from bill_mcp.guard.evidence import Payee
from bill_mcp.guard.vendor_payments import is_recorded
from bill_mcp.records.payments import cents_of

ENDED_UNPAID = frozenset({"VOID", "CANCELLED", "FAILED"})
"""States of a payment that leave its bill unpaid."""

USD = "USD"


@dataclass(frozen=True, kw_only=True)
class VendorRead:
    """A vendor, its payments of the last days, and what is known of its account.

    Attributes:
        until_paid: All its payments, if none of them is done.
    """

    reply: Mapping[str, Any]
    payments: tuple[Mapping[str, Any], ...]
    until_paid: tuple[Mapping[str, Any], ...] | None
    finding: BankFinding

    @property
    def id(self) -> str:
        return str(self.reply["id"])

    @property
    def currency(self) -> str:
        return str(self.reply.get("billCurrency") or USD)


def payee_of(key: str, vendor: VendorRead) -> Payee:
    """The vendor as somebody who is paid, under the id that *key* is."""
    finding = vendor.finding
    return Payee(
        vendor_id=key,
        name=name_of(vendor),
        last4=finding.last4,
        old_last4=finding.old_last4,
        is_first_payment=vendor.until_paid is not None,
        listed={str(row.get("id")): _moving(row) for row in vendor.until_paid or ()},
        bank_reason=finding.reason,
        check_to=payee_details.on_check(vendor.reply),
        digest=payee_details.digest_of(vendor.reply),
    )


def _moving(row: Mapping[str, Any]) -> int:
    """The cents that a payment at BILL has moved or may yet move."""
    ended = row.get("status") in ENDED_UNPAID or is_recorded(row)
    return 0 if ended else whole_cents(row.get("amount")) or 0


def name_of(vendor: VendorRead | None) -> str:
    """The vendor's name at BILL; empty where it was not read."""
    return str(vendor.reply.get("name", "")) if vendor else ""


def whole_cents(amount: Any) -> int | None:
    """An amount of BILL's in cents; None where it is none."""
    try:
        return cents_of(amount)
    except ValueError:
        return None
