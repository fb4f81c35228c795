"""What a person is shown of who is paid, and from what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bill_mcp.guard.evidence import PaidByItself, Payee
from bill_mcp.quoting import is_quoted_whole
from bill_mcp.records.approvals import ApprovalLine

VENDOR_ID, CHECK_TO = "Vendor id", "Check to"

OF_PAYEES = frozenset({"Payee", VENDOR_ID, "To account", CHECK_TO})
"""Labels of the lines that stand above the date."""


def payee_lines(payees: Iterable[Payee]) -> list[ApprovalLine]:
    """Name, id and account of each payee."""
    lines = []
    for payee in payees:
        lines += [
            ApprovalLine(label="Payee", value=payee.name, third_party=True),
            ApprovalLine(label=VENDOR_ID, value=payee.vendor_id, third_party=True),
            ApprovalLine(label="To account", value=account_words(payee.last4)),
            *_check_lines(payee),
        ]
    return lines


def _check_lines(payee: Payee) -> list[ApprovalLine]:
    """To whom a check is sent, and where; on two lines where one would be cut.

    So no long name pushes the address out of sight.
    """
    told = [part for part in payee.check_to or () if part]
    whole = ", ".join(told)
    if is_quoted_whole(whole):
        told = [whole] if whole else []
    return [ApprovalLine(label=CHECK_TO, value=part, third_party=True) for part in told]


def account_words(last4: str | None) -> str:
    """Where a vendor's money goes, as a person is shown it."""
    return f"••{last4}" if last4 else "no bank account at BILL"


def paid_from(arguments: Mapping[str, Any]) -> ApprovalLine:
    """The account that a payment names."""
    funding = arguments.get("fundingAccount") or {}
    kind = str(funding.get("type", "")).replace("_", " ").lower()
    account = f"{kind} {funding.get('id', '')}".strip()
    return ApprovalLine(label="From account", value=account, third_party=True)


def paid_by_itself_from(paid: Iterable[PaidByItself]) -> list[ApprovalLine]:
    """The accounts from which BILL pays by itself, each once."""
    accounts = dict.fromkeys(each.account for each in paid)
    return [
        ApprovalLine(
            label="From account",
            value=f"bank account {account}" if account else "one that is not known",
            third_party=bool(account),
        )
        for account in accounts
    ]


def text_for_payee(arguments: Mapping[str, Any]) -> ApprovalLine:
    """What the payee reads of the payment."""
    text = str(arguments.get("description", ""))
    return ApprovalLine(label="Text for the payee", value=text, third_party=True)
