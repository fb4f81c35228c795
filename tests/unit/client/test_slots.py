"""At most three requests in flight, and agents take turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio.lowlevel
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.jumping_loop import JUMPING, JumpingLoop, LoopClock
from support.limits_home import LimitsHome

from bill_mcp.client.slots import QUEUE_PER_AGENT, MemorySlots, Slots
from bill_mcp.errors import LimitError, Outcome

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> object:
    return JUMPING


@dataclass
class Desk:
    """Three slots, and who held one when."""

    slots: Slots
    order: list[str] = field(default_factory=list)
    in_flight: int = 0
    most: int = 0

    async def visit(
        self,
        agent: str,
        *,
        hold_s: float = 1,
        deadline_s: float = 60,
        key: str = "key",
        slots: Slots | None = None,
    ) -> None:
        async with (slots or self.slots).slot(key, agent, deadline_s):
            self.order.append(agent)
            self.in_flight += 1
            self.most = max(self.most, self.in_flight)
            try:
                await anyio.sleep(hold_s)
            finally:
                self.in_flight -= 1

    async def fill(self, slots: Slots | None = None) -> None:
        """Three slots at once, without waiting: none of them is lost."""
        async with AsyncExitStack() as held:
            for agent in "xyz":
                slot = (slots or self.slots).slot("key", agent, 0)
                await held.enter_async_context(slot)


@pytest.fixture(params=["memory", "shared"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    if request.param == "memory":
        yield Desk(MemorySlots())
        return
    home = LimitsHome(tmp_path, LoopClock())
    yield Desk(home.slots(await home.opened()))
    home.close()


async def test_fourth_request_waits_for_one_of_three(desk: Desk) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(desk.visit, "agent")
    assert desk.most == 3
    assert len(desk.order) == 10
    await desk.fill()


async def test_another_key_or_organization_has_slots_of_its_own(desk: Desk) -> None:
    async with anyio.create_task_group() as tasks:
        for key in ("one", "two"):
            for _ in range(3):
                tasks.start_soon(lambda k: desk.visit("agent", key=k), key)
    assert desk.most == 6


async def test_agents_take_turns_however_many_calls_one_of_them_queues(
    desk: Desk,
) -> None:
    async with anyio.create_task_group() as tasks:
        for agent in "aaa" + "aaaaaa" + "bb" + "c":
            tasks.start_soon(desk.visit, agent)
            await anyio.lowlevel.checkpoint()
    assert "".join(desk.order) == "aaa" + "abc" + "aba" + "aaa"


async def test_newcomer_does_not_overtake_who_waits(desk: Desk) -> None:
    async with anyio.create_task_group() as tasks:
        for agent in "aaab":
            tasks.start_soon(desk.visit, agent)
        await anyio.sleep(0.99)
        tasks.start_soon(desk.visit, "c")
    assert "".join(desk.order) == "aaabc"


async def test_backlog_of_one_agent_is_bounded_and_does_not_hinder_another(
    desk: Desk,
) -> None:
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


async def test_wait_for_a_slot_has_an_end(desk: Desk) -> None:
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


async def test_one_late_call_leaves_the_others_of_its_agent_in_the_queue(
    desk: Desk,
) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(lambda: desk.visit("first", hold_s=10))
        await anyio.sleep(0.1)
        tasks.start_soon(lambda: desk.visit("agent", deadline_s=60))
        with pytest.raises(LimitError):
            await desk.visit("agent", deadline_s=1)
    assert desk.order[3:] == ["agent"]


async def test_cancelled_call_gives_its_slot_back(desk: Desk) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(lambda: desk.visit("agent", hold_s=1000))
        await anyio.sleep(1)
        tasks.cancel_scope.cancel()
    assert (desk.in_flight, desk.most) == (0, 3)
    await desk.fill()


async def test_slot_that_is_handed_to_a_call_just_cancelled_is_not_lost(
    desk: Desk,
) -> None:
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
Times = tuple[float, float, float, float | None]
"""When a visit starts, how long it lasts, how patient it is, when it is cancelled."""

VISITS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from("abc"),
        st.tuples(TENTHS, TENTHS, TENTHS, st.none() | TENTHS),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@pytest.mark.parametrize("processes", [0, 1, 3])
@given(visits=VISITS)
def test_never_more_than_three_are_in_flight_whatever_is_late_or_cancelled(
    processes: int, visits: list[tuple[int, str, Times]]
) -> None:
    """Each visit is of a process and an agent; without processes: in memory."""
    desk = Desk(MemorySlots())

    async def come(door: Slots, agent: str, times: Times) -> None:
        start_s, hold_s, wait_s, leave_s = times
        await anyio.sleep(start_s)
        with anyio.move_on_after(leave_s), suppress(LimitError):
            await desk.visit(agent, hold_s=hold_s, deadline_s=wait_s, slots=door)

    async def all_come(folder: str) -> None:
        home = LimitsHome(Path(folder), LoopClock())
        doors: list[Slots] = [
            home.slots(await home.opened()) for _ in range(processes)
        ] or [desk.slots]
        async with anyio.create_task_group() as tasks:
            for process, agent, times in visits:
                tasks.start_soon(come, doors[process % len(doors)], agent, times)
        for door in doors:
            await desk.fill(slots=door)
        home.close()

    with TemporaryDirectory() as folder:
        anyio.run(all_come, folder, backend_options={"loop_factory": JumpingLoop})
    assert desk.in_flight == 0
    assert desk.most <= 3
