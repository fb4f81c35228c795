"""Counts that the processes of one machine share, and what becomes of a bad file."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from support.clock import ManualClock
from support.limits_home import PLACE, LimitsHome

from bill_mcp.client.budgets import Budgets
from bill_mcp.client.counts import SqliteCounts
from bill_mcp.client.limits import shared_limits
from bill_mcp.errors import ApiError, LimitError, Outcome

pytestmark = pytest.mark.anyio

HOUR_S = 60 * 60


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def home(tmp_path: Path, clock: ManualClock) -> Iterator[LimitsHome]:
    home = LimitsHome(tmp_path / "home", clock)
    yield home
    home.close()


async def sign_in(budgets: Budgets, agent: str = "agent", times: int = 1) -> None:
    for _ in range(times):
        await budgets.take_sign_in("key", agent, renewal=False)


async def text(budgets: Budgets, agent: str, error: Exception | None = None) -> None:
    async with budgets.text("key", agent, "challenge"):
        if error is not None:
            raise error


async def test_agent_has_ten_sign_ins_an_hour_whichever_process_it_is_in(
    home: LimitsHome, clock: ManualClock
) -> None:
    for _ in range(10):
        process = home.process()
        await sign_in(home.budgets(process))
        process.close()
    with pytest.raises(LimitError, match="This agent"):
        await sign_in(home.budgets())
    await sign_in(home.budgets(), "another")
    clock.advance(HOUR_S)
    await sign_in(home.budgets())


async def test_sign_ins_that_are_left_are_those_of_all_processes(
    home: LimitsHome,
) -> None:
    one, two = home.budgets(), home.budgets()
    await sign_in(one, "a", 3)
    await sign_in(two, "b", 4)
    assert await one.sign_ins_left("key") == 193
    assert await two.sign_ins_left("key") == 193
    assert await two.sign_ins_left("another key") == 200


async def test_another_bill_has_counts_of_its_own(home: LimitsHome) -> None:
    file = home.process()
    await sign_in(home.budgets(file))
    elsewhere = Budgets(file.clock, SqliteCounts(file, "https://another.test/connect"))
    assert await elsewhere.sign_ins_left("key") == 200


async def test_texts_of_processes_count_together_and_one_not_sent_counts_for_none(
    home: LimitsHome,
) -> None:
    one, two = home.budgets(), home.budgets()
    refused = ApiError("no phone", advice="", outcome=Outcome.NOT_DONE)
    for number in range(4):
        await text(one, f"agent {number}")
    with pytest.raises(ApiError):
        await text(two, "agent 4", refused)
    with pytest.raises(LimitError, match="less than a minute"):
        await text(two, "agent 0")
    await text(two, "agent 4")
    with pytest.raises(LimitError, match="five text messages"):
        await text(one, "agent 5")


async def test_spend_requests_of_processes_share_a_minute(
    home: LimitsHome, clock: ManualClock
) -> None:
    one, two = home.budgets(), home.budgets()
    for _ in range(30):
        await one.take_spend_request("token", 0)
        await two.take_spend_request("token", 0)
    with pytest.raises(LimitError):
        await one.take_spend_request("token", 59)
    await two.take_spend_request("token", 61)
    assert 60 <= clock.monotonic() < 61


async def test_clock_that_goes_back_closes_nothing_for_longer_than_its_time(
    home: LimitsHome, clock: ManualClock
) -> None:
    budgets = home.budgets()
    await text(budgets, "agent")
    clock.advance(-2 * HOUR_S)
    with pytest.raises(LimitError, match="less than a minute"):
        await text(budgets, "agent")
    clock.advance(60)
    await text(budgets, "agent")


async def test_clock_that_goes_back_an_hour_finds_what_was_used(
    home: LimitsHome, clock: ManualClock
) -> None:
    budgets = home.budgets()
    await sign_in(budgets, times=10)
    clock.advance(HOUR_S)
    await sign_in(budgets)
    clock.advance(-HOUR_S)
    with pytest.raises(LimitError):
        await sign_in(budgets)


async def test_old_counts_are_removed(home: LimitsHome, clock: ManualClock) -> None:
    budgets = home.budgets()
    for _ in range(72):
        await sign_in(budgets)
        await text(budgets, "agent")
        clock.advance(HOUR_S)
    with sqlite3.connect(home.path) as file:
        rows = file.execute("SELECT count(*) FROM hours").fetchone()
        moments = file.execute("SELECT count(*) FROM moments").fetchone()
    file.close()
    assert rows == (25,)
    assert moments == (2,)


async def test_files_are_private_and_name_nobody(home: LimitsHome) -> None:
    budgets = home.budgets()
    await sign_in(budgets, "canary-person")
    await text(budgets, "canary-person")
    async with home.slots(home.files[0]).slot("canary-key", "canary-person", 0):
        files = [path for path in home.folder.rglob("*") if path.is_file()]
        assert len(files) == 4
        for path in files:
            assert path.stat().st_mode & 0o077 == 0
            assert b"canary" not in path.read_bytes()


@pytest.mark.parametrize("fault", ["no folder", "no database", "another schema"])
async def test_file_that_cannot_be_used_is_one_warning_and_the_process_counts_alone(
    tmp_path: Path, clock: ManualClock, fault: str
) -> None:
    if fault == "no folder":
        (tmp_path / "home").write_text("a file", encoding="utf-8")
    else:
        (tmp_path / "home").mkdir()
        path = tmp_path / "home" / "limits.sqlite"
        path.write_bytes(b"no database" * 1000)
        if fault == "another schema":
            path.unlink()
            with sqlite3.connect(path) as file:
                file.execute("CREATE TABLE hours (used TEXT)")
            file.close()
    limits = shared_limits(tmp_path / "home", PLACE, clock, new_id="N".__mul__)
    with capture_logs() as logs:
        await sign_in(limits.budgets, times=10)
        with pytest.raises(LimitError, match="This agent"):
            await sign_in(limits.budgets)
        async with limits.slots.slot("key", "agent", 0):
            pass
        limits.close()
    assert [(each["log_level"], each["event"]) for each in logs] == [
        ("warning", "BILL's limits are counted for this process alone")
    ]


async def test_change_waits_while_another_process_writes(
    home: LimitsHome, clock: ManualClock
) -> None:
    """It waits without blocking, and counts alone for once if that takes too long."""
    budgets = home.budgets()
    await sign_in(budgets)
    writer = sqlite3.connect(home.path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")

    async def end_soon() -> None:
        await anyio.lowlevel.checkpoint()
        writer.execute("ROLLBACK")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(end_soon)
        await sign_in(budgets)
    assert 0 < clock.monotonic() < 1
    assert await budgets.sign_ins_left("key") == 198
    writer.execute("BEGIN IMMEDIATE")
    await sign_in(budgets)
    assert 5 <= clock.monotonic() < 6
    writer.close()
    assert await budgets.sign_ins_left("key") == 198


TAKES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from("abc"),
        st.booleans(),
        st.integers(1, 12),
        st.sampled_from([0, 0, 0, 20 * 60]),
    ),
    max_size=60,
)


@settings(max_examples=40, deadline=None)
@given(TAKES)
def test_no_interleaving_of_processes_exceeds_the_sign_ins_of_an_hour(
    takes: list[tuple[int, str, bool, int, int]],
) -> None:
    """Each take is of a process and an agent: a renewal?, how often, how much later."""
    clock = ManualClock()
    taken: Counter[tuple[int, str]] = Counter()

    async def take_all(folder: str) -> None:
        home = LimitsHome(Path(folder), clock)
        processes = [home.budgets() for _ in range(3)]

        async def take(budgets: Budgets, agent: str, renewal: bool, times: int) -> None:
            for number in range(times):
                name = f"{agent}{number}"
                try:
                    await budgets.take_sign_in("key", name, renewal=renewal)
                except LimitError:
                    continue
                taken[clock.now().hour, name] += 1
                await anyio.lowlevel.checkpoint()

        for start in range(0, len(takes), 6):
            async with anyio.create_task_group() as tasks:
                for process, agent, renewal, times, _ in takes[start : start + 6]:
                    tasks.start_soon(take, processes[process], agent, renewal, times)
            clock.advance(takes[start][-1])
        home.close()

    with TemporaryDirectory() as folder:
        anyio.run(take_all, folder)
    by_hour: Counter[int] = Counter()
    for (hour, _), times in taken.items():
        by_hour[hour] += times
    assert max(taken.values(), default=0) <= 10
    assert max(by_hour.values(), default=0) <= 200
