"""Three requests in flight for all processes of a machine, whatever becomes of them."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from pathlib import Path

import anyio
import pytest
from support.clock import ManualClock
from support.jumping_loop import JUMPING, LoopClock
from support.limits_home import LimitsHome, killed

from bill_mcp.client.shared_slots import LEASE_S, PLACE_IN_LINE_S, SqliteSlots
from bill_mcp.client.slots import Slots
from bill_mcp.errors import LimitError

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> object:
    return JUMPING


@pytest.fixture
def clock() -> ManualClock:
    """Sleeping moves it, so a wait ends in no time."""
    return ManualClock()


@pytest.fixture
async def home(tmp_path: Path, clock: ManualClock) -> AsyncIterator[LimitsHome]:
    home = LimitsHome(tmp_path, clock)
    yield home
    home.close()


async def hold(
    held: AsyncExitStack, slots: Slots, times: int = 3, patience_s: float = 0
) -> None:
    for _ in range(times):
        await held.enter_async_context(slots.slot("key", "agent", patience_s))


async def is_free(slots: Slots, patience_s: float = 0) -> bool:
    try:
        async with slots.slot("key", "another", patience_s):
            return True
    except LimitError:
        return False


async def test_processes_share_the_three_slots_of_a_key(home: LimitsHome) -> None:
    one, two = home.slots(), home.slots()
    async with AsyncExitStack() as held:
        await hold(held, one, 2)
        await hold(held, two, 1)
        assert not await is_free(one)
        assert not await is_free(two)
        async with two.slot("another key", "agent", 0):
            pass
    assert await is_free(one)
    assert await is_free(two)


async def test_another_bill_has_slots_of_its_own(home: LimitsHome) -> None:
    elsewhere = SqliteSlots(home.process(), "https://another.test/connect")
    async with AsyncExitStack() as held:
        await hold(held, home.slots())
        assert await is_free(elsewhere)


async def test_slots_of_a_killed_process_come_free_before_their_lease_ends(
    home: LimitsHome, clock: ManualClock
) -> None:
    doomed, survivor = home.process(), home.slots()
    assert await is_free(survivor)
    held = AsyncExitStack()
    await hold(held, home.slots(doomed))
    assert not await is_free(survivor)
    killed(doomed)
    before = clock.monotonic()
    assert await is_free(survivor, patience_s=60)
    assert clock.monotonic() - before < 1
    assert [path.stem for path in (home.folder / "processes").iterdir()] == [
        file.processes.name for file in home.files if file is not doomed
    ]


async def test_slots_of_a_process_that_stands_still_come_free_with_their_lease(
    home: LimitsHome, clock: ManualClock
) -> None:
    still, other = home.slots(), home.slots()
    held = AsyncExitStack()
    await hold(held, still)
    clock.advance(LEASE_S - 1)
    assert not await is_free(other)
    clock.advance(1)
    assert await is_free(other)


async def test_late_end_of_an_expired_lease_takes_no_slot_of_another(
    home: LimitsHome, clock: ManualClock
) -> None:
    still, other = home.slots(), home.slots()
    late = AsyncExitStack()
    await hold(late, still)
    clock.advance(LEASE_S)
    async with AsyncExitStack() as held:
        await hold(held, other)
        await late.aclose()
        assert not await is_free(still)


async def test_place_in_line_of_a_killed_process_hinders_nobody(
    tmp_path: Path,
) -> None:
    home = LimitsHome(tmp_path, LoopClock())
    holder, doomed, survivor = [await home.opened() for _ in range(3)]
    in_line = home.slots(doomed)
    async with AsyncExitStack() as held:
        await hold(held, home.slots(holder))
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(is_free, in_line, 60)
            await anyio.sleep(1)
            killed(doomed)
            tasks.cancel_scope.cancel()
    began = anyio.current_time()
    assert await is_free(home.slots(survivor), patience_s=60)
    assert anyio.current_time() - began < 1
    home.close()


async def test_clock_that_goes_back_does_not_make_a_lease_longer(
    home: LimitsHome, clock: ManualClock
) -> None:
    still, other = home.slots(), home.slots()
    held = AsyncExitStack()
    await hold(held, still)
    clock.advance(-24 * 60 * 60)
    assert not await is_free(other)
    clock.advance(LEASE_S)
    assert await is_free(other)


async def test_processes_stand_in_one_line(tmp_path: Path) -> None:
    """A process whose agents have many calls gets no more than its turns."""
    home = LimitsHome(tmp_path, LoopClock())
    order: list[str] = []

    async def visit(name: str, slots: Slots) -> None:
        async with slots.slot("key", name, 600):
            order.append(name)
            await anyio.sleep(1)

    busy = home.slots(await home.opened())
    calm = home.slots(await home.opened())
    async with anyio.create_task_group() as tasks:
        for _ in range(12):
            tasks.start_soon(visit, "busy", busy)
        await anyio.sleep(0.5)
        for _ in range(3):
            tasks.start_soon(visit, "calm", calm)
    home.close()
    assert order[:3] == ["busy"] * 3
    assert order[3:6] == ["calm"] * 3
    assert len(order) == 15


async def test_wait_behind_other_processes_has_an_end(
    home: LimitsHome, clock: ManualClock
) -> None:
    one, two = home.slots(), home.slots()
    async with AsyncExitStack() as held:
        await hold(held, one)
        before = clock.monotonic()
        with pytest.raises(LimitError) as caught:
            await hold(held, two, patience_s=3 * PLACE_IN_LINE_S)
        assert caught.value.code == "busy"
        assert "nothing was sent" in caught.value.advice
        assert clock.monotonic() - before == pytest.approx(3 * PLACE_IN_LINE_S)
    assert await is_free(two)


async def test_call_that_is_cancelled_in_line_leaves_it(tmp_path: Path) -> None:
    home = LimitsHome(tmp_path, LoopClock())
    one, two = [home.slots(await home.opened()) for _ in range(2)]
    async with AsyncExitStack() as held:
        await hold(held, one)
        with anyio.move_on_after(2) as waited:
            await is_free(two, patience_s=60)
        assert waited.cancelled_caught
    async with AsyncExitStack() as held:
        await hold(held, one)
    home.close()


async def test_process_that_stood_still_in_line_stands_at_its_end_again(
    tmp_path: Path,
) -> None:
    home = LimitsHome(tmp_path, LoopClock())
    holder, slept = [home.slots(await home.opened()) for _ in range(2)]
    async with (
        AsyncExitStack() as held,
        anyio.create_task_group() as tasks,
        AsyncExitStack() as soon_free,
    ):
        await hold(soon_free, holder)
        tasks.start_soon(hold, held, slept, 1, 60)
        await anyio.sleep(0.5)
        with closing(sqlite3.connect(home.path, isolation_level=None)) as file:
            assert file.execute("DELETE FROM slots WHERE id > 3").rowcount == 1
            await anyio.sleep(PLACE_IN_LINE_S)
            assert file.execute("SELECT count(*) FROM slots").fetchone() == (4,)
    home.close()
