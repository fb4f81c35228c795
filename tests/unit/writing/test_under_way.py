"""Calls for what is under way at the same moment, and callers who hang up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
import pytest
from support.paying import BULK, PAY, Paying, StillClock
from support.payments import rules

from bill_mcp.errors import CallError
from bill_mcp.records.audit import Kind

pytestmark = pytest.mark.anyio

PAYMENTS = "/v3/payments"
DEPARTMENT = ("bill_create_a_department", {"name": "North"})


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def bill_mcp(clock: StillClock) -> Paying:
    return Paying(clock=clock)


class Ended:
    """How each of several calls ended, by the name it was started under."""

    def __init__(self, bill_mcp: Paying) -> None:
        self._bill_mcp = bill_mcp
        self.how: dict[str, Any] = {}

    async def call(
        self, name: str, action: str, arguments: Mapping[str, Any], by: str
    ) -> None:
        try:
            self.how[name] = await self._bill_mcp.call(action, arguments, by)
        except CallError as error:
            self.how[name] = error


async def test_same_call_waits_and_gets_the_same_answer(
    bill_mcp: Paying, clock: StillClock
) -> None:
    bill = await bill_mcp.bill(100)
    arguments, ended = bill_mcp.payment(bill, 60), Ended(bill_mcp)
    reworded = arguments | {"description": "once more"}
    bill_mcp.hold_back(PAYMENTS)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ended.call, "first", PAY, arguments, "agent")
        await bill_mcp.has_acted.wait()
        tasks.start_soon(ended.call, "second", PAY, reworded, "agent")
        tasks.start_soon(ended.call, "other agent", PAY, arguments, "another")
        tasks.start_soon(
            ended.call, "other amount", PAY, bill_mcp.payment(bill, 10), "another"
        )
        await anyio.wait_all_tasks_blocked()
        assert ended.how == {}
        bill_mcp.let_go.set()
    made = ended.how["first"]["id"]
    assert "already_done" not in ended.how["first"].get("bill_mcp", {})
    assert ended.how["second"]["id"] == made
    assert ended.how["second"]["bill_mcp"]["already_done"] is True
    other = ended.how["other agent"]
    assert (other.code, other.earlier.id) == ("duplicate", made)
    assert other.earlier.agent_is_you is False
    assert ended.how["other amount"]["amount"] == 10
    assert [row["amount"] for row in bill_mcp.payments(bill)] == [60, 10]


async def test_many_same_calls_at_once_pay_once_and_all_get_that_answer(
    bill_mcp: Paying,
) -> None:
    bill = await bill_mcp.bill(100)
    arguments, ended = bill_mcp.payment(bill, 60), Ended(bill_mcp)
    async with anyio.create_task_group() as tasks:
        for number in range(9):
            by = "another" if number % 3 == 0 else "agent"
            tasks.start_soon(ended.call, f"{by} {number}", PAY, arguments, by)
    (made,) = bill_mcp.payments(bill)
    (payer,) = {row["agent"] for row in bill_mcp.audit_rows(Kind.INTENT)}
    assert len(ended.how) == 9
    for name, told in ended.how.items():
        if name.startswith(payer):
            assert told["id"] == made["id"]
        else:
            assert (told.code, told.earlier.id) == ("duplicate", made["id"])


@pytest.mark.parametrize(
    ("action", "arguments", "path"),
    [(PAY, {}, PAYMENTS), (*DEPARTMENT, "/v3/classifications/departments")],
    ids=["payment", "department"],
)
async def test_caller_who_hung_up_gets_the_stored_answer_once(
    bill_mcp: Paying, action: str, arguments: dict[str, Any], path: str
) -> None:
    if action == PAY:
        arguments = bill_mcp.payment(await bill_mcp.bill(100), 60)
    bill_mcp.hold_back(path)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bill_mcp.call, action, arguments)
        await bill_mcp.has_acted.wait()
        tasks.cancel_scope.cancel()
        bill_mcp.let_go.set()
    assert bill_mcp.states == ["done"]
    sent = len(bill_mcp.upstream.writes)
    told = await bill_mcp.call(action, arguments)
    assert told["bill_mcp"]["already_done"] is True
    assert told["id"]
    again = await bill_mcp.refused(action, arguments)
    assert again.code == "duplicate"
    assert again.earlier is not None
    assert (again.earlier.id, again.earlier.agent_is_you) == (told["id"], True)
    assert len(bill_mcp.upstream.writes) == sent == 1


async def test_other_agent_does_not_get_the_answer_of_who_hung_up(
    bill_mcp: Paying,
) -> None:
    bill = await bill_mcp.bill(100)
    arguments = bill_mcp.payment(bill, 60)
    bill_mcp.hold_back(PAYMENTS)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bill_mcp.call, PAY, arguments)
        await bill_mcp.has_acted.wait()
        tasks.cancel_scope.cancel()
        bill_mcp.let_go.set()
    assert (await bill_mcp.not_paid(bill, 60, by="another")).code == "duplicate"
    assert (await bill_mcp.pay(bill, 60))["bill_mcp"]["already_done"] is True


async def hung_up(bill_mcp: Paying, name: str, arguments: Mapping[str, Any]) -> None:
    """A call that is done at BILL, and whose caller did not wait for its answer."""
    bill_mcp.hold_back(PAYMENTS, f"{PAYMENTS}/bulk")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bill_mcp.call, name, arguments)
        await bill_mcp.has_acted.wait()
        tasks.cancel_scope.cancel()
        bill_mcp.let_go.set()
    bill_mcp.hold_back()
    assert bill_mcp.states == ["done"]


def bulk(bill_mcp: Paying, vendor: str, *bills: str) -> dict[str, Any]:
    funding = bill_mcp.payment("", 1)["fundingAccount"]
    payments = [{"billId": bill, "amount": 60} for bill in bills]
    return {"vendorId": vendor, "payments": payments, "fundingAccount": funding}


async def test_bulk_is_not_answered_with_the_payment_of_one_of_its_bills(
    bill_mcp: Paying,
) -> None:
    vendor = await bill_mcp.vendor()
    bill, other = [await bill_mcp.bill(100, vendor) for _ in range(2)]
    await hung_up(bill_mcp, PAY, bill_mcp.payment(bill, 60))
    told = await bill_mcp.refused(BULK, bulk(bill_mcp, vendor, bill, other))
    assert told.code == "duplicate"
    assert f"60.00 USD for bill {bill}, was made" in str(told)
    assert bill_mcp.payments(other) == []
    assert (await bill_mcp.pay(bill, 60))["bill_mcp"]["already_done"] is True


async def test_one_bill_is_not_answered_with_the_bulk_that_paid_it(
    bill_mcp: Paying,
) -> None:
    vendor = await bill_mcp.vendor()
    bill, other = [await bill_mcp.bill(100, vendor) for _ in range(2)]
    arguments = bulk(bill_mcp, vendor, bill, other)
    await hung_up(bill_mcp, BULK, arguments)
    told = await bill_mcp.not_paid(other, 60)
    assert told.code == "duplicate"
    assert f"the same payment, 60.00 USD for bill {other}, was made" in str(told)
    assert told.earlier is not None
    assert told.earlier.id == bill_mcp.payments(other)[0]["id"]
    answer = await bill_mcp.call(BULK, arguments)
    assert answer["bill_mcp"]["already_done"] is True
    assert len(answer["payments"]) == 2


async def test_bulk_that_waits_for_one_of_its_bills_is_not_answered_with_that(
    bill_mcp: Paying,
) -> None:
    vendor = await bill_mcp.vendor()
    bill, other = [await bill_mcp.bill(100, vendor) for _ in range(2)]
    ended = Ended(bill_mcp)
    bill_mcp.hold_back(PAYMENTS)
    async with anyio.create_task_group() as tasks:
        payment = bill_mcp.payment(bill, 60)
        tasks.start_soon(ended.call, "one", PAY, payment, "agent")
        await bill_mcp.has_acted.wait()
        both = bulk(bill_mcp, vendor, bill, other)
        tasks.start_soon(ended.call, "both", BULK, both, "agent")
        await anyio.wait_all_tasks_blocked()
        bill_mcp.let_go.set()
    assert (ended.how["both"].code, ended.how["both"].earlier.id) == (
        "duplicate",
        ended.how["one"]["id"],
    )
    assert [len(bill_mcp.payments(each)) for each in (bill, other)] == [1, 0]


async def test_new_transaction_number_is_not_answered_with_the_earlier_payment(
    bill_mcp: Paying,
) -> None:
    bill = await bill_mcp.bill(200)
    await hung_up(bill_mcp, PAY, bill_mcp.payment(bill, 60))
    told = await bill_mcp.pay(bill, 60, transactionNumber="SECOND")
    assert told["transactionNumber"] == "SECOND"
    assert "already_done" not in told["bill_mcp"]
    assert len(bill_mcp.payments(bill)) == 2


async def test_what_others_paid_during_a_renewal_is_seen_before_sending_once_more() -> (
    None
):
    bill_mcp = Paying(clock=StillClock(), rules=rules(limits={"USD": {"day": 100}}))
    bill, other = await bill_mcp.bill(500), await bill_mcp.bill(500)
    ended = Ended(bill_mcp)
    for agent in ("slow", "quick"):
        await bill_mcp.call("bill_get_bill_details", {"billId": bill}, agent)
    bill_mcp.hold_back("/v3/login")
    bill_mcp.fault(answer={"code": "BDC_1109", "status": 401})
    async with anyio.create_task_group() as tasks:
        payment = bill_mcp.payment(bill, 60)
        tasks.start_soon(ended.call, "slow", PAY, payment, "slow")
        await bill_mcp.has_acted.wait()  # BILL does not know its session any more
        made = await bill_mcp.pay(other, 60, by="quick")
        bill_mcp.let_go.set()
    assert ended.how["slow"].code == "limit_day"
    assert [row["id"] for row in bill_mcp.payments()] == [made["id"]]
