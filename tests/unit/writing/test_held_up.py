"""A process that is held up between its intent and its sending: stopped, or asleep."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.paying import DEADLINE_S, Paying
from support.payments import rules

from bill_mcp.errors import Outcome
from bill_mcp.records.audit import Kind
from bill_mcp.records.claims import State, Write
from bill_mcp.records.intents import Intent
from bill_mcp.writing.recorder import SENT_WITHIN_S

pytestmark = pytest.mark.anyio

UNTIL_SETTLED_S = (200, 400, 1100, 1000)


def held_up(bill_mcp: Paying, meanwhile: Callable[[], Awaitable[None]]) -> None:
    """The next intent is written down; before it is sent, this happens."""
    journal = bill_mcp.server.records.journal
    begin = journal.begin

    async def slow(intent: Intent) -> Write:
        journal.begin = begin  # type: ignore[method-assign]
        write = await begin(intent)
        await meanwhile()
        return write

    journal.begin = slow  # type: ignore[method-assign]


async def test_process_that_wakes_after_its_payment_was_made_by_another_sends_nothing(
    tmp_path: Path,
) -> None:
    bill_mcp = Paying(home=tmp_path, rules=rules(resend="after_not_done"))
    bill = await bill_mcp.bill(100)

    async def another_pays() -> None:
        with bill_mcp.beside():
            for seconds in UNTIL_SETTLED_S:
                bill_mcp.pass_time(seconds)
                await bill_mcp.settle()
            assert bill_mcp.states == [State.NOT_DONE]
            await bill_mcp.pay(bill, 60)

    held_up(bill_mcp, another_pays)
    told = await bill_mcp.not_paid(bill, 60)
    assert (told.code, told.outcome) == ("held_up", Outcome.NOT_DONE)
    assert len(bill_mcp.payments(bill)) == 1
    assert bill_mcp.states == [State.NOT_DONE, State.DONE]
    assert bill_mcp.audit_rows(Kind.OUTCOME)[-1]["outcome"] == Outcome.NOT_DONE
    again = await bill_mcp.not_paid(bill, 60, by="another agent")
    assert (again.code, again.outcome) == ("duplicate", Outcome.DONE)


class TwoClocks(ManualClock):
    """Its time of day can be set apart from what it measures."""

    set_s = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.set_s)


@pytest.mark.parametrize("clock", ["wall", "monotonic"])
async def test_either_clock_alone_says_that_it_is_late(clock: str) -> None:
    ours = TwoClocks()
    bill_mcp = Paying(clock=ours)
    bill = await bill_mcp.bill(100)

    async def wait() -> None:
        ours.set_s += SENT_WITHIN_S + 1
        if clock == "monotonic":
            ours.advance(SENT_WITHIN_S + 1)
            ours.set_s -= 2 * (SENT_WITHIN_S + 1)

    held_up(bill_mcp, wait)
    told = await bill_mcp.not_paid(bill, 60)
    assert (told.code, told.outcome) == ("held_up", Outcome.NOT_DONE)
    assert bill_mcp.upstream.writes == []
    await bill_mcp.pay(bill, 60)


def test_no_write_leaves_when_another_process_may_look_it_up_already() -> None:
    assert 2 * SENT_WITHIN_S < DEADLINE_S


async def test_short_wait_on_a_busy_disk_stops_nothing() -> None:
    bill_mcp = Paying()
    bill = await bill_mcp.bill(100)

    async def wait() -> None:
        bill_mcp.pass_time(SENT_WITHIN_S - 1)

    held_up(bill_mcp, wait)
    await bill_mcp.pay(bill, 60)
    assert bill_mcp.states == [State.DONE]
