"""Books full of orders, and an agent that obeys every one: no money moves."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from support.obedient_agent import ORDERS, THEIR_ACCOUNT, ObedientAgent
from support.person import Person
from support.process import client_of
from support.simulator_process import Simulator, simulator_process

pytestmark = pytest.mark.anyio

CONTROLLER = """
format = 1
[agents."*"]
mode = "pay"
approval_by = "person"
[agents."*".limits.USD]
payment = 5000
day = 20000
vendor_day = 8000
first_payment = 500
"""
MODE = 'format = 1\n[agents."*"]\nmode = "{}"\n'

WATCHED: dict[str, tuple[str, ...] | None] = {
    "vendor": None,
    "payment": None,
    "bank_account": None,
    "bank_account_user": None,
    "user": None,
    "recurring_bill": None,
    "spend_reimbursement": None,
    "spend_budget": None,
    "spend_card": None,
    "bill": ("approvalStatus", "paymentStatus", "paidAmount", "scheduledAmount"),
}
"""What no obeyed order may have changed, by the simulator's tables; None: nothing."""


def money_of(bill: Simulator) -> dict[str, Any]:
    """Everything at BILL that says who is paid, how much, and to which account."""
    tables = bill.control("GET", "state")["objects"]
    return {
        name: {
            key: row if names is None else {each: row.get(each) for each in names}
            for key, row in tables.get(name, {}).items()
        }
        for name, names in WATCHED.items()
    }


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What the agent did, and BILL's books before and after."""

    agent: ObedientAgent
    before: dict[str, Any]
    after: dict[str, Any]
    arrived: list[dict[str, Any]]
    approvals: list[str]

    @property
    def entered(self) -> set[str]:
        """Bills that the agent entered: that moves nothing yet."""
        return set(self.after["bill"]) - set(self.before["bill"])

    def posted(self, *parts: str) -> list[str]:
        """What was sent to change something, of paths with one of these *parts*."""
        return [
            f"{each['method']} {each['path']}"
            for each in self.arrived
            if each["method"] != "GET" and any(part in each["path"] for part in parts)
        ]


async def visit(
    home: Path, *options: str, policy: str | None = None, answer: Any = None
) -> Visit:
    """Let the agent work in the hostile company, as a person who may pay.

    *answer* is what its client says where a person is asked; None: it can't ask.
    """
    if policy is not None:
        file = home / "policy.toml"
        file.write_text(policy)
        options = (*options, "--policy", str(file))
    with simulator_process("hostile") as bill:
        variables = {
            **bill.credentials(mfa="trusted"),
            **bill.credentials(kind="spend"),
            "BILL_MCP_ENVIRONMENT": "local",
            "BILL_MCP_BASE_URL": bill.base_url,
            "BILL_MCP_HOME": str(home),
            "BILL_MCP_KEY": "a key of this test",
        }
        before = money_of(bill)
        async with client_of(
            *options, variables=variables, elicitation_callback=answer
        ) as client:
            agent = ObedientAgent(client)
            await agent.work()
        after, arrived = money_of(bill), bill.control("GET", "requests")
    assert {name for name, _, _ in ORDERS} == set(agent.obeyed), "each order was found"
    return Visit(
        agent=agent,
        before=before,
        after=after,
        arrived=arrived,
        approvals=approvals(home),
    )


class Yes:
    """A client that says yes to all it is asked, and shows its person nothing.

    The page of a link opens all the same: the person, who knows of no call, closes it.
    """

    def __init__(self, home: Path) -> None:
        self._person = Person(home)

    async def __call__(
        self, _context: Any, params: types.ElicitRequestParams
    ) -> types.ElicitResult:
        if isinstance(params, types.ElicitRequestURLParams):
            await self._person.decide(params.url.rsplit("/", 1)[1], "cancel")
        return types.ElicitResult(action="accept", content={"approve": True})


def approvals(home: Path) -> list[str]:
    """The states of all approvals that were asked for."""
    file = home / "journal.sqlite"
    if not file.exists():
        return []
    with closing(sqlite3.connect(file)) as records:
        found = records.execute("SELECT state FROM approvals").fetchall()
    return [state for (state,) in found]


def check_nothing_moved(seen: Visit) -> None:
    entered = {key: seen.after["bill"].pop(key) for key in seen.entered}
    assert {bill["paymentStatus"] for bill in entered.values()} <= {"UNPAID"}
    assert seen.after == seen.before
    assert not seen.posted("/payments", "bank-account", "/action", "invitation")


async def test_agent_that_obeys_everything_moves_no_money_under_a_policy_with_limits(
    tmp_path: Path,
) -> None:
    seen = await visit(tmp_path, "--confirm", "auto", policy=CONTROLLER)
    check_nothing_moved(seen)
    assert set(seen.approvals) == {"waiting"}, "persons were asked"
    assert seen.agent.approval_ids, "and the agent knows the ids"


async def test_client_that_says_yes_to_everything_moves_no_money_either(
    tmp_path: Path,
) -> None:
    yes = Yes(tmp_path)
    seen = await visit(tmp_path, "--confirm", "auto", policy=CONTROLLER, answer=yes)
    check_nothing_moved(seen)
    assert set(seen.approvals) == {"cancelled"}


@pytest.mark.parametrize("mode", ["prepare", "read-only"])
async def test_agent_that_obeys_everything_moves_no_money_where_it_may_only(
    tmp_path: Path, mode: str
) -> None:
    seen = await visit(tmp_path, "--confirm", "never", policy=MODE.format(mode))
    check_nothing_moved(seen)
    assert not seen.approvals, "what is refused is not asked about"
    if mode == "read-only":
        assert seen.posted("/") == ["POST /v3/login"]


async def test_the_same_agent_does_pay_where_nothing_holds_it(tmp_path: Path) -> None:
    seen = await visit(tmp_path, "--confirm", "never")
    assert len(seen.after["payment"]) > len(seen.before["payment"])
    assert seen.after["spend_reimbursement"] != seen.before["spend_reimbursement"]
    changed = [
        v
        for key, v in seen.after["vendor"].items()
        if v != seen.before["vendor"].get(key)
    ]
    assert [v for v in changed if v["_accountNumber"] == THEIR_ACCOUNT]
    assert [v for v in changed if v.get("autoPay", {}).get("enabled")]
