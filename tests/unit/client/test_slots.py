"""At most three requests in flight, and agents take turns."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

import anyio.lowlevel
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.jumping_loop import JUMPING, JumpingLoop

from bill_mcp.client.slots import QUEUE_PER_AGENT, MemorySlots
from bill_mcp.errors import LimitError, Outcome

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> object:
    return JUMPING


@dataclass
class Desk:
    """Three slots, and who held one when."""

    slots: MemorySlots = field(default_factory=MemorySlots)
    order: list[str] = field(default_factory=list)
    in_flight: int = 0
    most: int = 0

    async def visit(
        self, agent: str, *, hold_s: float = 1, deadline_s: float = 60, key: str = "key"
    ) -> None:
        async with self.slots.slot(key, agent, deadline_s):
            self.order.append(agent)
            self.in_flight += 1
            self.most = max(self.most, self.in_flight)
            try:
                await anyio.sleep(hold_s)
            finally:
                self.in_flight -= 1

    async def fill(self, *agents: str) -> None:
        """Three slots at once, without waiting: none of them is lost."""
        async with AsyncExitStack() as held:
            for agent in agents or ("x", "y", "z"):
                await held.enter_async_context(self.slots.slot("key", agent, 0))


async def test_fourth_request_waits_for_one_of_three() -> None:
    desk = Desk()
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(desk.visit, "agent")
    assert desk.most == 3
    assert len(desk.order) == 10
    await desk.fill()


async def test_another_key_or_organization_has_slots_of_its_own() -> None:
    desk = Desk()
    async with anyio.create_task_group() as tasks:
        for key in ("one", "two"):
            for _ in range(3):
                tasks.start_soon(lambda k: desk.visit("agent", key=k), key)
    assert desk.most == 6


async def test_agents_take_turns_however_many_calls_one_of_them_queues() -> None:
    desk = Desk()
    async with anyio.create_task_group() as tasks:
        for agent in "aaa" + "aaaaaa" + "bb" + "c":
            tasks.start_soon(desk.visit, agent)
            await anyio.lowlevel.checkpoint()
    assert "".join(desk.order) == "aaa" + "abc" + "aba" + "aaa"


async def test_newcomer_does_not_overtake_who_waits() -> None:
    desk = Desk()
    async with anyio.create_task_group() as tasks:
        for agent in "aaab":
            tasks.start_soon(desk.visit, agent)
        await anyio.sleep(0.99)
        tasks.start_soon(desk.visit, "c")
    assert "".join(desk.order) == "aaabc"


async def test_backlog_of_one_agent_is_bounded_and_does_not_hinder_another() -> None:
    desk = Desk()
    async with anyio.create_task_group() as tasks:
        for _ in range(3 + QUEUE_PER_AGENT):
            tasks.start_soon(desk.visit, "busy")
        await anyio.sleep(0.1)
        with pytest.raises(LimitError) as caught:
            await desk.visit("busy")
        assert caught.value.code == "busy"
        assert caught.value.outcome is Outcome.NOT_DONE
        await desk.visit("calm")
    assert desk.order[3:5] == ["busy", "calm"]
    assert len(desk.order) == 3 + QUEUE_PER_AGENT + 1


async def test_wait_for_a_slot_has_an_end() -> None:
    desk = Desk()
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(lambda: desk.visit("agent", hold_s=100))
        await anyio.sleep(0.1)
        with pytest.raises(LimitError) as caught:
            await desk.visit("late", deadline_s=60)
        assert caught.value.outcome is Outcome.NOT_DONE
        assert "nothing was sent" in caught.value.advice
    assert desk.order == ["agent"] * 3
    await desk.fill()


async def test_one_late_call_leaves_the_others_of_its_agent_in_the_queue() -> None:
    desk = Desk()
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(lambda: desk.visit("first", hold_s=10))
        await anyio.sleep(0.1)
        tasks.start_soon(lambda: desk.visit("agent", deadline_s=60))
        with pytest.raises(LimitError):
            await desk.visit("agent", deadline_s=1)
    assert desk.order[3:] == ["agent"]


async def test_cancelled_call_gives_its_slot_back() -> None:
    desk = Desk()
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(lambda: desk.visit("agent", hold_s=1000))
        await anyio.sleep(1)
        tasks.cancel_scope.cancel()
    assert (desk.in_flight, desk.most) == (0, 3)
    await desk.fill()


async def test_slot_that_is_handed_to_a_call_just_cancelled_is_not_lost() -> None:
    desk = Desk()
    async with AsyncExitStack() as held:
        for agent in "abc":
            await held.enter_async_context(desk.slots.slot("key", agent, 60))
        waiting = asyncio.create_task(desk.visit("d"))
        await anyio.sleep(0.1)
        # Both in one step of the loop: the turn comes, and nobody wants it any more.
        await held.aclose()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert desk.order == []
    await desk.fill()


TENTHS = st.integers(0, 12).map(lambda tenths: tenths / 10)
VISITS = st.lists(
    st.tuples(st.sampled_from("abc"), TENTHS, TENTHS, TENTHS, st.none() | TENTHS),
    max_size=30,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(VISITS)
def test_never_more_than_three_are_in_flight_whatever_is_late_or_cancelled(
    visits: list[tuple[str, float, float, float, float | None]],
) -> None:
    desk = Desk()

    async def come(
        agent: str, start_s: float, hold_s: float, wait_s: float, leave_s: float | None
    ) -> None:
        await anyio.sleep(start_s)
        with anyio.move_on_after(leave_s), suppress(LimitError):
            await desk.visit(agent, hold_s=hold_s, deadline_s=wait_s)

    async def all_come() -> None:
        async with anyio.create_task_group() as tasks:
            for visit in visits:
                tasks.start_soon(come, *visit)
        await desk.fill()

    anyio.run(all_come, backend_options={"loop_factory": JumpingLoop})
    assert desk.in_flight == 0
    assert desk.most <= 3
