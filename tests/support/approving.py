"""Approvals and approvers in a file of their own, and a call that waits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from bill_mcp.app import random_id
from bill_mcp.clock import Clock
from bill_mcp.pages.approval_visits import Approving
from bill_mcp.records import approvals, approvers
from bill_mcp.records.approvals import ApprovalLine, Approvals, Wanted
from bill_mcp.records.approvers import Approvers
from bill_mcp.records.passphrases import Cost
from bill_mcp.records.store import RecordFile

APPROVER = "dana"
PASSPHRASE = "canary correct horse battery"
CHEAP = Cost(n=2**4, r=8, p=1)
"""Nobody guesses in tests."""

HOSTILE = 'Acme\u202e <b>"Ltd"</b>\n\u200b' + "x" * 200
WANTED = Wanted(
    binding="b" * 64,
    agent="agent",
    agent_name="Claude Desktop",
    instance="instance",
    organization="production|00801PACIFICTIMBER",
    environment="production",
    profile="pacific-timber",
    action="bill_create_a_payment",
    title="Pay 1,250.00 USD to Cedar Mill Supply",
    lines=(
        ApprovalLine(
            label="Organization", value="Pacific Timber Co. (00801PACIFICTIMBER)"
        ),
        ApprovalLine(label="Payee", value="Cedar Mill Supply", third_party=True),
        ApprovalLine(label="Vendor", value="00901CEDARMILLSUPP1a2b"),
        ApprovalLine(label="To account", value="••1234"),
        ApprovalLine(label="Amount", value="1,250.00 USD"),
        ApprovalLine(label="Date", value="November 27, 2026"),
        ApprovalLine(label="From", value="Operating account, ••4410"),
        ApprovalLine(label="Bill", value="INV-2291", third_party=True),
    ),
    reasons=(
        "First payment to this vendor.",
        "Its bank details changed 2 days ago: new ••1234, before ••9876.",
    ),
    cents=125_000,
    currency="USD",
    request_digest="d" * 64,
    transaction_number="T1",
    client_may_approve=False,
)


def wanted(**changes: Any) -> Wanted:
    return replace(WANTED, **changes)


def approving(path: Path | None, clock: Clock) -> tuple[RecordFile, Approving]:
    """A file that any number of processes may open, and what is kept in it."""
    file = RecordFile(path, (approvals.SCHEMA, approvers.SCHEMA))
    return file, Approving(
        approvals=Approvals(file, clock, random_id, key=_key),
        approvers=Approvers(file, key=_key, cost=CHEAP),
    )


def _key() -> bytes:
    return b"k" * 32
