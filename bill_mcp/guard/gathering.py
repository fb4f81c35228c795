"""Gathers the evidence for one call: reads at BILL, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bill_mcp.bank_days import central_day
from bill_mcp.errors import ApiError
from bill_mcp.guard import duplicates
from bill_mcp.guard.duplicates import EnteredBill
from bill_mcp.guard.evidence import NOTHING, Evidence, Reason
from bill_mcp.guard.payment_evidence import Examine, PaymentEvidence
from bill_mcp.guard.payment_lines import (
    VENDOR_ID,
    account_words,
    paid_by_itself_from,
    payee_lines,
)
from bill_mcp.guard.payments import asked_by
from bill_mcp.guard.policy import Verdict
from bill_mcp.guard.reading import Read
from bill_mcp.guard.self_paying import SelfPaying
from bill_mcp.records.approvals import ApprovalLine
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import Effect, Pays

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
        added = await SelfPaying(read=self._shown, is_relied_on=self.is_relied_on).of(
            action, arguments, verdict
        )
        payments = PaymentEvidence(
            self._of_payment if asked else self._shown,
            self.examine,
            self.bill_now,
            self.is_relied_on,
        )
        evidence = NOTHING
        if asked:
            evidence = await payments.of(asked, arguments)
        elif asks and added.vendor_ids:
            payees = await payments.payees_of(added.vendor_ids)
            lines = (*payee_lines(payees.values()), *paid_by_itself_from(added.paid))
            evidence = replace(NOTHING, payees=payees, lines=lines)
        elif asks and Effect.PAYEE in verdict.effects and "vendorId" in arguments:
            evidence = replace(NOTHING, lines=await self._vendor_lines(arguments))
        why = [ApprovalLine(label="Moves money", value=each) for each in added.why]
        entered = await self._entered(action, arguments)
        similar = await self._similar_bills(entered, arguments) if entered else ()
        return replace(
            evidence,
            effects=evidence.effects | added.effects,
            why_effects=added.why,
            paid_by_itself=added.paid,
            owed_to=added.owed_to,
            lines=(*evidence.lines, *why),
            reasons=(*evidence.reasons, *similar),
            enters_bill_of=entered.vendor_id if entered else None,
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
            ApprovalLine(label=VENDOR_ID, value=vendor_id, third_party=True),
            ApprovalLine(
                label="To account until now", value=account_words(finding.last4)
            ),
        )

    async def _similar_bills(
        self, entered: EnteredBill, arguments: Mapping[str, Any]
    ) -> tuple[Reason, ...]:
        return await duplicates.similar_bills(
            self._shown,
            vendor_id=entered.vendor_id,
            invoice_number=entered.number,
            cents=entered.cents,
            invoice_date=entered.invoice_date,
            ignoring=arguments.get("billId"),
        )

    async def _entered(
        self, action: Action, arguments: Mapping[str, Any]
    ) -> EnteredBill | None:
        """The bill that the call would leave at BILL, if it enters one."""
        if action.spec.pays is Pays.BILL:
            return self._made_for_payment(action, arguments)
        if action.name not in ENTERING:
            return None
        current = None
        if "billId" in arguments:
            current = await self._shown(
                "bill_get_bill_details", {"billId": arguments["billId"]}
            )
        if action.name == "bill_restore_an_archived_bill":
            restored = duplicates.known_bill(current or {})
            return restored if restored.vendor_id else None
        entered = duplicates.bill_of(
            arguments, current, replaces=action.name == "bill_replace_a_bill"
        )
        return entered if entered is not None and entered.vendor_id else None

    def _made_for_payment(
        self, action: Action, arguments: Mapping[str, Any]
    ) -> EnteredBill | None:
        """The bill that BILL makes for a payment, if it does.

        BILL gives it no number, and the day on which it makes it.
        """
        (asked,) = asked_by(action, arguments)
        if asked.bill_id is not None:
            return None
        return EnteredBill(
            vendor_id=str(asked.vendor_id),
            number=None,
            cents=asked.cents,
            invoice_date=central_day(self.bill_now()),
        )


WHAT_IS_PAID = frozenset(
    {
        "bill_get_bill_details",
        "bill_get_reimbursement_details",
        "bill_get_payment_details",
    }
)
"""How the objects are read whose ids say which payment is meant."""

ENTERING = frozenset(
    {
        "bill_create_a_bill",
        "bill_replace_a_bill",
        "bill_update_a_bill",
        "bill_restore_an_archived_bill",
    }
)
"""What may enter the same bill a second time."""


def may_enter(action: Action) -> bool:
    """Whether a call of the action may enter a bill, which is then compared."""
    return action.name in ENTERING or action.spec.pays is Pays.BILL
