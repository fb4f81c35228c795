"""A home with an approver, a simulated BILL over HTTP, and servers that ask there."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp import Client
from support.approval_desk import CHEAP, record_file
from support.process import client_of, error_of, result_of
from support.sealing import sealing_key
from support.simulator_process import Simulator, simulator_process
from support.terminal import Terminal, at_terminal

from bill_mcp.app import random_id
from bill_mcp.clock import SystemClock
from bill_mcp.environments import Environment
from bill_mcp.records.approvals import Approval, Approvals, Via
from bill_mcp.records.approvers import Approvers
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import read
from bill_mcp.sessions.profiles import ProfileKeeper
from bill_mcp.sessions.vault import open_vault

KEY = "canary-operator-key"
APPROVER, PASSPHRASE = "mia", "canary correct horse battery"
PAY = "bill_create_a_payment"
_POINTER = re.compile(r"http://[^ )]+/q/[A-Za-z0-9_-]+")


@dataclass
class Office:
    """What people and agents of one home have in common.

    Attributes:
        mfa: Of the login that servers use; see the simulator's control plane.
        extra: Variables of servers beside those of the login.
    """

    simulator: Simulator
    home: Path
    mfa: str = "trusted"
    extra: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.own = {"BILL_MCP_HOME": str(self.home), "BILL_MCP_KEY": KEY}
        self.variables = {
            **self.simulator.credentials(mfa=self.mfa),
            "BILL_MCP_ENVIRONMENT": "sandbox",
            "BILL_MCP_BASE_URL": self.simulator.base_url,
            **self.own,
        }
        self._file = record_file(self.home / "journal.sqlite")
        self._key = sealing_key(self.home, KEY)
        self.approvals = Approvals(self._file, SystemClock(), random_id, key=self._key)

    def close(self) -> None:
        self._file.close()

    @asynccontextmanager
    async def server(
        self, *options: str, era: str = "auto", answer: Any = None
    ) -> AsyncIterator[Client]:
        """A server that asks a person, and an agent; *answer* is its elicitations'."""
        async with client_of(
            *("--confirm", "auto", *options),
            era=era,
            variables={**self.variables, **self.extra},
            elicitation_callback=answer,
        ) as client:
            yield client

    async def appoint(self) -> None:
        """Make the approver, as ``approver add`` does."""
        approvers = Approvers(self._file, key=self._key, cost=CHEAP)
        now = SystemClock().now()
        assert await approvers.add(APPROVER, Secret(PASSPHRASE), now)

    async def connect(self, name: str, **wanted: str) -> None:
        """Connect an account under that name, as ``login`` does."""
        wish = {"kind": "org", "mfa": self.mfa, **wanted}
        made = self.simulator.control("POST", "credentials", wish)
        keeper = ProfileKeeper(
            self.home, lambda: open_vault(self.home, KEY), SystemClock().now
        )
        url = self.simulator.base_url
        await keeper.keep(name, read(made.get), Environment.SANDBOX, url)

    async def decide(self, approval_id: str, *, grant: bool) -> None:
        """What ``approve`` and ``deny`` do, once it is proved who decides."""
        await self.approvals.decide(
            approval_id, grant=grant, by=APPROVER, via=Via.TERMINAL
        )

    async def approval(self, approval_id: str) -> Approval:
        found = await self.approvals.find(approval_id)
        assert found is not None
        return found

    @contextmanager
    def person(self, *words: str) -> Iterator[Terminal]:
        """A command at a terminal of a person's own."""
        with at_terminal(*words, variables=self.own, controlling=True) as terminal:
            yield terminal

    def payments_sent(self) -> int:
        """How many payments BILL was asked for."""
        return sum(
            (each["method"], each["path"].rpartition("/v3/")[2]) == ("POST", "payments")
            for each in self.arrived()
        )

    def arrived(self) -> list[dict[str, Any]]:
        """What BILL was asked, oldest first."""
        told = self.simulator.control("GET", "requests")
        return list(told.get("requests", told) if isinstance(told, dict) else told)


@contextmanager
def office(home: Path, **options: Any) -> Iterator[Office]:
    """Serve a fresh world for one home."""
    with simulator_process() as simulator:
        office = Office(simulator, home, **options)
        try:
            yield office
        finally:
            office.close()


async def payments_of(client: Client, **changes: Any) -> list[dict[str, Any]]:
    """Payments that could be made, the cheapest first."""
    listed = await client.call_tool(
        "bill_get_list_of_bills",
        {"filters": "paymentStatus:eq:UNPAID,archived:eq:false", "max": 100},
    )
    banks = await client.call_tool(
        "bill_get_list_of_bank_accounts", {"filters": "status:eq:VERIFIED"}
    )
    account = {"type": "BANK_ACCOUNT", "id": result_of(banks)["results"][0]["id"]}
    bills = [
        each
        for each in result_of(listed)["results"]
        if each["approvalStatus"] in {"UNASSIGNED", "APPROVED"} and each["dueAmount"]
    ]
    return [
        {
            "billId": bill["id"],
            "amount": bill["dueAmount"],
            "fundingAccount": account,
            **changes,
        }
        for bill in sorted(bills, key=lambda bill: bill["dueAmount"])
    ]


async def pay(client: Client, payment: dict[str, Any]) -> dict[str, Any]:
    """The payment that was made."""
    return result_of(await client.call_tool(PAY, payment))


async def refused(client: Client, payment: dict[str, Any]) -> dict[str, Any]:
    """Why it was not made."""
    return error_of(await client.call_tool(PAY, payment))


def id_in(told: dict[str, Any]) -> str:
    """The approval that a refusal names."""
    named = re.search(r"bill-mcp approve ([A-Z0-9]{8})", told["advice"])
    assert named is not None, json.dumps(told)
    return named.group(1)


def pointer_in(told: dict[str, Any]) -> str:
    """The address of the page that a refusal names."""
    named = _POINTER.search(told["advice"])
    assert named is not None, json.dumps(told)
    return named.group()
