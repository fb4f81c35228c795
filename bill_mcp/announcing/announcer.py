"""Sends announcements beside the calls that wait: none of them is held up."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Protocol

import anyio
import structlog

from bill_mcp.announcing.announcement import Announcement, announcement_of
from bill_mcp.client.request import NewId
from bill_mcp.errors import BillMcpError
from bill_mcp.records.approvals import Approval, State

MOST_WAITING = 32
"""Announcements under way at once; what comes on top is not announced."""

_REMEMBERED = 1000
_log = structlog.get_logger("bill_mcp.announcing")


class UndeliveredError(BillMcpError):
    """An announcement did not arrive; the message says why, without a secret."""


class Sender(Protocol):
    """One way to tell people."""

    @property
    def name(self) -> str:
        """For the log."""

    async def send(self, announcement: Announcement) -> None:
        """Deliver it.

        Raises:
            UndeliveredError: It did not arrive.
        """


class Announcer:
    """Announces each approval once, by every sender.

    Args:
        senders: The ways to tell people; without any nothing is announced.
        new_id: Source of ids.
    """

    def __init__(self, senders: Sequence[Sender], new_id: NewId) -> None:
        self._senders, self._new_id = tuple(senders), new_id
        self._waiting: deque[Announcement] = deque()
        self._under_way = 0
        self._arrived = anyio.Event()
        self._told: OrderedDict[str, None] = OrderedDict()

    def announce(self, approval: Approval) -> None:
        """Have it told that *approval* waits. Returns at once; the sending is `run`'s.

        Nothing happens for one that waits for no person, or was announced before.
        """
        waits = approval.state is State.WAITING and not approval.acknowledged
        if not waits or not self._senders or approval.id in self._told:
            return
        if len(self._waiting) + self._under_way >= MOST_WAITING:
            _log.warning("too much to announce at once", approval=approval.id)
            return
        self._told[approval.id] = None
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        self._waiting.append(announcement_of(approval, self._new_id))
        self._arrived.set()

    async def run(self) -> None:
        """Send what is announced, until cancelled; what is under way then is lost."""
        async with anyio.create_task_group() as tasks:
            while True:
                await self._arrived.wait()
                self._arrived = anyio.Event()
                while self._waiting:
                    announcement = self._waiting.popleft()
                    self._under_way += 1
                    tasks.start_soon(self._send, announcement)

    async def _send(self, announcement: Announcement) -> None:
        try:
            async with anyio.create_task_group() as tasks:
                for sender in self._senders:
                    tasks.start_soon(self._send_by, sender, announcement)
        finally:
            self._under_way -= 1

    async def _send_by(self, sender: Sender, announcement: Announcement) -> None:
        reason = "it failed"
        try:
            await sender.send(announcement)
        except BillMcpError as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001 -- telling people must end no server
            reason = type(error).__name__
        else:
            return
        _log.warning(
            "an announcement did not arrive",
            approval=announcement.approval_id,
            by=sender.name,
            reason=reason,
        )
