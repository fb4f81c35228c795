"""Rules on how long and how much, over the whole path of a call."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st
from support.paying import DEADLINE_S, PAY, Paying
from support.payments import rules

from bill_mcp.agents import Confirm
from bill_mcp.environments import Environment
from bill_mcp.errors import CallError, NeedsPerson
from bill_mcp.guard.rules import Rules
from bill_mcp.records.claims import State

NO_BANK_DAYS = {date(2026, 11, 26), date(2026, 12, 25)}
"""Thanksgiving and Christmas; the days begin on Monday, 23 November 2026."""

LIMITED = {"USD": {"payment": 1000}}
LOOKED_AT_S = 300
"""The third look-up, after the deadline; without three nothing counts as not done."""

some = st.sampled_from


def run(act: Callable[[Paying], Awaitable[None]], **given_to: Any) -> None:
    async def begun() -> None:
        with tempfile.TemporaryDirectory() as home:
            bill_mcp = Paying(home=Path(home), **given_to)
            try:
                await act(bill_mcp)
            finally:
                bill_mcp.server.records.close()

    anyio.run(begun)


async def ending(bill_mcp: Paying, arguments: dict[str, Any]) -> str:
    """What comes of a payment: ``done``, or the code of what stands against it."""
    try:
        await bill_mcp.call(PAY, arguments)
    except NeedsPerson as needed:
        return needed.refusal.code
    except CallError as error:
        return error.code
    return "done"


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 9), st.integers(0, 16))
def test_new_bank_details_need_a_person_for_as_many_bank_days_as_the_policy_says(
    bank_days: int, days: int
) -> None:
    async def act(bill_mcp: Paying) -> None:
        bill = await bill_mcp.bill(100)
        bill_mcp.pass_time(days * 86_400)
        monday = date(2026, 11, 23)
        later = (monday + timedelta(days=n) for n in range(1, days + 1))
        age = sum(d.weekday() < 5 and d not in NO_BANK_DAYS for d in later)
        found = await ending(bill_mcp, bill_mcp.payment(bill, 60))
        assert found == ("approval_required" if age < bank_days else "done")

    # Without a person for anything else.
    run(
        act,
        environment=Environment.PRODUCTION,
        confirm=Confirm.NEVER,
        rules=rules(bank_details_days=bank_days, limits=LIMITED),
    )


@settings(max_examples=20, deadline=None, derandomize=True)
@given(some([0, 200, 400, 900, 2000]) | st.integers(0, 5000), st.booleans())
def test_lost_payment_is_not_done_when_the_policy_says_and_goes_out_if_it_may(
    settles_s: int,
    may_resend: bool,
) -> None:
    end = DEADLINE_S + max(LOOKED_AT_S, settles_s)

    async def act(bill_mcp: Paying) -> None:
        payment = bill_mcp.payment(await bill_mcp.bill(100), 60)
        bill_mcp.fault(drop="before")
        assert await ending(bill_mcp, payment) == "unreachable"
        for second in (DEADLINE_S + 60, DEADLINE_S + LOOKED_AT_S, end - 1):
            bill_mcp.pass_time(min(second, end - 1) - bill_mcp.clock.monotonic())
            await bill_mcp.settle()
        assert bill_mcp.states == [State.UNKNOWN]
        assert await ending(bill_mcp, payment) == "outcome_unknown"
        bill_mcp.pass_time(end - bill_mcp.clock.monotonic())
        await bill_mcp.settle()
        assert bill_mcp.states == [State.NOT_DONE]
        found = await ending(bill_mcp, payment)
        assert found == ("done" if may_resend else "not_done")
        assert len(bill_mcp.payments()) == may_resend

    resend = "after_not_done" if may_resend else "never"
    run(act, rules=rules(resend=resend, lost_answer_settles_s=settles_s))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    st.none() | st.integers(0, 100),
    st.integers(1, 100),
    st.booleans(),
)
def test_client_may_approve_as_much_as_the_policy_says(
    most: int | None, amount: int, has_new_details: bool
) -> None:
    approval_by: Any = "person" if most is None else {"client": {"USD": most}}
    given_rules: Rules = rules(
        approval_by=approval_by, bank_details_days=3 if has_new_details else 0
    )

    async def act(bill_mcp: Paying) -> None:
        payment = bill_mcp.payment(await bill_mcp.bill(100), amount)
        question = await bill_mcp.asked(PAY, payment)
        within = most is not None and amount <= most
        assert question.client_may_approve == (within and not has_new_details)

    run(act, confirm=Confirm.AUTO, rules=given_rules)
