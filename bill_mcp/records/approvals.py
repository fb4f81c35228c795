"""Approvals: one call each, asked of a person, decided once, spent once.

Servers ask, and people decide in another process; the file of records is all that they
share. A row that something else than bill-mcp has changed serves nothing any more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from bill_mcp.client.request import NewId
from bill_mcp.clock import Clock
from bill_mcp.errors import CallError, LimitError, RefusedError
from bill_mcp.records.approval_refusals import (
    by_client,
    damaged,
    mismatch,
    nobody_agreed,
    not_spendable,
    not_waiting,
    unknown,
)
from bill_mcp.records.approval_rows import (
    DAMAGED,
    ITSELF,
    SCHEMA,
    Approval,
    ApprovalLine,
    Key,
    Rows,
    State,
    Via,
    Wanted,
)
from bill_mcp.records.store import RecordFile

__all__ = [
    "LIFETIME",
    "SCHEMA",
    "Approval",
    "ApprovalLine",
    "Approvals",
    "Note",
    "State",
    "Via",
    "Wanted",
]

LIFETIME = timedelta(minutes=10)
"""From asking; a grant does not prolong it."""
OPEN_PER_AGENT = 20
CLOCK_SKEW = timedelta(minutes=1)
"""A clock that went back further may have gone back past the end of an approval."""

_ID_CHARACTERS = 8
_READABLE = str.maketrans("0O1I", "2345")
_OPEN = (State.WAITING, State.GRANTED)
_log = structlog.get_logger("bill_mcp.approvals")

T = TypeVar("T")
Note = Callable[[sqlite3.Connection, Approval, str], None]
"""Writes down, in the same transaction, that an approval was ``asked``,
``acknowledged``, ``granted``, ``denied``, ``cancelled``, ``expired`` or ``spent``."""


class Approvals:
    """The approvals of one file.

    Args:
        file: Opened with this module's ``SCHEMA`` among its schemas.
        clock: Tells the time in UTC.
        new_id: Source of ids.
        key: The key that seals rows, as the audit log's; asked for at each use.
        note: Told of everything that happens to an approval.
    """

    def __init__(
        self,
        file: RecordFile,
        clock: Clock,
        new_id: NewId,
        *,
        key: Key,
        note: Note | None = None,
    ) -> None:
        self._file, self._clock, self._new_id = file, clock, new_id
        self._rows, self._note = Rows(key), note
        self._lapsed: set[str] = set()

    async def ask(self, wanted: Wanted, *, acknowledged: bool = False) -> Approval:
        """The approval of this very call: one that lives, or else a new one.

        Args:
            wanted: What a person is shown and agrees to.
            acknowledged: Nobody is asked. The approval is granted at once, and serves
                an agent that repeats the call with the id that it was given.

        Raises:
            LimitError: Too many of this agent wait already.
        """

        def work(connection: sqlite3.Connection, now: datetime) -> Approval | CallError:
            for approval in self._bound(connection, wanted.binding, acknowledged):
                if approval.state in _OPEN:
                    return approval
            if self._count_open(connection, wanted.agent) >= OPEN_PER_AGENT:
                return LimitError(
                    f"{OPEN_PER_AGENT} calls of this agent wait for approval already",
                    advice="Wait until a person has decided on them, or until they "
                    "have expired.",
                    code="approvals_waiting",
                )
            approval = Approval(
                id=self._new_id(_ID_CHARACTERS).translate(_READABLE),
                wanted=wanted,
                acknowledged=acknowledged,
                state=State.GRANTED if acknowledged else State.WAITING,
                asked_at=now,
                expires_at=now + LIFETIME,
                decided_at=now if acknowledged else None,
                decided_by=ITSELF if acknowledged else None,
            )
            self._rows.insert(connection, approval)
            event = "acknowledged" if acknowledged else "asked"
            self._tell(connection, approval, event)
            return approval

        return await self._change(work)

    async def find(self, approval_id: str) -> Approval | None:
        """The approval of that id, as it stands now.

        Raises:
            RefusedError: Others have changed its row.
        """

        def work(connection: sqlite3.Connection, _: datetime) -> Found:
            return self._find(connection, approval_id)

        return await self._change(work)

    async def find_bound(self, binding: str) -> Approval | None:
        """The newest approval that a person was asked for this very call.

        Whatever became of it: a denied or spent one comes back too.
        """

        def work(connection: sqlite3.Connection, _: datetime) -> Approval | None:
            return next(
                iter(self._bound(connection, binding, acknowledged=False)), None
            )

        return await self._change(work)

    async def decide(
        self, approval_id: str, *, grant: bool, by: str, via: Via
    ) -> Approval:
        """The approval, now granted or denied by the approver *by*.

        That the approver is who they say is for the caller to check before.

        Raises:
            RefusedError: It waits no more, or may not be granted by that way.
        """

        def work(connection: sqlite3.Connection, now: datetime) -> Approval | CallError:
            approval = self._find(connection, approval_id)
            if not isinstance(approval, Approval):
                return approval or unknown()
            if approval.state is not State.WAITING:
                return not_waiting(approval.state)
            if grant and via is Via.CLIENT and not approval.wanted.client_may_approve:
                return by_client()
            state = State.GRANTED if grant else State.DENIED
            decided = replace(
                approval, state=state, decided_at=now, decided_by=by, via=via
            )
            return self._keep(connection, decided)

        return await self._change(work)

    async def cancel(self, approval_id: str, *, via: Via) -> Approval:
        """The approval, closed without a decision.

        Raises:
            RefusedError: It waits no more.
        """

        def work(connection: sqlite3.Connection, now: datetime) -> Approval | CallError:
            approval = self._find(connection, approval_id)
            if not isinstance(approval, Approval):
                return approval or unknown()
            if approval.state is not State.WAITING:
                return not_waiting(approval.state)
            closed = replace(approval, state=State.CANCELLED, decided_at=now, via=via)
            return self._keep(connection, closed)

        return await self._change(work)

    async def waiting(self) -> list[Approval]:
        """What waits for a person, oldest first."""
        return await self._listed(
            "WHERE state = 'waiting' ORDER BY asked_at, rowid", ()
        )

    async def recent(self, count: int = 20) -> list[Approval]:
        """The newest approvals, whatever became of them; newest first."""
        return await self._listed(
            "ORDER BY asked_at DESC, rowid DESC LIMIT ?", (count,)
        )

    def spend(
        self,
        connection: sqlite3.Connection,
        approval_id: str,
        *,
        binding: str,
        now: datetime,
        acknowledged: bool = False,
    ) -> Approval:
        """The approval, used up by the call that the caller's transaction records.

        Args:
            connection: Of a transaction that may write.
            approval_id: As the agent gave it, or as it was found.
            binding: Of the call as it is now.
            now: The time in UTC.
            acknowledged: Whether this call needs no person's agreement, so that the
                agent's own acknowledgement is enough.

        Raises:
            RefusedError: Its code says why: ``approval_unknown``, ``_damaged``,
                ``_mismatch``, ``_waiting``, ``_declined``, ``_cancelled``,
                ``_expired``, ``_spent`` or ``_acknowledged``.
        """
        # The caller's transaction ends with the refusal, and what has expired in it
        # would live again under a clock that goes back: so it is remembered here.
        self._lapsed |= self._sweep(connection, now)
        approval = self._find(connection, approval_id)
        if not isinstance(approval, Approval):
            raise approval or unknown()
        if approval.wanted.binding != binding:
            raise mismatch()
        if approval.state is not State.GRANTED:
            raise not_spendable(approval.state)
        if approval.acknowledged and not acknowledged:
            raise nobody_agreed()
        spent = replace(approval, state=State.SPENT, spent_at=now)
        return self._keep(connection, spent)

    async def _listed(self, clauses: str, values: tuple[object, ...]) -> list[Approval]:
        def work(connection: sqlite3.Connection, _: datetime) -> list[Approval]:
            return self._select(connection, clauses, values)

        return await self._change(work)

    async def _change(
        self, work: Callable[[sqlite3.Connection, datetime], T | CallError]
    ) -> T:
        """What *work* returns; an error is raised only when all else is on disk."""
        written: set[str] = set()

        def whole(connection: sqlite3.Connection) -> T | CallError:
            now = self._clock.now()
            written.update(self._lapsed)
            self._sweep(connection, now)
            return work(connection, now)

        result = await self._file.transact(whole)
        self._lapsed -= written
        if isinstance(result, CallError):
            raise result
        return result

    def _sweep(self, connection: sqlite3.Connection, now: datetime) -> set[str]:
        """End what has expired or was tampered with; the ids of what has expired."""
        expired = set()
        rows = connection.execute(
            "SELECT * FROM approvals WHERE state IN (?, ?)", _OPEN
        )
        for row in rows.fetchall():
            approval = self._rows.read(row)
            if approval is None:
                connection.execute(
                    "UPDATE approvals SET state = ? WHERE id = ?", (DAMAGED, row["id"])
                )
                _log.warning("an approval was changed by another program")
            elif approval.id in self._lapsed or not _lives(approval, now):
                ended = replace(approval, state=State.EXPIRED)
                self._keep(connection, ended)
                expired.add(approval.id)
        return expired

    def _keep(self, connection: sqlite3.Connection, approval: Approval) -> Approval:
        """*approval*, written in its new state and told of."""
        self._rows.update(connection, approval)
        self._tell(connection, approval, str(approval.state))
        return approval

    def _tell(
        self, connection: sqlite3.Connection, approval: Approval, event: str
    ) -> None:
        if self._note is not None:
            self._note(connection, approval, event)

    def _find(self, connection: sqlite3.Connection, approval_id: str) -> Found:
        row = connection.execute(
            "SELECT * FROM approvals WHERE id = ?", (approval_id,)
        ).fetchone()
        if row is None:
            return None
        return self._rows.read(row) or damaged()

    def _bound(
        self, connection: sqlite3.Connection, binding: str, acknowledged: bool
    ) -> list[Approval]:
        return self._select(
            connection,
            "WHERE binding = ? AND acknowledged = ? ORDER BY asked_at DESC, rowid DESC",
            (binding, acknowledged),
        )

    def _select(
        self, connection: sqlite3.Connection, clauses: str, values: tuple[object, ...]
    ) -> list[Approval]:
        rows = connection.execute(f"SELECT * FROM approvals {clauses}", values)  # noqa: S608 -- our own clauses
        return [read for row in rows if (read := self._rows.read(row)) is not None]

    def _count_open(self, connection: sqlite3.Connection, agent: str) -> int:
        row = connection.execute(
            "SELECT count(*) FROM approvals WHERE agent = ? "
            "AND (state = 'waiting' OR (state = 'granted' AND acknowledged))",
            (agent,),
        ).fetchone()
        return int(row[0])


Found = Approval | RefusedError | None


def _lives(approval: Approval, now: datetime) -> bool:
    latest = approval.decided_at or approval.asked_at
    return latest - CLOCK_SKEW <= now < approval.expires_at
