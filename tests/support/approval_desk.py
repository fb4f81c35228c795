"""A desk at which calls are asked for, decided on and spent."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from support.clock import ManualClock

from bill_mcp.records import approvals, approvers
from bill_mcp.records.approvals import Approval, ApprovalLine, Approvals, Wanted
from bill_mcp.records.approvers import Approvers
from bill_mcp.records.passphrases import Cost
from bill_mcp.records.store import RecordFile
from bill_mcp.secret import Secret

SEALING_KEY = bytes(range(32))
CHEAP = Cost(n=16, r=1, p=1)
RIGHT = Secret("canary correct horse battery")

PAYMENT = Wanted(
    binding="b1",
    agent="stdio:1",
    agent_name="Payables agent",
    instance="i1",
    organization="sandbox https://bill.example/connect 00801",
    environment="sandbox",
    profile="default",
    action="bill_create_a_payment",
    title="Pay one bill",
    lines=(
        ApprovalLine(label="Payee", value="Happy Music", third_party=True),
        ApprovalLine(label="Vendor id", value="00901ABC"),
        ApprovalLine(label="Account", value="••1234"),
    ),
    reasons=("This is the first payment to this vendor.",),
    cents=125_050,
    currency="USD",
    request_digest="d1",
    transaction_number="T1",
    client_may_approve=False,
)


def payment(**changes: Any) -> Wanted:
    return replace(PAYMENT, **changes)


def record_file(path: Path | None) -> RecordFile:
    return RecordFile(path, (approvals.SCHEMA, approvers.SCHEMA))


def numbered() -> Callable[[int], str]:
    """Ids that differ, in place of random ones: their digits as letters from P on."""
    digits = str.maketrans("0123456789", "PQRSTUVWXY")
    numbers = count(1)
    return lambda length: str(next(numbers)).rjust(length, "A").translate(digits)


@dataclass
class ApprovalDesk:
    """One process's way to the records of a file, and what it was told to note."""

    path: Path | None = None
    clock: ManualClock = field(default_factory=ManualClock)
    new_id: Callable[[int], str] = field(default_factory=numbered)
    noted: list[tuple[str, str]] = field(default_factory=list)
    file: RecordFile = field(init=False)

    def __post_init__(self) -> None:
        self.file = record_file(self.path)
        key = lambda: SEALING_KEY  # noqa: E731 -- as short as it is plain
        self.approvals = Approvals(
            self.file, self.clock, self.new_id, key=key, note=self._note
        )
        self.approvers = Approvers(self.file, key=key, note=self._told, cost=CHEAP)

    async def granted(self, **changes: Any) -> Approval:
        asked = await self.approvals.ask(payment(**changes))
        return await self.approvals.decide(
            asked.id, grant=True, by="mia", via=approvals.Via.PAGE
        )

    async def spend(
        self, approval_id: str, binding: str = "b1", *, acknowledged: bool = False
    ) -> Approval:
        """What the journal does in its transaction."""
        return await self.file.transact(
            lambda connection: self.approvals.spend(
                connection,
                approval_id,
                binding=binding,
                now=self.clock.now(),
                acknowledged=acknowledged,
            )
        )

    async def tamper(self, statement: str) -> None:
        """What somebody does who can write the file and nothing else."""
        await self.file.transact(lambda connection: connection.execute(statement))

    def _note(self, _: sqlite3.Connection, approval: Approval, event: str) -> None:
        self.noted.append((approval.id, event))

    def _told(self, _: sqlite3.Connection, name: str, event: str) -> None:
        self.noted.append((name, event))
