"""Which payments a call asks for, read from its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bill_mcp.errors import ArgumentsError
from bill_mcp.records.payments import cents_of
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import Pays

NO_REISSUE = frozenset({"VOID_ONLY", "VOID_AND_CREDIT"})
"""How a payment is voided without being sent anew; any other word counts as anew."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One payment that a call asks for.

    Attributes:
        cents: None where only BILL knows the amount.
    """

    pays: Pays
    bill_id: str | None = None
    vendor_id: str | None = None
    object_id: str | None = None
    cents: int | None = None

    @property
    def is_of_vendor(self) -> bool:
        """BILL makes the bill, so that the vendor alone says what is paid."""
        return self.subject.startswith("vendor/")

    def known_as(self, subject: str) -> Asked:
        """The same payment under the id that BILL has for it."""
        kind, _, key = subject.partition("/")
        if kind == "bill":
            return replace(self, bill_id=key)
        if kind == "vendor":
            return replace(self, vendor_id=key)
        return replace(self, object_id=key)

    @property
    def subject(self) -> str:
        """What no other payment may touch meanwhile; see `PaymentPart`.

        As the call names it: under which id BILL knows it is read later, and decides.
        """
        if self.bill_id is not None:
            return f"bill/{self.bill_id}"
        if self.pays is Pays.REIMBURSEMENT:
            return f"reimbursement/{self.object_id}"
        if self.pays is Pays.REISSUE:
            return f"payment/{self.object_id}"
        return f"vendor/{self.vendor_id}"


def asked_by(action: Action, arguments: Mapping[str, Any]) -> tuple[Asked, ...]:
    """The payments that the call asks for; none where it makes no payment.

    Raises:
        ArgumentsError: It is not plain what is to be paid.
    """
    pays = action.spec.pays
    if pays is Pays.BILL:
        return (_one(arguments),)
    if pays is Pays.BILLS:
        return _several(arguments)
    if pays is Pays.REIMBURSEMENT and arguments.get("action") != "DENY":
        return (Asked(pays=pays, object_id=str(arguments["reimbursementId"])),)
    if pays is Pays.REISSUE and arguments.get("type") not in NO_REISSUE:
        return (Asked(pays=pays, object_id=str(arguments["paymentId"])),)
    return ()


def _one(arguments: Mapping[str, Any]) -> Asked:
    bill_id, vendor_id = arguments.get("billId"), arguments.get("vendorId")
    makes_bill = bool(arguments.get("processingOptions", {}).get("createBill"))
    if bill_id is None and not (makes_bill and vendor_id is not None):
        raise _unclear(
            "billId", "give billId, or vendorId with processingOptions.createBill true"
        )
    return Asked(
        pays=Pays.BILL,
        bill_id=bill_id,
        vendor_id=vendor_id,
        cents=_cents("amount", arguments["amount"]),
    )


def _several(arguments: Mapping[str, Any]) -> tuple[Asked, ...]:
    found: dict[str, Asked] = {}
    for index, each in enumerate(arguments["payments"]):
        bill_id = each["billId"]
        if bill_id in found:
            raise stands_twice(index)
        found[bill_id] = Asked(
            pays=Pays.BILLS,
            bill_id=bill_id,
            vendor_id=arguments.get("vendorId"),
            cents=_cents(f"payments[{index}].amount", each["amount"]),
        )
    return tuple(found.values())


def stands_twice(index: int) -> ArgumentsError:
    """The refusal of a bulk that would pay one bill twice."""
    return _unclear(f"payments[{index}].billId", "stands twice; pay a bill once")


def _cents(path: str, amount: Any) -> int:
    try:
        return cents_of(amount)
    except ValueError:
        raise _unclear(path, "is no amount with at most two decimals") from None


def _unclear(path: str, message: str) -> ArgumentsError:
    return ArgumentsError(
        "it is not plain what is to be paid",
        advice="Correct the arguments that are listed and call again.",
        faults=[{"path": path, "message": message}],
    )
