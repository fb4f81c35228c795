"""One person's way through the form that approves one call.

Whether it is approved, denied or closed stands in the file of records alone: the form
asks there before each page and each step, so that a button pressed twice, a page that
was reloaded, or a decision in a terminal meanwhile changes nothing twice.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import anyio

from bill_mcp.clock import Clock
from bill_mcp.errors import CallError, ConfigError, LimitError
from bill_mcp.pages import approval_pages
from bill_mcp.pages.approval_pages import APPROVER, PASSPHRASE, View
from bill_mcp.pages.explaining import for_person
from bill_mcp.pages.questions import Question
from bill_mcp.pages.visiting import Standing
from bill_mcp.records.approvals import Approval, Approvals, State, Via
from bill_mcp.records.approvers import Approvers
from bill_mcp.secret import Secret

UNNAMED = "somebody at the page"
"""Who denies: that takes no passphrase, so nobody's name is known for sure."""

UNREADABLE = (
    "The file of approvals, or the key that seals it, can't be read now. Reload this "
    "page in a moment; `bill-mcp approvals` in a terminal says what is wrong."
)


@dataclass(frozen=True, kw_only=True)
class Approving:
    """Where approvals are kept, and who may give them."""

    approvals: Approvals
    approvers: Approvers


@dataclass
class ApprovalVisit:
    """Fulfils `FormVisit`. Holds no passphrase: it goes straight to be checked.

    Attributes:
        approval: As it stood last; None where there is none for this question.
        names: Who may approve.
        error: What went wrong last, in words.
        faults: What is wrong with which field, in words.
        typed: The approver's name, to stand in the form again.
        is_known: Whether `approval` has been looked up.
        is_unreadable: Whether the last look failed.
    """

    question: Question
    approving: Approving
    clock: Clock
    approval: Approval | None = None
    names: tuple[str, ...] = ()
    error: str | None = None
    faults: dict[str, str] = field(default_factory=dict)
    typed: str = ""
    is_known: bool = False
    is_unreadable: bool = False
    lock: anyio.Lock = field(default_factory=anyio.Lock)

    @property
    def standing(self) -> Standing:
        if not self.is_known:
            return Standing.UNDER_WAY
        state = self.approval.state if self.approval else State.EXPIRED
        if state is State.WAITING:
            return Standing.UNDER_WAY
        over = state in {State.CANCELLED, State.EXPIRED}
        return Standing.OVER if over else Standing.ANSWERED

    async def prepare(self) -> None:
        async with self.lock:
            await self._look()

    async def act(self, form: Mapping[str, str]) -> None:
        steps = {"approve": self._approve, "deny": self._deny}
        async with self.lock:
            await self._look()
            step = steps.get(form.get("do", ""))
            if step is None or not self._waits:
                return
            self.error, self.faults = None, {}
            try:
                await step(form)
            except CallError as error:
                self.error = for_person(error)
            except (ConfigError, sqlite3.Error):
                self.error = UNREADABLE
            await self._look()

    async def leave(self) -> None:
        async with self.lock:
            await self._look()
            if not self._waits:
                return
            try:
                await self.approving.approvals.cancel(
                    self.question.subject, via=Via.PAGE
                )
            except CallError:
                pass  # decided or expired at this very moment: the page says which
            except (ConfigError, sqlite3.Error):
                self.error = UNREADABLE
            await self._look()

    def page(self, csrf: str) -> str:
        return approval_pages.page(
            View(
                question=self.question,
                approval=self.approval,
                is_known=self.is_known,
                names=self.names,
                error=UNREADABLE if self.is_unreadable else self.error,
                faults=self.faults,
                typed=self.typed,
            ),
            csrf,
        )

    async def aclose(self) -> None:
        self.typed = ""

    @property
    def _waits(self) -> bool:
        return self.approval is not None and self.approval.state is State.WAITING

    async def _look(self) -> None:
        """Read how the approval stands; one of another agent or profile is none."""
        try:
            found = await self.approving.approvals.find(self.question.subject)
            self.names = tuple(await self.approving.approvers.names())
        except CallError as error:
            found, self.error = None, for_person(error)
        except (ConfigError, sqlite3.Error):  # locked: the file, or the key's keyring
            self.is_unreadable = True
            return
        self.is_unreadable = False
        asked = (self.question.agent, self.question.profile)
        if found and (found.wanted.agent, found.wanted.profile) != asked:
            found = None
        self.approval, self.is_known = found, True

    async def _approve(self, form: Mapping[str, str]) -> None:
        self.typed = name = form.get(APPROVER, "").strip()
        passphrase = Secret(form.get(PASSPHRASE, ""))
        if not name:
            self.faults[APPROVER] = "Your name as an approver is missing."
        if not passphrase.reveal():
            self.faults[PASSPHRASE] = "The passphrase is missing."
        if self.faults:
            return
        if not await self._is(name, passphrase):
            return
        await self.approving.approvals.decide(
            self.question.subject, grant=True, by=name, via=Via.PAGE
        )

    async def _is(self, name: str, passphrase: Secret) -> bool:
        """Whether it is the approver's own passphrase; what to do now, if not."""
        approvers, now = self.approving.approvers, self.clock.now()
        try:
            if await approvers.check(name, passphrase, now):
                return True
        except LimitError:
            pass  # the standing says for how long
        standing = await approvers.standing(name, now)
        if standing.closed_until is not None:
            self.error = _closed(standing.closed_until, now)
        else:
            left = standing.tries_left
            self.error = (
                "This name and this passphrase don't fit together. "
                f"{left} {'try' if left == 1 else 'tries'} left."
            )
        return False

    async def _deny(self, form: Mapping[str, str]) -> None:
        await self.approving.approvals.decide(
            self.question.subject, grant=False, by=UNNAMED, via=Via.PAGE
        )


def _closed(until: datetime, now: datetime) -> str:
    minutes = max(1, math.ceil((until - now) / timedelta(minutes=1)))
    wait = "1 minute" if minutes == 1 else f"{minutes} minutes"
    return (
        "Too many wrong passphrases: nobody can approve under this name for "
        f"{wait}, until {until.astimezone():%H:%M}. You can still deny, or have "
        "another approver approve; once this has expired, the agent can ask again."
    )
