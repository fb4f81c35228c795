"""At most three requests in flight for one developer key and organization, fairly."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import anyio

from bill_mcp.errors import LimitError

CONCURRENT_REQUESTS = 3
"""Per developer key and organization; a fourth gets BDC_1322.

Source: BILL's page on API rate limits.
"""

QUEUE_PER_AGENT = 64
"""Our own bound: one agent's backlog must not grow without end."""


class Slots(Protocol):
    """Hands out the right to have one request in flight."""

    def slot(
        self, key: str, agent: str, deadline_s: float
    ) -> AbstractAsyncContextManager[None]:
        """Hold a slot of *key*; agents take turns.

        Raises:
            LimitError: The agent's queue is full, or no slot came free in time.
        """


def none_came_free() -> LimitError:
    """The error of a call that waited for its slot as long as it may."""
    return LimitError(
        "BILL takes three requests at once, and none of them ended in time",
        advice="Call again in a minute; nothing was sent.",
        code="busy",
    )


class MemorySlots:
    """Slots for the agents of one process."""

    def __init__(self, capacity: int = CONCURRENT_REQUESTS) -> None:
        self._capacity = capacity
        self._queues: dict[str, _FairQueue] = {}

    @asynccontextmanager
    async def slot(
        self, key: str, agent: str, deadline_s: float
    ) -> AsyncIterator[None]:
        queue = self._queues.setdefault(key, _FairQueue(self._capacity))
        await queue.enter(agent, deadline_s)
        try:
            yield
        finally:
            queue.leave()


class _FairQueue:
    """One deque an agent; a free slot goes to the agents in turn."""

    def __init__(self, capacity: int) -> None:
        self._free = capacity
        self._waiting: OrderedDict[str, deque[anyio.Event]] = OrderedDict()

    async def enter(self, agent: str, deadline_s: float) -> None:
        if self._free and not self._waiting:
            self._free -= 1
            return
        mine = self._waiting.setdefault(agent, deque())
        if len(mine) >= QUEUE_PER_AGENT:
            raise LimitError(
                f"{QUEUE_PER_AGENT} calls of this agent are waiting already",
                advice="Wait for the answers of the calls under way, then call again.",
                code="busy",
            )
        turn = anyio.Event()
        mine.append(turn)
        try:
            with anyio.move_on_after(deadline_s):
                await turn.wait()
                return
        except BaseException:
            self._give_up(agent, turn)
            raise
        self._give_up(agent, turn)
        raise none_came_free()

    def _give_up(self, agent: str, turn: anyio.Event) -> None:
        if turn.is_set():
            self.leave()
            return
        queue = self._waiting[agent]
        queue.remove(turn)
        if not queue:
            del self._waiting[agent]

    def leave(self) -> None:
        """Pass the slot to the next agent in turn, or free it."""
        if not self._waiting:
            self._free += 1
            return
        agent, queue = next(iter(self._waiting.items()))
        queue.popleft().set()
        if queue:
            self._waiting.move_to_end(agent)
        else:
            del self._waiting[agent]
