"""Who may be paid, from what, and by whom: rules on payments, without their amounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from bill_mcp.errors import RefusedError
from bill_mcp.guard import touching
from bill_mcp.guard.action_rules import listed
from bill_mcp.guard.evidence import Evidence
from bill_mcp.guard.rules import WALLET, Rules
from bill_mcp.records.payments import PaymentPart


def check_vendors(parts: Sequence[PaymentPart], rules: Rules) -> None:
    """Let the payments go on if all of them are to vendors that may be paid.

    Raises:
        RefusedError: One is to somebody else.
    """
    if rules.vendors is None:
        return
    for number, part in enumerate(parts, start=1):
        if part.vendor_id not in rules.vendors:
            which = f"payment {number} of {len(parts)}" if len(parts) > 1 else "this"
            raise vendor_denied(which, rules)


def check_funding(
    evidence: Evidence, arguments: Mapping[str, Any], rules: Rules
) -> None:
    """Let the payments go on if they come from an account that may pay.

    Raises:
        RefusedError: They come from another, or from one that is not known.
    """
    if rules.funding_accounts is None or not evidence.parts:
        return
    paying = evidence.funding_account
    given = arguments.get("fundingAccount")
    if isinstance(given, Mapping) and given.get("type") == "WALLET":
        paying = WALLET
    if paying not in rules.funding_accounts:
        raise funding_denied("the", rules)


def vendor_denied(
    beginning: str, rules: Rules, otherwise: str = "Pay one of"
) -> RefusedError:
    """The refusal of a payment; "pays somebody" stands after the *beginning*."""
    return RefusedError(
        f"{beginning} pays somebody who is not among those who may be paid "
        f"({rules.place('vendors')})",
        advice=f"{otherwise} these, or ask the operator to add this one: "
        f"{_allowed(rules.vendors or ())}.",
        code="vendor_denied",
    )


def funding_denied(
    beginning: str, rules: Rules, otherwise: str = "Pay from one of"
) -> RefusedError:
    """The refusal of an account; "the account" stands after the *beginning*."""
    return RefusedError(
        f"{beginning} account that would pay is not among those that may "
        f"({rules.place('funding_accounts')})",
        advice=f"{otherwise} these, or ask the operator: "
        f"{_allowed(rules.funding_accounts or ())}.",
        code="funding_account_denied",
    )


def check_duties(
    evidence: Evidence,
    arguments: Mapping[str, Any],
    history: AbstractSet[str],
    rules: Rules,
) -> None:
    """Let the call go on if the agent did not make or change what it pays for.

    Args:
        evidence: Its ``object_ids`` are the bills and the vendors' bank details.
        arguments: A payment may make its own bill.
        history: What this agent made or changed, or may have; see `touching`.
        rules: Of the agent.

    Raises:
        RefusedError: It did, or would with this very call.
    """
    if not rules.separate_duties:
        return
    options = arguments.get("processingOptions")
    if isinstance(options, Mapping) and options.get("createBill"):
        raise RefusedError(
            "this would make a bill and pay it at once, and who does the one may not "
            f"do the other ({rules.place('separate_duties')})",
            advice="Pay a bill that is there already, by its billId. Or enter the bill "
            "with bill_create_a_bill and leave its payment to a person or to another "
            "agent.",
            code="separate_duties",
        )
    if not history.isdisjoint(touching.keys_of(evidence)):
        raise RefusedError(
            "you made or changed the bill that this would pay, a recurring bill of its "
            "vendor, or the bank details, or may have, in a call whose outcome is "
            "unknown; and who does the one "
            f"may not do the other ({rules.place('separate_duties')})",
            advice="Leave the payment to a person or to another agent.",
            code="separate_duties",
        )


def _allowed(ids: Iterable[str]) -> str:
    """What a list allows, as far as a sentence can hold it."""
    return listed(ids) or "none"
