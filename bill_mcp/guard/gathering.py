"""Gathers the evidence for one call: reads at BILL, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bill_mcp.errors import ApiError
from bill_mcp.guard import duplicates
from bill_mcp.guard.evidence import NOTHING, Evidence, Reason
from bill_mcp.guard.payment_evidence import (
    Examine,
    PaymentEvidence,
)
from bill_mcp.guard.payment_lines import account_words
from bill_mcp.guard.payments import asked_by
from bill_mcp.guard.policy import Verdict, holds
from bill_mcp.guard.reading import Read
from bill_mcp.records.approvals import ApprovalLine
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import Effect, ObjectEscalation, WatchedObject

NOT_SHOWN = frozenset({400, 403, 404, 422})
"""How BILL refuses to show an object: no such id, or no right to it."""


@dataclass(frozen=True, kw_only=True)
class Gatherer:
    """Reads what the guard must know of one call.

    Args:
        read: Reads at BILL, under the call's own session.
        examine: Judges a vendor's bank details.
        bill_now: BILL's clock, once something was read.
        is_relied_on: A policy or a person decides by the evidence. Else what BILL
            refuses to show is left to BILL, which refuses the call itself.
    """

    read: Read
    examine: Examine
    bill_now: Callable[[], datetime]
    is_relied_on: bool

    async def gather(
        self,
        action: Action,
        arguments: Mapping[str, Any],
        verdict: Verdict,
        *,
        asks: bool,
    ) -> Evidence:
        """The evidence for one call.

        Args:
            action: What is asked for.
            arguments: As BILL will get them.
            verdict: What is known of the call without reading.
            asks: Whether a person may be asked, who then is shown who it is about.
        """
        asked = asked_by(action, arguments)
        evidence = NOTHING
        if asked:
            payments = PaymentEvidence(
                self._of_payment, self.examine, self.bill_now, self.is_relied_on
            )
            evidence = await payments.of(asked, arguments)
        elif asks and Effect.PAYEE in verdict.effects and "vendorId" in arguments:
            evidence = replace(NOTHING, lines=await self._vendor_lines(arguments))
        effects, why = await self._object_effects(action, arguments)
        reasons = await self._similar_bills(action, arguments)
        return replace(
            evidence,
            effects=evidence.effects | effects,
            lines=(*evidence.lines, *why),
            reasons=(*evidence.reasons, *reasons),
        )

    async def _shown(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """BILL's reply; nothing where it refuses to show it and nobody needs it."""
        try:
            return await self.read(name, arguments)
        except ApiError as refusal:
            if self.is_relied_on or refusal.http_status not in NOT_SHOWN:
                raise
            return {}

    async def _of_payment(
        self, name: str, arguments: Mapping[str, Any]
    ) -> dict[str, Any]:
        """BILL's reply; of what is paid also where nobody else needs it.

        Without it nothing tells whether the same was paid under another id.
        """
        read = self.read if name in WHAT_IS_PAID else self._shown
        return await read(name, arguments)

    async def _vendor_lines(
        self, arguments: Mapping[str, Any]
    ) -> tuple[ApprovalLine, ...]:
        vendor_id = str(arguments["vendorId"])
        vendor = await self._shown("bill_get_vendor_details", {"vendorId": vendor_id})
        finding = await self.examine(vendor)
        return (
            ApprovalLine(
                label="Vendor", value=str(vendor.get("name", "")), third_party=True
            ),
            ApprovalLine(label="Vendor id", value=vendor_id),
            ApprovalLine(
                label="To account until now", value=account_words(finding.last4)
            ),
        )

    async def _object_effects(
        self, action: Action, arguments: Mapping[str, Any]
    ) -> tuple[frozenset[Effect], tuple[ApprovalLine, ...]]:
        """What objects add to the effects, and how a person is told of it."""
        effects: frozenset[Effect] = frozenset()
        why: dict[ApprovalLine, None] = {}
        for watched in action.spec.object_escalations:
            if watched.by not in arguments or watched.adds <= effects:
                continue
            if watched.given and not set(watched.given) & set(arguments):
                continue
            if holds(watched.when, await self._object(watched, arguments)):
                effects |= watched.adds
                why[
                    ApprovalLine(
                        label="Moves money", value=PAID_BY_ITSELF[watched.read]
                    )
                ] = None
        return effects, tuple(why)

    async def _object(
        self, watched: ObjectEscalation, arguments: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        key = str(arguments[watched.by])
        if watched.read is WatchedObject.RECURRING_BILL:
            return await self._shown(
                "bill_get_recurring_bill_details", {"recurringBillId": key}
            )
        if watched.read is WatchedObject.VENDOR_OF_BILL:
            bill = await self._shown("bill_get_bill_details", {"billId": key})
            if not bill.get("vendorId"):
                return {}
            key = str(bill["vendorId"])
        return await self._shown("bill_get_vendor_details", {"vendorId": key})

    async def _similar_bills(
        self, action: Action, arguments: Mapping[str, Any]
    ) -> tuple[Reason, ...]:
        if action.name not in ENTERING:
            return ()
        current = None
        if "billId" in arguments:
            current = await self._shown(
                "bill_get_bill_details", {"billId": arguments["billId"]}
            )
        entered = duplicates.bill_of(
            arguments, current, replaces=action.name == "bill_replace_a_bill"
        )
        if entered is None or not entered.vendor_id:
            return ()
        return await duplicates.similar_bills(
            self._shown,
            vendor_id=entered.vendor_id,
            invoice_number=entered.number,
            cents=entered.cents,
            invoice_date=entered.invoice_date,
            ignoring=arguments.get("billId"),
        )


PAID_BY_ITSELF = {
    WatchedObject.VENDOR: "the vendor is on auto-pay",
    WatchedObject.VENDOR_OF_BILL: "the vendor is on auto-pay",
    WatchedObject.RECURRING_BILL: "this recurring bill is paid automatically",
}
"""Why a call moves money that pays nobody by itself."""

WHAT_IS_PAID = frozenset(
    {
        "bill_get_bill_details",
        "bill_get_reimbursement_details",
        "bill_get_payment_details",
    }
)
"""How the objects are read whose ids say which payment is meant."""

ENTERING = frozenset(
    {"bill_create_a_bill", "bill_replace_a_bill", "bill_update_a_bill"}
)
"""What may enter the same bill a second time."""
