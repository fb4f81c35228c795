"""Whatever is called in whatever order, BILL never has a payment past a limit.

What was spent is reckoned from the payments that the simulated BILL has, lost, hidden
and cancelled ones too, and not from what the journal or any answer says of them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st
from support.paying import BULK, PAY, Json, Paying, StillClock
from support.payments import rules
from support.self_paying import new_bill
from support.steps import Pass, Restart, Settle

from bill_mcp.agents import Agent
from bill_mcp.errors import CallError, Outcome

ENTER = "bill_create_a_bill"
CANCEL, VOID = "bill_cancel_a_payment", "bill_void_a_payment"
PATHS = {PAY: "/v3/payments", BULK: "/v3/payments/bulk", ENTER: "/v3/bills"}
AGENTS = ("one", "two")
VENDORS = 3
OF_VENDORS = (0, 0, 0, 1, 2)
"""Whose the first bills are; those of the first vendor are paid together."""

FAULTS: tuple[Json, ...] = (
    *({},) * 10,
    {"drop": "before"},
    {"drop": "after"},
    *({"drop": "after", "hide_s": 5000},) * 3,
    {"drop": "mid_answer"},
    {"answer": {"status": 502, "body": ""}},
)


@dataclass(frozen=True, kw_only=True)
class Send:
    """A call of an agent; which bills and vendors, by their place among all."""

    action: str
    agent: str
    objects: tuple[int, ...]
    amount: int
    makes_bill: bool
    preview: bool
    is_another: bool
    """The caller gives a transaction number that was not used before."""
    fault: Json = field(hash=False)


@dataclass(frozen=True, kw_only=True)
class TakeBack:
    """An agent cancels or voids one of the payments."""

    agent: str
    payment: int
    how: str | None


Step = Send | TakeBack | Pass | Settle | Restart

some = st.sampled_from
sends = st.builds(
    Send,
    action=some([*[PAY] * 4, *[BULK] * 3, ENTER]),
    agent=some(AGENTS),
    objects=st.lists(
        st.integers(0, len(OF_VENDORS) + 1), min_size=1, max_size=3, unique=True
    ).map(tuple),
    amount=some([10, 15, 20, 25, 30]),
    makes_bill=some([False, False, False, True]),
    preview=some([*[False] * 8, True]),
    is_another=some([True, True, False]),
    fault=some(FAULTS),
)
others = st.one_of(
    st.builds(
        TakeBack,
        agent=some(AGENTS),
        payment=st.integers(0, 3),
        how=some([None, "VOID_ONLY", "VOID_AND_REISSUE"]),
    ),
    st.builds(Pass, seconds=some([1, 600, 5 * 3600, 86_400, 3 * 86_400, 7 * 86_400])),
    st.builds(Settle, agent=some(AGENTS)),
    st.just(Restart()),
)
# Not by one_of, which takes each of its strategies once, however often it is named.
steps = st.lists(
    st.integers(0, 9).flatmap(lambda roll: others if roll in {0, 1, 2} else sends),
    min_size=10,
    max_size=18,
)
limits = st.fixed_dictionaries(
    {},
    optional={
        "payment": some([20, 25, 40]),
        "day": some([40, 70]),
        "vendor_day": some([35, 60]),
        "first_payment": some([15, 35, 60]),
    },
).filter(bool)
tables = st.fixed_dictionaries(
    {
        "limits": limits.map(lambda one: {"USD": one}),
        "time_zone": some(["America/Chicago", "Asia/Tokyo"]),
        "resend": some(["never", "after_not_done"]),
        "lost_answer_settles_s": some([0, 900]),
        "separate_duties": some([False, False, False, True]),
    },
    optional={"vendors": st.sets(st.integers(0, VENDORS - 1), min_size=2)},
)


@dataclass(frozen=True, kw_only=True)
class Made:
    """A payment that came to be at BILL."""

    vendor: str
    amount: Fraction
    at: datetime
    bills: frozenset[str]


class Oracle:
    """What BILL has made so far, and who entered the bills."""

    def __init__(self, bill_mcp: Paying) -> None:
        self.bill_mcp = bill_mcp
        self.made: dict[str, Made] = {}
        self.ever_paid: set[str] = set()
        self.entered: dict[str, str | None] = {}

    def look(self, agent: str | None) -> tuple[Made, ...]:
        """The payments that are new since the last look; who acted meanwhile."""
        for bill in self.bill_mcp.world.rows("bill"):
            self.entered.setdefault(bill["id"], agent)
        new = {
            row["id"]: Made(
                vendor=row["vendorId"],
                amount=Fraction(str(row["amount"])),
                at=self.bill_mcp.clock.now(),
                bills=frozenset(each["billId"] for each in row["billPayments"]),
            )
            for row in self.bill_mcp.world.rows("payment")
            if row["id"] not in self.made
        }
        self.made |= new
        return tuple(new.values())

    def note_paid(self) -> None:
        """Those whom BILL has paid are new no more, whatever happens then."""
        self.ever_paid |= {
            row["vendorId"]
            for row in self.bill_mcp.world.rows("payment")
            if row["status"] == "PAID"
        }

    def assert_within(self, new: Iterable[Made], agent: str, table: Json) -> None:
        """That *agent* passed no limit of its *table* by the *new* payments."""
        (most,) = table["limits"].values()
        zone = ZoneInfo(table["time_zone"])
        for one in new:
            day = one.at.astimezone(zone).date()
            same_day = [
                each
                for each in self.made.values()
                if each.at.astimezone(zone).date() == day
            ]
            of_vendor = [each for each in same_day if each.vendor == one.vendor]
            assert one.amount <= most.get("payment", one.amount)
            assert total(same_day) <= most.get("day", 10**9)
            assert total(of_vendor) <= most.get("vendor_day", 10**9)
            if one.vendor not in self.ever_paid:
                standing = {row["id"] for row in self.bill_mcp.payments()}
                counted = [
                    each
                    for key, each in self.made.items()
                    if key in standing and each.vendor == one.vendor
                ]
                assert total(counted) <= most.get("first_payment", 10**9)
            assert one.vendor in table.get("vendors", {one.vendor})
            if table["separate_duties"]:
                assert all(self.entered[bill] != agent for bill in one.bills)


def total(made: Iterable[Made]) -> Fraction:
    return sum((one.amount for one in made), Fraction())


class Run:
    """One sequence of steps, and what must hold after each."""

    def __init__(self, bill_mcp: Paying, tables: list[Json]) -> None:
        self.bill_mcp, self.oracle = bill_mcp, Oracle(bill_mcp)
        self.tables = {
            name: dict(table) for name, table in zip(AGENTS, tables, strict=True)
        }
        self.vendors: list[str] = []
        self.number = 0

    async def all(self, steps: list[Step]) -> None:
        await self.begin()
        for step in steps:
            self.oracle.note_paid()
            agent: str | None = getattr(step, "agent", None)
            is_plain = await self.take(step)
            new = self.oracle.look(agent)
            if is_plain or agent is None:
                assert not new
            else:
                self.oracle.assert_within(new, agent, self.tables[agent])

    async def begin(self) -> None:
        bill_mcp = self.bill_mcp
        self.vendors = [
            await bill_mcp.vendor("Combined", additionalInfo={"combinePayments": True}),
            await bill_mcp.vendor("Other"),
            await bill_mcp.vendor("By check", paymentInformation={}),
        ]
        for number in OF_VENDORS:
            await bill_mcp.bill(1000, self.vendors[number])
        self.oracle.look(None)
        for table in self.tables.values():
            if "vendors" in table:
                table["vendors"] = {self.vendors[each] for each in table["vendors"]}

    def agent(self, name: str) -> Agent:
        return self.bill_mcp.agent(name, rules=rules(**self.tables[name]))

    async def take(self, step: Step) -> bool:
        """Do it; answers whether no payment may come of it."""
        if isinstance(step, Send):
            return await self.call(
                step.action, self.arguments(step), step.agent, step.fault
            )
        if isinstance(step, TakeBack):
            made = list(self.oracle.made)
            if not made:
                return True
            arguments: Json = {"paymentId": made[step.payment % len(made)]}
            if step.how is None:
                return await self.call(CANCEL, arguments, step.agent)
            more = {"type": step.how, "reason": "Not wanted"}
            return await self.call(VOID, arguments | more, step.agent)
        if isinstance(step, Pass):
            self.bill_mcp.pass_time(step.seconds)
        elif isinstance(step, Settle):
            await self.bill_mcp.server.dispatcher.settle(self.agent(step.agent))
        else:
            self.bill_mcp.restart()
        return True

    async def call(
        self, action: str, arguments: Json, agent: str, fault: Json | None = None
    ) -> bool:
        """One call; answers whether it says that nothing was paid now."""
        world = self.bill_mcp.world
        if fault:
            self.bill_mcp.fault(PATHS[action], **fault)
        try:
            await self.bill_mcp.call(action, arguments, self.agent(agent))
        except CallError as error:
            return error.outcome is not Outcome.UNKNOWN
        finally:
            world.faults.ordered.clear()  # also where nothing was sent
        return bool(arguments.get("preview")) or action == ENTER

    def arguments(self, step: Send) -> Json:
        self.number += 1
        vendor = self.vendors[step.objects[0] % VENDORS]
        if step.action == ENTER:
            body: dict[str, Any] = new_bill(vendor, 1000 + self.number)
        else:
            bills = list(self.oracle.entered)
            chosen = {bills[each % len(bills)] for each in step.objects}
            first = min(chosen)
            body = self.bill_mcp.payment(first, step.amount)
            if step.action == BULK:
                del body["billId"], body["amount"]
                body["payments"] = [
                    {"billId": bill, "amount": step.amount} for bill in sorted(chosen)
                ]
            elif step.makes_bill:
                del body["billId"]
                body |= {"vendorId": vendor, "processingOptions": {"createBill": True}}
            if step.is_another:
                body["transactionNumber"] = f"C{self.number}"
        return body | ({"preview": True} if step.preview else {})


@settings(max_examples=50, deadline=None, derandomize=True)
@given(steps=steps, tables=st.lists(tables, min_size=2, max_size=2))
def test_no_sequence_of_calls_passes_a_limit(
    steps: list[Step], tables: list[Json]
) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as home:
            bill_mcp = Paying(home=Path(home), clock=StillClock())
            try:
                await Run(bill_mcp, tables).all(steps)
            finally:
                bill_mcp.server.records.close()

    anyio.run(run)
