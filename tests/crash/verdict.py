"""Whether what an agent was told of a payment fits with what BILL has of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bill_mcp.errors import Outcome

NEXT_LOOK = re.compile(r"BILL is asked again at \d{4}-\d\d-\d\d \d\d:\d\d UTC")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one call of the agent was told.

    Attributes:
        outcome: None where the server died before it answered.
        told: The result, or the error object.
        at_bill: Ids of the payments of the bill that BILL had right after, also of
            those it does not show.
        sent: How many requests to pay the bill BILL had got by then.
    """

    outcome: Outcome | None
    told: dict[str, Any]
    at_bill: tuple[str, ...]
    sent: int

    @property
    def payment_id(self) -> str | None:
        """The payment that the answer names."""
        found = self.told.get("id") or self.told.get("earlier", {}).get("id")
        return str(found) if found else None


def violations(
    answers: Sequence[Answer], at_bill: Sequence[str], sent: int
) -> list[str]:
    """What is wrong with a run; nothing where it is well.

    Args:
        answers: In the order in which they came.
        at_bill: The payments that BILL has at the very end, late ones included.
        sent: How many requests to pay the bill BILL got in all.
    """
    wrong = []
    if len(at_bill) > 1:
        wrong.append(f"BILL has {len(at_bill)} payments of one bill")
    for number, answer in enumerate(answers, 1):
        if answer.outcome is Outcome.DONE:
            if not answer.at_bill:
                wrong.append(f"answer {number} says done; BILL has no payment")
            elif answer.payment_id not in answer.at_bill:
                wrong.append(f"answer {number} names a payment that is another's")
        if answer.outcome is Outcome.NOT_DONE and answer.at_bill:
            wrong.append(f"answer {number} says not_done; BILL has the payment")
        elif answer.outcome is Outcome.NOT_DONE and at_bill and answer.sent == sent:
            # Nothing was sent since: what had been sent before was done after all.
            wrong.append(f"answer {number} says not_done; BILL makes the payment later")
    last = answers[-1]
    if last.outcome is None:
        wrong.append("the last call got no answer")
    advice = str(last.told.get("advice", ""))
    if last.outcome is Outcome.UNKNOWN and NEXT_LOOK.search(advice) is None:
        wrong.append("the last answer is unknown without the time of the next look-up")
    return wrong
