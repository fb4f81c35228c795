from __future__ import annotations

from dataclasses import dataclass, field, replace

import anyio
import anyio.lowlevel
import pytest
from structlog.testing import capture_logs
from unit.announcing.waiting import APPROVAL

from bill_mcp.announcing.announcement import Announcement
from bill_mcp.announcing.announcer import (
    MOST_WAITING,
    Announcer,
    Sender,
    UndeliveredError,
)
from bill_mcp.records.approvals import Approval, State

pytestmark = pytest.mark.anyio


@dataclass
class Recording:
    """Fulfils `Sender`: keeps what it is given, until it is told to fail or wait."""

    name: str = "recording"
    failure: Exception | None = None
    may_go_on: anyio.Event | None = None
    sent: list[Announcement] = field(default_factory=list)

    async def send(self, announcement: Announcement) -> None:
        self.sent.append(announcement)
        if self.may_go_on is not None:
            await self.may_go_on.wait()
        if self.failure is not None:
            raise self.failure


def numbered(number: int) -> Approval:
    return replace(APPROVAL, id=f"{number:08}")


async def all_have_run() -> None:
    """Let every task go on until it waits, those too that another one wakes then."""
    for _ in range(5):
        await anyio.wait_all_tasks_blocked()
        await anyio.lowlevel.checkpoint()


async def announced(*approvals: Approval, senders: list[Sender]) -> Announcer:
    """An announcer that has sent all it could."""
    announcer = Announcer(senders, "N".__mul__)
    for approval in approvals:
        announcer.announce(approval)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(announcer.run)
        await all_have_run()
        tasks.cancel_scope.cancel()
    return announcer


async def test_each_approval_is_announced_once_by_every_sender() -> None:
    first, second = Recording(), Recording()
    await announced(numbered(1), numbered(2), numbered(1), senders=[first, second])
    for sender in (first, second):
        told = [each.approval_id for each in sender.sent]
        assert told == ["00000001", "00000002"]


async def test_what_waits_for_no_person_is_not_announced() -> None:
    sender = Recording()
    decided = [replace(APPROVAL, state=s) for s in State if s is not State.WAITING]
    acknowledged = replace(APPROVAL, acknowledged=True)
    await announced(*decided, acknowledged, senders=[sender])
    assert not sender.sent


async def test_a_sender_that_fails_is_one_line_in_the_log_and_stops_nothing() -> None:
    undelivered = Recording("webhook", UndeliveredError("https://x:443: no answer"))
    broken = Recording("desktop", ValueError("canary-secret"))
    good = Recording()
    with capture_logs() as logs:
        await announced(numbered(1), numbered(2), senders=[undelivered, broken, good])
    assert len(good.sent) == 2
    assert len(logs) == 4
    assert {(line["by"], line["reason"]) for line in logs} == {
        ("webhook", "https://x:443: no answer"),
        ("desktop", "ValueError"),
    }


async def test_a_sender_that_hangs_holds_up_neither_the_call_nor_the_others() -> None:
    slow, quick = Recording(may_go_on=anyio.Event()), Recording()
    announcer = Announcer([slow, quick], "N".__mul__)
    with capture_logs() as logs:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(announcer.run)
            for number in range(MOST_WAITING + 2):
                announcer.announce(numbered(number))
            await all_have_run()
            announcer.announce(numbered(99))
            await all_have_run()
            assert len(quick.sent) == MOST_WAITING
            assert [line["event"] for line in logs] == [
                "too much to announce at once"
            ] * 3
            assert slow.may_go_on is not None
            slow.may_go_on.set()
            await all_have_run()
            announcer.announce(numbered(99))
            await all_have_run()
            tasks.cancel_scope.cancel()
    assert quick.sent[-1].approval_id == "00000099"


async def test_without_senders_nothing_waits_to_be_sent() -> None:
    announcer = await announced(APPROVAL, senders=[])
    with capture_logs() as logs:
        for number in range(MOST_WAITING + 1):
            announcer.announce(numbered(number))
    assert not logs
