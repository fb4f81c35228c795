"""BILL's limits an hour and a minute, counted on our side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.limits_home import LimitsHome

from bill_mcp.client.budgets import Budgets
from bill_mcp.errors import (
    ApiError,
    CallError,
    LimitError,
    Outcome,
    UnreachableError,
)

pytestmark = pytest.mark.anyio

HOUR = 20_000
OPEN = 19_000
"""What is left of an hour's requests without the last 5 %."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["memory", "shared"])
def budgets(
    request: pytest.FixtureRequest, clock: ManualClock, tmp_path: Path
) -> Iterator[Budgets]:
    home = LimitsHome(tmp_path, clock)
    yield Budgets(clock) if request.param == "memory" else home.budgets()
    home.close()


async def use(
    budgets: Budgets, agent: str, times: int, *, urgent: bool = False
) -> None:
    for _ in range(times):
        await budgets.take_request("key", agent, urgent=urgent)


async def test_last_requests_of_an_hour_are_kept_for_what_is_urgent(
    budgets: Budgets,
) -> None:
    await use(budgets, "agent", OPEN)
    with pytest.raises(LimitError) as caught:
        await use(budgets, "agent", 1)
    assert caught.value.code == "hourly_limit"
    assert caught.value.outcome is Outcome.NOT_DONE
    assert "16:00 UTC" in caught.value.advice
    await use(budgets, "agent", HOUR - OPEN, urgent=True)
    with pytest.raises(LimitError):
        await use(budgets, "agent", 1, urgent=True)


async def test_hours_are_clock_hours(budgets: Budgets, clock: ManualClock) -> None:
    await use(budgets, "agent", OPEN)
    clock.advance(49 * 60 + 59)
    with pytest.raises(LimitError):
        await use(budgets, "agent", 1)
    clock.advance(1)
    await use(budgets, "agent", OPEN)


async def test_one_agent_gets_at_most_half_while_others_are_active(
    budgets: Budgets,
) -> None:
    await use(budgets, "calm", 1)
    await use(budgets, "greedy", HOUR // 2)
    with pytest.raises(LimitError, match="its half"):
        await use(budgets, "greedy", 1)
    await use(budgets, "greedy", 1, urgent=True)
    await use(budgets, "calm", 1)


async def test_agent_that_is_alone_gets_more_than_half(budgets: Budgets) -> None:
    await use(budgets, "agent", HOUR // 2 + 1)


async def test_another_developer_key_has_an_hour_of_its_own(budgets: Budgets) -> None:
    await use(budgets, "agent", OPEN)
    await budgets.take_request("another key", "agent", urgent=False)


async def test_agent_signs_in_ten_times_an_hour(
    budgets: Budgets, clock: ManualClock
) -> None:
    for _ in range(10):
        await budgets.take_sign_in("key", "agent", renewal=False)
    for renewal in (False, True):
        with pytest.raises(LimitError, match="This agent"):
            await budgets.take_sign_in("key", "agent", renewal=renewal)
    await budgets.take_sign_in("key", "another", renewal=False)
    clock.advance(3600)
    await budgets.take_sign_in("key", "agent", renewal=False)


async def test_twenty_sign_ins_are_kept_for_renewals(budgets: Budgets) -> None:
    for number in range(180):
        await budgets.take_sign_in("key", f"agent {number}", renewal=False)
    with pytest.raises(LimitError, match="sign-ins of this hour"):
        await budgets.take_sign_in("key", "newcomer", renewal=False)
    for number in range(20):
        await budgets.take_sign_in("key", f"agent {number}", renewal=True)
    with pytest.raises(LimitError, match="sign-ins of this hour"):
        await budgets.take_sign_in("key", "agent 1", renewal=True)


async def text(budgets: Budgets, agent: str, kind: str = "challenge") -> None:
    async with budgets.text("key", agent, kind):
        pass


async def test_agent_asks_for_one_text_a_minute(
    budgets: Budgets, clock: ManualClock
) -> None:
    await text(budgets, "agent")
    clock.advance(59)
    with pytest.raises(LimitError) as caught:
        await text(budgets, "agent")
    assert caught.value.code == "text_limit"
    assert "in 2 seconds" in caught.value.advice
    clock.advance(1)
    await text(budgets, "agent")


async def test_five_texts_a_minute_are_all_that_agents_share(
    budgets: Budgets, clock: ManualClock
) -> None:
    for number in range(5):
        await text(budgets, f"agent {number}")
    with pytest.raises(LimitError, match="five text messages"):
        await text(budgets, "agent 6")
    clock.advance(60)
    await text(budgets, "agent 6")


async def fail_to_text(budgets: Budgets, error: CallError) -> None:
    with pytest.raises(CallError):
        async with budgets.text("key", "agent", "challenge"):
            raise error


async def test_text_that_was_not_sent_does_not_count(
    budgets: Budgets, clock: ManualClock
) -> None:
    refused = ApiError("no phone", advice="", outcome=Outcome.NOT_DONE)
    for _ in range(6):
        await fail_to_text(budgets, refused)
    await text(budgets, "agent")
    with pytest.raises(LimitError, match="less than a minute"):
        await text(budgets, "agent")
    clock.advance(60)
    await text(budgets, "agent")


async def test_text_that_may_have_been_sent_counts(budgets: Budgets) -> None:
    await fail_to_text(
        budgets, UnreachableError("?", advice="", outcome=Outcome.UNKNOWN)
    )
    with pytest.raises(LimitError, match="less than a minute"):
        await text(budgets, "agent")


async def test_text_refused_after_a_minute_is_no_fault(
    budgets: Budgets, clock: ManualClock
) -> None:
    """The count of its minute is gone by then, and another text may have cleared it."""

    async def wait_and_fail() -> None:
        async with budgets.text("key", "agent", "challenge"):
            clock.advance(61)
            await text(budgets, "another")
            raise ApiError("late", advice="", outcome=Outcome.NOT_DONE)

    with pytest.raises(ApiError, match="late"):
        await wait_and_fail()
    await text(budgets, "agent")


async def test_spend_requests_wait_for_the_minute_to_pass(
    budgets: Budgets, clock: ManualClock
) -> None:
    for _ in range(60):
        await budgets.take_spend_request("token", 60)
    assert clock.monotonic() == 0
    await budgets.take_spend_request("token", 61)
    assert 60 <= clock.monotonic() < 61


async def test_spend_request_that_would_wait_too_long_fails_fast(
    budgets: Budgets, clock: ManualClock
) -> None:
    for _ in range(60):
        await budgets.take_spend_request("token", 10)
    with pytest.raises(LimitError) as caught:
        await budgets.take_spend_request("token", 10)
    assert caught.value.code == "minute_limit"
    assert clock.monotonic() == 0
    await budgets.take_spend_request("another token", 10)


async def test_patience_counts_every_wait_of_a_spend_request(
    budgets: Budgets, clock: ManualClock
) -> None:
    """While one waits, others may take the minute that it waited for."""

    class Crowded(ManualClock):
        async def sleep(self, seconds: float) -> None:
            self.advance(seconds)
            assert self.monotonic() < 600, "waits without end"
            if seconds > 59:
                for _ in range(60):
                    await crowded.take_spend_request("token", 0)

    crowded = Budgets(Crowded())
    for _ in range(60):
        await crowded.take_spend_request("token", 0)
    with pytest.raises(LimitError):
        await crowded.take_spend_request("token", 100)
