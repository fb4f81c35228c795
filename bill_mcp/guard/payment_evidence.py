"""What BILL says of the payments that a call asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bill_mcp.errors import RefusedError
from bill_mcp.guard.bank_details import BankFinding
from bill_mcp.guard.evidence import Cause, Evidence, Payee, Reason
from bill_mcp.guard.payment_ids import id_at_bill
from bill_mcp.guard.payment_lines import paid_from, payee_lines, text_for_payee
from bill_mcp.guard.payments import Asked, stands_twice
from bill_mcp.guard.reading import Read, Rows, every_page, side_by_side
from bill_mcp.guard.vendor_payments import until_paid
from bill_mcp.guard.vendor_read import (
    ENDED_UNPAID,
    USD,
    VendorRead,
    name_of,
    payee_of,
    whole_cents,
)
from bill_mcp.records.approvals import ApprovalLine
from bill_mcp.records.payments import PaymentPart, amount_of
from bill_mcp.specs.models import Pays

LOOK_BACK_DAYS = 30
"""How far back the vendor's payments are compared."""

Examine = Callable[[Mapping[str, Any]], Awaitable[BankFinding]]
"""Judges the bank details of a vendor, given BILL's reply."""


@dataclass
class PaymentEvidence:
    """Gathers what must be known before payments, in few rounds of reads.

    First all bills, then all their vendors: neither waits for another of its kind.

    Args:
        read: Reads at BILL.
        examine: Judges bank details.
        bill_now: BILL's clock, once something was read.
        is_relied_on: A policy or a person decides by it; else what BILL does not tell
            is left to BILL, which refuses the payment itself.
    """

    read: Read
    examine: Examine
    bill_now: Callable[[], datetime]
    is_relied_on: bool
    _bills: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _vendors: dict[str, VendorRead] = field(default_factory=dict)
    _paid_anew: set[str] = field(default_factory=set)

    async def of(
        self, asked: tuple[Asked, ...], arguments: Mapping[str, Any]
    ) -> Evidence:
        """The evidence for all payments of one call."""
        parts: list[PaymentPart] = []
        lines: list[ApprovalLine] = []
        reasons: list[Reason] = []
        before: dict[str, str] = {}
        await self._read_ahead(asked)
        for each in asked:
            part, shown, state = await self._part(each)
            if part.subject in before:  # under another id, or BILL takes it so
                raise stands_twice(len(parts))
            parts.append(part)
            lines += shown
            before[part.subject] = state
            reasons += self._equal(part)
        funding = arguments.get("fundingAccount") or {}
        payees = {each.id: payee_of(each.id, each) for each in self._vendors.values()}
        reasons += [p.bank_reason for p in payees.values() if p.bank_reason]
        return Evidence(
            asked=tuple(
                each.known_as(part.subject)
                for each, part in zip(asked, parts, strict=True)
            ),
            parts=tuple(parts),
            reasons=tuple(reasons),
            lines=tuple(
                line
                for line in (
                    *payee_lines(payees.values()),
                    paid_from(arguments),
                    *lines,
                    text_for_payee(arguments),
                )
                if line.value
            ),
            payees=payees,
            funding_account=funding.get("id") or str(funding.get("type", "")).lower(),
            known_payments=frozenset(
                str(row.get("id"))
                for vendor in self._vendors.values()
                for row in vendor.payments
            ),
            known_numbers=frozenset(
                str(row["transactionNumber"])
                for vendor in self._vendors.values()
                for row in vendor.payments
                if row.get("transactionNumber")
            ),
            before=before,
            bill_time=self.bill_now(),
            object_ids=frozenset(
                {part.bill_id for part in parts if part.bill_id}
                | self._paid_anew
                | payees.keys()
            ),
        )

    async def payees_of(self, vendor_ids: Iterable[str]) -> dict[str, Payee]:
        """Vendors whom BILL pays by itself, and what speaks for and against them."""
        vendors = tuple(vendor_ids)
        read = await side_by_side([partial(self._read_vendor, v) for v in vendors])
        return {
            key: payee_of(key, each) for key, each in zip(vendors, read, strict=True)
        }

    async def _read_ahead(self, asked: tuple[Asked, ...]) -> None:
        """Read the bills and their vendors, each once, in the order of the call."""
        bills = tuple(dict.fromkeys(each.bill_id for each in asked if each.bill_id))
        replies = await side_by_side([partial(self._bill, each) for each in bills])
        self._bills = dict(zip(bills, replies, strict=True))
        paid = (
            self._bills.get(each.bill_id or "", {}).get("vendorId") or each.vendor_id
            for each in asked
        )
        vendors = tuple(dict.fromkeys(str(each) for each in paid if each))
        needed = {each.vendor_id for each in asked if each.is_of_vendor}
        read = await side_by_side(
            [partial(self._read_vendor, v, is_paid=v in needed) for v in vendors]
        )
        self._vendors = dict(zip(vendors, read, strict=True))

    async def _bill(self, bill_id: str) -> Mapping[str, Any]:
        return await self.read("bill_get_bill_details", {"billId": bill_id})

    async def _part(self, asked: Asked) -> tuple[PaymentPart, list[ApprovalLine], str]:
        if asked.pays is Pays.REIMBURSEMENT:
            return await self._reimbursement(asked)
        if asked.pays is Pays.REISSUE:
            return await self._reissue(asked)
        if asked.bill_id is None:
            return await self._without_bill(asked)
        bill = self._bills[asked.bill_id]
        key = id_at_bill(bill, asked.bill_id, "id")
        vendor_id = bill.get("vendorId") or asked.vendor_id
        vendor = await self._vendor(vendor_id) if vendor_id else None
        part = PaymentPart(
            subject=f"bill/{key}",
            vendor_id=vendor.id if vendor else None,
            payee=str(bill.get("vendorName") or name_of(vendor)),
            cents=asked.cents or 0,
            currency=vendor.currency if vendor else USD,
        )
        due = bill.get("dueAmount")
        shown = ApprovalLine(
            label="Bill",
            value=f"{key}: {amount_of(part.cents)} {part.currency}"
            + (f" of {_amount(due)} due" if due is not None else ""),
        )
        invoice = bill.get("invoice") or {}
        number = ApprovalLine(
            label="Invoice number",
            value=str(invoice.get("invoiceNumber", "")),
            third_party=True,
        )
        return part, [shown, *([number] if number.value else [])], amounts_of(bill)

    async def _without_bill(
        self, asked: Asked
    ) -> tuple[PaymentPart, list[ApprovalLine], str]:
        vendor = await self._vendor(str(asked.vendor_id))
        part = PaymentPart(
            subject=f"vendor/{vendor.id}",
            vendor_id=vendor.id,
            payee=name_of(vendor),
            cents=asked.cents or 0,
            currency=vendor.currency,
        )
        shown = ApprovalLine(
            label="Bill",
            value=f"none: BILL makes one of {amount_of(part.cents)} {part.currency}",
        )
        return part, [shown], ""

    async def _reimbursement(
        self, asked: Asked
    ) -> tuple[PaymentPart, list[ApprovalLine], str]:
        found = await self.read(
            "bill_get_reimbursement_details", {"reimbursementId": asked.object_id}
        )
        key = id_at_bill(found, str(asked.object_id), "uuid", "id")
        part = PaymentPart(
            subject=f"reimbursement/{key}",
            once=True,
            vendor_id=None,
            payee=str(found.get("userUuid") or found.get("userId") or ""),
            cents=self._known_cents(found),
            currency=USD,
        )
        lines = [
            ApprovalLine(label="Reimbursement", value=key),
            ApprovalLine(label="To user", value=part.payee),
            ApprovalLine(
                label="Merchant",
                value=str(found.get("merchantName", "")),
                third_party=True,
            ),
            ApprovalLine(
                label="Note", value=str(found.get("note", "")), third_party=True
            ),
        ]
        return part, [line for line in lines if line.value], str(found.get("status"))

    async def _reissue(
        self, asked: Asked
    ) -> tuple[PaymentPart, list[ApprovalLine], str]:
        found = await self.read(
            "bill_get_payment_details", {"paymentId": asked.object_id}
        )
        key = id_at_bill(found, str(asked.object_id), "id")
        bills = (each.get("billId") for each in (found, *_shares(found)))
        self._paid_anew |= {str(each) for each in bills if each}
        vendor_id = found.get("vendorId")
        vendor = await self._vendor(vendor_id) if vendor_id else None
        part = PaymentPart(
            subject=f"payment/{key}",
            once=True,
            vendor_id=vendor.id if vendor else None,
            payee=str(found.get("vendorName") or name_of(vendor)),
            cents=self._known_cents(found),
            currency=vendor.currency if vendor else USD,
        )
        shown = ApprovalLine(label="Sent anew", value=f"the payment {key}")
        return part, [shown], state_of_payment(found)

    def _known_cents(self, found: Mapping[str, Any]) -> int:
        cents = whole_cents(found.get("amount"))
        if cents is None and self.is_relied_on:
            raise RefusedError(
                "BILL does not say which amount would be paid, so that no limit holds",
                advice="Ask a person to do it in BILL's own web page.",
                code="amount_unknown",
            )
        return cents or 0

    async def _vendor(self, vendor_id: str) -> VendorRead:
        if vendor_id not in self._vendors:
            self._vendors[vendor_id] = await self._read_vendor(vendor_id)
        return self._vendors[vendor_id]

    async def _read_vendor(
        self, vendor_id: str, *, is_paid: bool = False
    ) -> VendorRead:
        """Read all about a vendor; it must be shown where it says what is paid."""
        shown = await self.read("bill_get_vendor_details", {"vendorId": vendor_id})
        if shown or is_paid:
            vendor_id = id_at_bill(shown, vendor_id, "id")
        reply = {"id": vendor_id, **shown}
        since = self.bill_now() - timedelta(days=LOOK_BACK_DAYS)
        rows: list[Mapping[str, Any]] = []
        found: list[BankFinding] = []

        async def payments() -> None:
            rows.extend((await payments_since(self.read, vendor_id, since)).rows)

        async def bank() -> None:
            found.append(await self.examine(reply))

        await side_by_side((payments, bank))
        return VendorRead(
            reply=reply,
            payments=tuple(rows),
            until_paid=await until_paid(self.read, reply, rows),
            finding=found[0],
        )

    def _equal(self, part: PaymentPart) -> list[Reason]:
        """The same payment, if BILL has it already, whoever made it."""
        read = (v for v in self._vendors.values() if v.id == part.vendor_id)
        vendor = next(read, None)
        if vendor is None or part.once:
            return []
        # Where BILL makes the bill, nothing tells which payments asked for that.
        cause = Cause.DUPLICATE_PAYMENT if part.bill_id else Cause.SIMILAR_PAYMENT
        return [
            Reason(
                cause=cause,
                text=f"BILL has the payment {row.get('id')} of the same amount, "
                f"{amount_of(part.cents)} {part.currency}, for the same "
                f"{'bill' if part.bill_id else 'vendor'}, made on "
                f"{str(row.get('createdTime', ''))[:10]}",
                object_id=str(row.get("id")),
            )
            for row in vendor.payments
            if row.get("status") not in ENDED_UNPAID and is_of(row, part)
        ]


async def payments_since(read: Read, vendor_id: str, since: datetime) -> Rows:
    """The vendor's payments made since then."""
    filters = [
        {"field": "vendorId", "op": "eq", "value": vendor_id},
        {
            "field": "createdTime",
            "op": "gte",
            "value": since.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        },
    ]
    return await every_page(read, "bill_get_list_of_payments", {"filters": filters})


def is_of(row: Mapping[str, Any], part: PaymentPart) -> bool:
    """Whether a payment at BILL pays this part: the bill, or the vendor, and amount."""
    if part.bill_id is None:
        return whole_cents(row.get("amount")) == part.cents
    return any(
        share.get("billId") == part.bill_id
        and whole_cents(share.get("amount")) == part.cents
        for share in _shares(row)
    )


def _shares(payment: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What of a payment is for which bill; BILL tells one alone in another place."""
    shares = payment.get("billPayments") or [payment]
    return [share for share in shares if isinstance(share, Mapping)]


def amounts_of(bill: Mapping[str, Any]) -> str:
    """The amounts of a bill that a payment changes, to compare them later."""
    names = ("dueAmount", "scheduledAmount", "paidAmount", "paymentStatus")
    return "|".join(str(bill.get(name)) for name in names)


def state_of_payment(payment: Mapping[str, Any]) -> str:
    """What voiding changes of a payment, to compare it later."""
    return f"{payment.get('singleStatus')}|{len(payment.get('voidInfo') or ())}"


def _amount(value: Any) -> str:
    cents = whole_cents(value)
    return amount_of(cents) if cents is not None else "an unknown amount"
