"""Whatever is lost, late, repeated or restarted: no payment is made twice."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st
from support.paying import SETTLES_S, Paying
from support.steps import Pass, Restart, Settle

from bill_mcp.errors import CallError, Outcome

FAULTS: tuple[dict[str, Any], ...] = (
    {},
    {"drop": "before"},
    {"drop": "after"},
    {"drop": "mid_answer"},
    {"drop": "after", "hide_s": 30},
    {"drop": "after", "hide_s": SETTLES_S},
    {"hide_s": 500},
    {"act_late_s": 30},
    {"act_late_s": SETTLES_S},
    {"answer": {"status": 502, "body": ""}},
    {"answer": {"status": 422, "code": "BDC_1171"}},
)


@dataclass(frozen=True, kw_only=True)
class Pay:
    bill: int
    amount: float
    agent: str
    is_another: bool
    """The caller gives a transaction number that was not used before."""
    fault: dict[str, Any] = field(hash=False)


@dataclass(frozen=True, kw_only=True)
class PayInWebPage:
    bill: int
    amount: float


Step = Pay | PayInWebPage | Pass | Settle | Restart

bills, amounts = st.integers(0, 1), st.sampled_from([10, 20.5])
agents = st.sampled_from(["one", "two"])
pays = st.builds(
    Pay,
    bill=bills,
    amount=amounts,
    agent=agents,
    is_another=st.sampled_from([False, False, True]),
    fault=st.sampled_from(FAULTS),
)
others = st.one_of(
    st.builds(PayInWebPage, bill=bills, amount=amounts),
    st.builds(Pass, seconds=st.sampled_from([1, 60, 400, 1100])),
    st.builds(Settle, agent=agents),
    st.just(Restart()),
)
# Not by one_of, which takes each of its strategies once, however often it is named.
steps = st.lists(
    st.booleans().flatmap(lambda is_payment: pays if is_payment else others),
    min_size=2,
    max_size=14,
)


class Run:
    """One sequence of steps, and what must hold after each."""

    def __init__(self, bill_mcp: Paying) -> None:
        self.bill_mcp, self.number = bill_mcp, 0
        self.bills: list[str] = []

    async def all(self, steps: list[Step]) -> None:
        self.bills = [await self.bill_mcp.bill(1000) for _ in range(2)]
        for step in steps:
            await self.take(step)
            self.nothing_is_paid_twice()
        # In the end everything comes to light.
        for _ in range(4):
            self.bill_mcp.pass_time(SETTLES_S)
            for agent in ("one", "two"):
                await self.bill_mcp.settle(agent)
        self.nothing_is_paid_twice()
        self.journal_tells_the_truth()

    async def take(self, step: Step) -> None:
        bill_mcp = self.bill_mcp
        if isinstance(step, Pay):
            await self.pay(step)
        elif isinstance(step, PayInWebPage):
            self.number += 1
            await bill_mcp.paid_in_web_page(
                self.bills[step.bill],
                step.amount,
                transactionNumber=f"W{self.number}",
            )
        elif isinstance(step, Pass):
            bill_mcp.pass_time(step.seconds)
        elif isinstance(step, Settle):
            await bill_mcp.settle(step.agent)
        else:
            bill_mcp.restart()

    async def pay(self, step: Pay) -> None:
        bill_mcp, bill, more = self.bill_mcp, self.bills[step.bill], {}
        if step.is_another:
            self.number += 1
            more = {"transactionNumber": f"C{self.number}"}
        if step.fault:
            bill_mcp.fault(**step.fault)
        before = self.made(bill, step.amount)
        refused: CallError | None = None
        told: dict[str, Any] = {}
        try:
            told = await bill_mcp.pay(bill, step.amount, step.agent, **more)
        except CallError as error:
            refused = error
        bill_mcp.world.faults.ordered.clear()  # also where nothing was sent
        now = self.made(bill, step.amount)
        if refused is None:
            assert told["id"] in now
        elif refused.outcome is not Outcome.UNKNOWN:
            assert now == before
            is_done = refused.outcome is Outcome.DONE
            assert not is_done or (refused.earlier and refused.earlier.id in now)

    def made(self, bill: str, amount: float) -> list[str]:
        """Ids of the payments that BILL has of one identity."""
        return [
            row["id"] for row in self.bill_mcp.payments(bill) if row["amount"] == amount
        ]

    def nothing_is_paid_twice(self) -> None:
        """Our payments, by identity; a new number makes another payment, once."""
        paid = Counter(
            (row["billPayments"][0]["billId"], row["amount"])
            for row in self.bill_mcp.payments()
            if not re.fullmatch("[CW][0-9]+", row["transactionNumber"])
        )
        assert all(count == 1 for count in paid.values()), paid
        numbers = Counter(row["transactionNumber"] for row in self.bill_mcp.payments())
        assert all(count == 1 for count in numbers.values()), numbers

    def journal_tells_the_truth(self) -> None:
        rows = self.bill_mcp.server.records.file.look_now(
            lambda c: c.execute(
                "SELECT w.state, w.transaction_number, c.payment_id "
                "FROM writes w JOIN claims c ON c.write_id = w.id"
            ).fetchall()
        )
        payments = {row["id"]: row for row in self.bill_mcp.payments()}
        numbers = {row["transactionNumber"] for row in payments.values()}
        claimed = [row["payment_id"] for row in rows if row["state"] == "done"]
        assert len(claimed) == len(set(claimed))
        assert set(claimed) <= payments.keys()
        for row in rows:
            if row["state"] == "not_done":
                assert row["transaction_number"] not in numbers


@settings(max_examples=25, deadline=None)
@given(steps=steps, bill_is_ahead_s=st.sampled_from([0, -7200, 5400]))
def test_no_payment_is_made_twice_and_every_answer_is_true(
    steps: list[Step], bill_is_ahead_s: float
) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as home:
            bill_mcp = Paying(home=Path(home), bill_is_ahead_s=bill_is_ahead_s)
            try:
                await Run(bill_mcp).all(steps)
            finally:
                bill_mcp.server.records.close()

    anyio.run(run)
