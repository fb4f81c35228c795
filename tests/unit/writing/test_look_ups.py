"""When BILL is asked how a lost payment ended, and what is taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.paying import BULK, DEADLINE_S, PAY, SETTLES_S, Paying

from bill_mcp.records.claims import State
from bill_mcp.simulator.lifecycle import move
from bill_mcp.specs.models import Auth

pytestmark = pytest.mark.anyio

DUE_S = [DEADLINE_S + each for each in (60, 300, SETTLES_S)]
"""When BILL is asked again, after the intent."""


@pytest.fixture
def bill_mcp() -> Paying:
    return Paying()


def go_to(bill_mcp: Paying, second: float) -> None:
    """To so many seconds after the test's beginning."""
    bill_mcp.pass_time(second - bill_mcp.clock.monotonic())


async def test_bill_is_asked_at_once_and_1_5_and_15_minutes_after_the_deadline(
    bill_mcp: Paying,
) -> None:
    bill = await bill_mcp.bill(100)
    bill_mcp.fault(drop="before")
    await bill_mcp.not_paid(bill, 60)
    assert bill_mcp.looked == [1]
    for number, due_s in enumerate(DUE_S, start=1):
        go_to(bill_mcp, due_s - 1)
        await bill_mcp.settle()
        assert (bill_mcp.looked, bill_mcp.states) == ([number], [State.UNKNOWN])
        go_to(bill_mcp, due_s)
        await bill_mcp.settle()
        assert bill_mcp.looked == [number + 1]
    assert bill_mcp.states == [State.NOT_DONE]
    asked = len(bill_mcp.upstream.calls)
    go_to(bill_mcp, 10 * SETTLES_S)
    await bill_mcp.settle()
    assert len(bill_mcp.upstream.calls) == asked


async def test_call_for_the_same_asks_when_it_is_time_and_not_before(
    bill_mcp: Paying,
) -> None:
    bill = await bill_mcp.bill(100)
    bill_mcp.fault(drop="before")
    await bill_mcp.not_paid(bill, 60)
    go_to(bill_mcp, DUE_S[0] - 1)
    assert (await bill_mcp.not_paid(bill, 60)).code == "outcome_unknown"
    assert bill_mcp.looked == [1]
    for due_s in DUE_S[:2]:
        go_to(bill_mcp, due_s)
        assert (await bill_mcp.not_paid(bill, 60)).code == "outcome_unknown"
    go_to(bill_mcp, DUE_S[2])
    assert (await bill_mcp.not_paid(bill, 60)).code == "not_done"
    assert bill_mcp.looked == [4]


async def test_many_look_ups_before_the_time_settle_nothing(bill_mcp: Paying) -> None:
    bill = await bill_mcp.bill(100)
    bill_mcp.fault(drop="before")
    await bill_mcp.not_paid(bill, 60)
    (write,) = await bill_mcp.server.records.journal.unsettled()
    look_ups = bill_mcp.server.dispatcher.writes.look_ups
    agent = bill_mcp.agent()
    for second in (10, 20, 30, 500, DEADLINE_S + SETTLES_S - 1):
        go_to(bill_mcp, second)
        async with look_ups.sessions.pin(agent, Auth.SESSION) as pin:
            write = await look_ups.look_up(agent, pin, write)
        assert write.state is State.UNKNOWN
    assert write.looked == 6


async def test_amounts_that_changed_meanwhile_keep_it_unknown(bill_mcp: Paying) -> None:
    bill = await bill_mcp.bill(100)
    bill_mcp.fault(drop="before")
    await bill_mcp.not_paid(bill, 60)
    await bill_mcp.paid_in_web_page(bill, 10)
    for due_s in (*DUE_S, DUE_S[-1] + 1000, DUE_S[-1] + 5000):
        go_to(bill_mcp, due_s)
        await bill_mcp.settle()
        assert bill_mcp.states == [State.UNKNOWN]
    assert (await bill_mcp.not_paid(bill, 60)).code == "outcome_unknown"


@pytest.mark.parametrize("after_s", [1, 400, SETTLES_S + DEADLINE_S - 5])
async def test_hidden_payment_is_found_and_not_made_again(
    bill_mcp: Paying, after_s: float
) -> None:
    bill = await bill_mcp.bill(100)
    bill_mcp.fault(drop="after", hide_s=after_s)
    first = await bill_mcp.not_paid(bill, 60)
    assert first.code == "unreachable"
    for due_s in DUE_S:
        go_to(bill_mcp, due_s)
        await bill_mcp.settle()
    assert bill_mcp.states == [State.DONE]
    (made,) = bill_mcp.payments(bill)
    told = await bill_mcp.pay(bill, 60)
    assert told["id"] == made["id"]
    assert told["bill_mcp"]["already_done"] is True
    assert (await bill_mcp.not_paid(bill, 60)).code == "duplicate"
    assert len(bill_mcp.payments(bill)) == 1


@pytest.mark.parametrize("late_s", [30, 200, SETTLES_S])
async def test_payment_that_bill_makes_late_is_found_and_not_made_again(
    bill_mcp: Paying, late_s: float
) -> None:
    bill = await bill_mcp.bill(100)
    bill_mcp.fault(act_late_s=late_s)
    await bill_mcp.not_paid(bill, 60)
    seen = []
    for second in range(30, DEADLINE_S + SETTLES_S + 60, 30):
        go_to(bill_mcp, second)
        await bill_mcp.settle()
        seen.append(bill_mcp.states[0])
    assert seen[-1] == State.DONE
    assert State.NOT_DONE not in seen
    told = await bill_mcp.pay(bill, 60)
    assert told["bill_mcp"]["already_done"] is True
    assert len(bill_mcp.payments(bill)) == 1


async def test_found_payment_is_a_duplicate_for_another_agent(bill_mcp: Paying) -> None:
    bill = await bill_mcp.bill(100)
    bill_mcp.fault(drop="after", hide_s=30)
    await bill_mcp.not_paid(bill, 60)
    go_to(bill_mcp, DUE_S[0])
    told = await bill_mcp.not_paid(bill, 60, by="another")
    assert told.code == "duplicate"
    assert told.earlier is not None
    assert not told.earlier.agent_is_you
    (made,) = bill_mcp.payments(bill)
    assert told.earlier.id == made["id"]
    # The one who asked for it first may still have its answer.
    assert (await bill_mcp.pay(bill, 60))["bill_mcp"]["already_done"] is True


async def test_payment_is_ours_though_its_time_is_before_the_date_of_bills_answers(
    bill_mcp: Paying,
) -> None:
    vendor = await bill_mcp.vendor()
    call = bill_mcp.payment("", 60, processingOptions={"createBill": True})
    del call["billId"]
    call |= {"vendorId": vendor, "transactionNumber": "MINE"}
    bill_mcp.dates_ahead_s = 5
    bill_mcp.fault(drop="after")
    made = await bill_mcp.call(PAY, call)
    assert [row["id"] for row in bill_mcp.payments()] == [made["id"]]
    assert bill_mcp.states == [State.DONE]


async def test_earlier_payment_of_the_same_is_not_taken_for_ours(
    bill_mcp: Paying,
) -> None:
    bill = await bill_mcp.bill(300)
    await bill_mcp.paid_in_web_page(bill, 60)
    bill_mcp.pass_time(1)
    bill_mcp.fault(drop="before")
    await bill_mcp.not_paid(bill, 60, transactionNumber="SECOND")
    for due_s in DUE_S:
        go_to(bill_mcp, due_s + 1)
        await bill_mcp.settle()
    assert bill_mcp.states == [State.NOT_DONE]


async def test_payment_of_another_row_is_not_taken_for_ours(bill_mcp: Paying) -> None:
    bill = await bill_mcp.bill(300)
    # It is answered, but in no list yet when the second one goes out.
    bill_mcp.fault(hide_s=60)
    first = await bill_mcp.pay(bill, 60)
    bill_mcp.fault(drop="before")
    await bill_mcp.not_paid(bill, 60, transactionNumber="SECOND")
    for due_s in DUE_S:
        go_to(bill_mcp, due_s)
        await bill_mcp.settle()
    assert [row["id"] for row in bill_mcp.payments(bill)] == [first["id"]]
    assert bill_mcp.states[0] == State.DONE
    assert bill_mcp.states[1] != State.DONE


async def two_of_one_vendor(
    bill_mcp: Paying, *, is_answered: bool = False, **more: str
) -> None:
    """The first, for which BILL makes the bill, is never made; the second is.

    Both answers are lost, unless the second one's is not; *more* is said of it.
    """
    vendor = await bill_mcp.vendor()
    bill = await bill_mcp.bill(100, vendor)
    first = bill_mcp.payment(bill, 60, processingOptions={"createBill": True})
    del first["billId"]
    bill_mcp.fault(drop="before")
    await bill_mcp.refused(PAY, {**first, "vendorId": vendor})
    bill_mcp.pass_time(30)
    if is_answered:
        await bill_mcp.pay(bill, 60, **more)
    else:
        bill_mcp.fault(drop="after", hide_s=60)
        await bill_mcp.not_paid(bill, 60, **more)
    for due_s in (*DUE_S, 3000, 5000):
        go_to(bill_mcp, due_s + 31)
        await bill_mcp.settle()


@pytest.mark.parametrize("is_answered", [True, False])
async def test_payment_with_the_number_of_another_write_is_never_taken(
    bill_mcp: Paying, *, is_answered: bool
) -> None:
    await two_of_one_vendor(bill_mcp, is_answered=is_answered)
    assert bill_mcp.states == [State.NOT_DONE, State.DONE]


async def test_payment_that_may_be_of_either_of_two_writes_leaves_the_first_unknown(
    bill_mcp: Paying,
) -> None:
    await two_of_one_vendor(bill_mcp, transactionNumber="SECOND")
    assert bill_mcp.states == [State.UNKNOWN, State.DONE]


async def test_number_that_the_caller_gives_proves_nothing(bill_mcp: Paying) -> None:
    bill, other = await bill_mcp.bill(300), await bill_mcp.bill(300)
    bill_mcp.fault(drop="before")
    await bill_mcp.not_paid(bill, 60, transactionNumber="MINE")
    await bill_mcp.paid_in_web_page(other, 60, transactionNumber="MINE")
    for due_s in DUE_S:
        go_to(bill_mcp, due_s)
        await bill_mcp.settle()
    assert bill_mcp.states == [State.NOT_DONE]


async def test_number_of_ours_proves_it_though_the_payment_was_ended_since(
    bill_mcp: Paying,
) -> None:
    bill = await bill_mcp.bill(100)
    bill_mcp.fault(drop="after", hide_s=30)
    await bill_mcp.not_paid(bill, 60)
    (made,) = bill_mcp.payments(bill)
    move(bill_mcp.world, "payment", made["id"], "CANCELED")
    go_to(bill_mcp, DUE_S[0])
    await bill_mcp.settle()
    assert bill_mcp.states == [State.DONE]


async def test_bulk_whose_answer_was_lost_is_found_bill_by_bill(
    bill_mcp: Paying,
) -> None:
    vendor = await bill_mcp.vendor()
    bills = [await bill_mcp.bill(100, vendor) for _ in range(3)]
    funding = bill_mcp.payment("", 1)["fundingAccount"]
    payments = [{"billId": bill, "amount": 5} for bill in bills]
    arguments = {"vendorId": vendor, "payments": payments, "fundingAccount": funding}
    bill_mcp.fault("/v3/payments/bulk", drop="after")
    told = await bill_mcp.call(BULK, arguments)
    ids = {row["id"] for row in bill_mcp.payments()}
    assert {row["id"] for row in told["payments"]} == ids
    assert bill_mcp.states == [State.DONE]
    for bill in bills:
        assert (await bill_mcp.not_paid(bill, 5)).code == "duplicate"


async def test_look_up_goes_on_after_a_restart(tmp_path: Path) -> None:
    bill_mcp = Paying(home=tmp_path)
    bill = await bill_mcp.bill(100)
    bill_mcp.fault(drop="after", hide_s=30)
    await bill_mcp.not_paid(bill, 60)
    bill_mcp.restart()
    go_to(bill_mcp, DUE_S[0])
    assert (await bill_mcp.pay(bill, 60))["bill_mcp"]["already_done"] is True
    assert len(bill_mcp.payments(bill)) == 1


async def test_look_up_that_fails_leaves_everything_as_it_was(bill_mcp: Paying) -> None:
    bill = await bill_mcp.bill(100)
    bill_mcp.fault(drop="before")
    bill_mcp.world.faults.add_all(
        [{"method": "GET", "path": "/v3/payments", "answer": {"status": 500}, "nth": 3}]
    )
    await bill_mcp.not_paid(bill, 60)
    assert (bill_mcp.looked, bill_mcp.states) == ([0], [State.UNKNOWN])
    arguments = bill_mcp.payment(bill, 60)
    go_to(bill_mcp, 1)
    assert (await bill_mcp.refused(PAY, arguments)).code == "outcome_unknown"
    assert bill_mcp.looked == [1]
