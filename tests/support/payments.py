"""Payments, payees and rules, made short for the tests of the guard."""

from __future__ import annotations

from typing import Any

from bill_mcp.guard.evidence import Evidence, Payee, Reason
from bill_mcp.guard.rules import Rules
from bill_mcp.records.payments import PaymentPart

TABLE = 'policy.toml: agents."*"'


def rules(mode: str = "pay", **given: Any) -> Rules:
    """Rules as if read from the table of every agent."""
    return Rules.model_validate({"mode": mode, **given}).placed(TABLE)


def part(
    cents: int = 10_000,
    *,
    vendor: str | None = "009A",
    currency: str = "USD",
    bill: str = "00nA",
) -> PaymentPart:
    return PaymentPart(
        subject=f"bill/{bill}",
        vendor_id=vendor,
        payee="ACME",
        cents=cents,
        currency=currency,
    )


def payee(
    vendor: str = "009A", *, first: bool = False, bank_reason: Reason | None = None
) -> Payee:
    return Payee(
        vendor_id=vendor,
        name="ACME",
        last4="6789",
        old_last4=None,
        is_first_payment=first,
        bank_reason=bank_reason,
        digest="d" * 64,
    )


def evidence(*parts: PaymentPart, **given: Any) -> Evidence:
    """What was read for these payments, to vendors that were paid before."""
    known = {one.vendor_id: payee(one.vendor_id) for one in parts if one.vendor_id}
    return Evidence(
        **{
            "parts": parts,
            "payees": known,
            "before": {},
            "funding_account": "bacA",
            **given,
        }
    )
