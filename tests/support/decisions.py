"""Decisions about a payment from a bank account, and what may speak against it."""

from __future__ import annotations

from typing import Any

from support.assembly import agent, catalogue

from bill_mcp.agents import Confirm
from bill_mcp.environments import Environment
from bill_mcp.guard import policy
from bill_mcp.guard.evidence import Cause, Evidence, Reason
from bill_mcp.guard.rules import Rules

LOCAL, SANDBOX, PRODUCTION = Environment
AUTO, ALWAYS, NEVER = Confirm
PAY = "bill_create_a_payment"
FROM_BANK = {"fundingAccount": {"type": "BANK_ACCOUNT", "id": "bacA"}}
LIMITED = {"USD": {"payment": 500, "day": 2000}}

BANK = Reason(cause=Cause.BANK_DETAILS, text="The bank details are new.")
RESEND = Reason(cause=Cause.RESEND, text="An earlier sending was lost.")
TWICE = Reason(cause=Cause.DUPLICATE_PAYMENT, text="It was paid.", object_id="stp1")
COPY = Reason(cause=Cause.DUPLICATE_BILL, text="The bill is there.", object_id="00n1")


def decided(
    read: Evidence,
    given: Rules | None = None,
    *,
    name: str = PAY,
    arguments: dict[str, Any] | None = None,
    environment: Environment = SANDBOX,
    confirm: Confirm = AUTO,
    history: frozenset[str] = frozenset(),
) -> policy.Decision:
    asker = agent(rules=given, confirm=confirm)
    sent = FROM_BANK if arguments is None else arguments
    verdict = policy.judge(catalogue().find(name), sent, asker, environment)
    return policy.decide(verdict, read, sent, asker, environment, history)


def causes(decision: policy.Decision) -> list[Cause]:
    return [reason.cause for reason in decision.reasons]
