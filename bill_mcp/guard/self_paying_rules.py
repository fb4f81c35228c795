"""Rules on what BILL pays by itself: who, from what, and at whose word."""

from __future__ import annotations

from collections.abc import Sequence

from bill_mcp.errors import RefusedError
from bill_mcp.guard.evidence import PaidByItself
from bill_mcp.guard.payment_rules import funding_denied, vendor_denied
from bill_mcp.guard.rules import Rules


def check_lists(paid: Sequence[PaidByItself], rules: Rules) -> None:
    """Let the call go on if BILL then pays listed vendors from listed accounts.

    What is not known is on no list.

    Raises:
        RefusedError: It would pay somebody else, or from another account.
    """
    for each in paid:
        if rules.vendors is not None and each.vendor_id not in rules.vendors:
            raise vendor_denied(
                f"{each.why}, and that",
                rules,
                f"{_without(each)}, or let it pay one of",
            )
        accounts = rules.funding_accounts
        if accounts is not None and each.account not in accounts:
            raise funding_denied(
                f"{each.why}, and the",
                rules,
                f"{_without(each)}, or let it pay from one of",
            )


def check_duties(paid: Sequence[PaidByItself], rules: Rules) -> None:
    """Let the call go on if its agent does not have paid what it enters or changes.

    Raises:
        RefusedError: BILL would pay it by itself, so that nobody else has a word.
    """
    if rules.separate_duties and paid:
        raise RefusedError(
            f"{paid[0].why}, so BILL would pay by itself what you enter or change, and "
            f"who does the one may not do the other ({rules.place('separate_duties')})",
            advice=f"{_without(paid[0])}; what is not paid automatically may be "
            "entered and changed. Or leave this to a person in BILL's own web page.",
            code="separate_duties",
        )


def _without(paid: PaidByItself) -> str:
    """How the same can be done so that BILL pays nobody by itself."""
    if paid.is_asked_for:
        return "Leave automatic payment off"
    return "Ask a person to switch automatic payment off in BILL's own web page first"
