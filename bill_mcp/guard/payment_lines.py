"""What a person is shown of a payment, beside what it pays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bill_mcp.guard.evidence import Payee
from bill_mcp.records.approvals import ApprovalLine


def account_words(last4: str | None) -> str:
    """Where a vendor's money goes, as a person is shown it."""
    return f"••{last4}" if last4 else "no bank account at BILL"


def payee_lines(payees: Mapping[str, Payee]) -> list[ApprovalLine]:
    """Who gets the money, and where."""
    lines = []
    for key, payee in payees.items():
        lines += [
            ApprovalLine(label="Payee", value=payee.name, third_party=True),
            ApprovalLine(label="Vendor id", value=key),
            ApprovalLine(label="To account", value=account_words(payee.last4)),
        ]
    return lines


def paid_from(arguments: Mapping[str, Any]) -> ApprovalLine:
    """Which account pays."""
    funding = arguments.get("fundingAccount") or {}
    kind = str(funding.get("type", "")).replace("_", " ").lower()
    return ApprovalLine(
        label="From account", value=f"{kind} {funding.get('id', '')}".strip()
    )


def text_for_payee(arguments: Mapping[str, Any]) -> ApprovalLine:
    """What the agent wants the payee to read."""
    text = str(arguments.get("description", ""))
    return ApprovalLine(label="Text for the payee", value=text, third_party=True)
