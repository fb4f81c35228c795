"""Writes down each write before it goes out, and its outcome after.

In memory: for one process and its life. Whatever needs more than that, above all money
outside the local simulator, is refused by policy until it is there.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from bill_mcp.agents import Agent
from bill_mcp.client.request import Request
from bill_mcp.clock import Clock
from bill_mcp.errors import CallError, Outcome

KEPT_ROWS = 10_000

_log = structlog.get_logger("bill_mcp.journal")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One write: what went out, for whom, and how it ended.

    Attributes:
        digest: Of method, target and body, so that equal requests show.
        outcome: None while it is under way.
    """

    key: int
    at: datetime
    agent: str
    action: str
    digest: str
    outcome: Outcome | None


class Records(Protocol):
    """Keeps rows; the newest version of a row wins."""

    def append(self, row: Row) -> None: ...

    def settle(self, key: int, outcome: Outcome) -> None: ...

    def rows(self) -> list[Row]: ...


class MemoryRecords:
    """Rows of this process, the newest few thousand of them."""

    def __init__(self) -> None:
        self._rows: deque[Row] = deque(maxlen=KEPT_ROWS)

    def append(self, row: Row) -> None:
        self._rows.append(row)

    def settle(self, key: int, outcome: Outcome) -> None:
        for index in range(len(self._rows) - 1, -1, -1):
            row = self._rows[index]
            if row.key == key:
                self._rows[index] = Row(**{**row.__dict__, "outcome": outcome})
                return

    def rows(self) -> list[Row]:
        return list(self._rows)


class Journal:
    """Records the writes of all agents.

    Args:
        records: Where rows are kept.
        clock: Tells when.
    """

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._next = 1

    def recorder(self, agent: Agent, request: Request) -> JournalRecorder:
        """What the client tells of one write."""
        return JournalRecorder(self, agent, request)

    def begin(self, agent: Agent, request: Request) -> int:
        key, self._next = self._next, self._next + 1
        whole = b"\n".join(
            (request.method.encode(), request.target.encode(), request.body or b"")
        )
        self._records.append(
            Row(
                key=key,
                at=self._clock.now(),
                agent=agent.key,
                action=request.action.name,
                digest=hashlib.sha256(whole).hexdigest(),
                outcome=None,
            )
        )
        return key

    def end(self, key: int, outcome: Outcome) -> None:
        self._records.settle(key, outcome)


class JournalRecorder:
    """One write on its way; the client calls it around the sending."""

    def __init__(self, journal: Journal, agent: Agent, request: Request) -> None:
        self._journal, self._agent, self._request = journal, agent, request
        self._key = 0

    async def begin(self) -> None:
        self._key = self._journal.begin(self._agent, self._request)

    async def end(self, outcome: Outcome, error: CallError | None) -> None:
        self._journal.end(self._key, outcome)
        _log.info(
            "write ended",
            agent=self._agent.name,
            action=self._request.action.name,
            outcome=str(outcome),
            bill_code=error.bill_code if error else None,
        )
