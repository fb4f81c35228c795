"""The pages without a server: a desk, a browser, and a BILL that plays along."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from support.approving import wanted
from support.clock import ManualClock

from bill_mcp.environments import Environment
from bill_mcp.errors import CallError
from bill_mcp.pages.app import Pages
from bill_mcp.pages.approval_visits import Approving
from bill_mcp.pages.connecting import (
    Account,
    Connected,
    MfaStatus,
    Phone,
    Trusted,
)
from bill_mcp.pages.questions import Purpose, Question
from bill_mcp.pages.tickets import Desk
from bill_mcp.records.approvals import Approval, State

PORT = 4711
ADDRESS = f"http://127.0.0.1:{PORT}"
OWN = {"origin": ADDRESS}


@dataclass
class PlayedBill:
    """Fulfils `Connector`: records what it was asked, fails when told to."""

    clock: ManualClock
    mfa: MfaStatus = MfaStatus.NEEDS_CODE
    has: tuple[Phone, ...] = (Phone(type="MOBILE", last4="0142", primary=True),)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    forgets: bool = False
    """Whether what a device would be remembered by does not arrive."""
    failures: deque[CallError | None] = field(default_factory=deque)
    """For each coming call: what it raises, if anything."""

    def _note(self, what: str, value: Any = None) -> None:
        self.asked.append((what, value))
        failure = self.failures.popleft() if self.failures else None
        if failure is not None:
            raise failure

    async def sign_in(self, account: Account) -> Connected:
        self._note("sign_in", account)
        return Connected(
            environment=account.environment,
            kind=account.kind,
            mfa=self.mfa,
            organization_id="00801TEST",
            organization_name="<Timber>",
        )

    async def phones(self) -> tuple[Phone, ...]:
        self._note("phones")
        return self.has

    async def challenge(self) -> None:
        self._note("challenge")

    async def confirm(self, code: str, remember_as: str | None) -> Trusted:
        self._note("confirm", (code, remember_as))
        remembered = remember_as is not None and not self.forgets
        until = self.clock.now() + timedelta(days=30) if remembered else None
        return Trusted(until=until)

    async def keep(self) -> str:
        self._note("keep")
        return "the keyring"

    async def aclose(self) -> None:
        self.asked.append(("aclose", None))

    def did(self, what: str) -> list[Any]:
        return [value for name, value in self.asked if name == what]


@dataclass
class Hall:
    """Everything around one person."""

    desk: Desk
    clock: ManualClock
    bill: PlayedBill
    approving: Approving
    pages: Pages
    browser: httpx.AsyncClient
    folder: Path
    question: Question | None = None
    form: str = ""

    def ask(self, purpose: Purpose = Purpose.LOGIN, **more: Any) -> Question:
        wanted = {"agent": "a", "profile": "main", "title": "Connect an account"}
        return self.desk.open(purpose, **(wanted | more))

    async def ask_approval(self, **changes: Any) -> tuple[Question, Approval]:
        """A call that waits, and the question whether to approve it."""
        approval = await self.approving.approvals.ask(wanted(**changes))
        call = approval.wanted
        question = self.ask(
            Purpose.APPROVAL,
            agent=call.agent,
            profile=call.profile,
            title=call.title,
            environment=Environment(call.environment),
            subject=approval.id,
            until=approval.expires_at,
        )
        return question, approval

    async def state_of(self, approval: Approval) -> State:
        found = await self.approving.approvals.find(approval.id)
        assert found is not None
        return found.state

    async def enter(self, question: Question) -> httpx.Response:
        """Hand the ticket in as the private page does, and follow to the form."""
        ticket = self.desk.files.get(question.id)
        assert ticket is not None
        answer = await self.browser.post(
            "/enter",
            data={"question": question.id, "ticket": ticket.ticket},
            headers={"origin": "null", "sec-fetch-site": "cross-site"},
        )
        assert answer.status_code == 200
        self.question = question
        self.form = answer.text.split("0;url=")[1].split('"')[0]
        return await self.browser.get(self.form)

    async def press(self, button: str, **fields: str) -> httpx.Response:
        """Send the form and follow to the next page."""
        assert self.question is not None
        csrf = self.desk.csrf_token(self.question.id)
        answer = await self.browser.post(
            self.form, data={"csrf": csrf, "do": button, **fields}, headers=OWN
        )
        if answer.status_code == 303:
            return await self.browser.get(answer.headers["location"])
        return answer
