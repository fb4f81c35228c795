"""Questions to a person, and the right to answer them.

A question's address may pass through an agent: its id names the question and gives no
right. The right is made of two steps that an agent has no part in. A *ticket* lies in a
file that only the operator's user can read; handed in once, it is exchanged for a
*pass*: a cookie, and the unguessable path of the form, which is the only path that the
browser sends the cookie to. The path matters since browsers do not tell ports apart: a
cookie for ``/q/<id>`` would also go to an agent's own server at the same address on
another port, if the person followed its link.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import anyio

from bill_mcp.clock import Clock
from bill_mcp.environments import Environment
from bill_mcp.errors import ConfigError, LimitError
from bill_mcp.pages.phrases import WORDS_IN_A_PHRASE, phrase
from bill_mcp.pages.questions import Pass, Purpose, Question, State
from bill_mcp.pages.ticket_files import TicketFile, TicketFolder

TICKET_BYTES = 32
ID_BYTES = 16
OPEN_MINUTES = 10
"""From the opening of a question, and again from each use of its form."""

LONGEST_MINUTES = 60
"""However often the form is used: a question is not a way to stay signed in."""

WRONG_ATTEMPTS = 5
OPEN_PER_AGENT = MappingProxyType(
    {Purpose.LOGIN: 4, Purpose.MFA: 4, Purpose.APPROVAL: 20}
)
"""Each approval is a question of its own; as many may wait for one agent."""


@dataclass
class _Entry:
    question: Question
    ticket: bytes = field(repr=False)
    closes_at: float
    closes_at_last: float
    state: State = State.OPEN
    cookie: bytes = field(default=b"", repr=False)
    handle: bytes = field(default=b"", repr=False)
    wrong: int = 0
    ended: anyio.Event = field(default_factory=anyio.Event)


class Desk:
    """Holds the open questions of one process.

    Args:
        folder: ``HOME/tickets``; made if it is not there.
        clock: For when questions close.
        token_bytes: Source of ids, tickets and cookies.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        token_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.address: str | None = None
        """Where the pages are served; set by the page server."""
        self.files = TicketFolder(folder)
        self._clock = clock
        self._token_bytes = token_bytes
        self._entries: dict[str, _Entry] = {}
        self._key = token_bytes(TICKET_BYTES)

    def open(
        self,
        purpose: Purpose,
        *,
        agent: str,
        profile: str,
        title: str,
        agent_name: str = "",
        environment: Environment | None = None,
        subject: str = "",
        command: str = "",
        until: datetime | None = None,
    ) -> Question:
        """The agent's question of that purpose: the one under way, or a new one.

        Args:
            purpose: What the form serves.
            agent: Key of the agent that waits.
            profile: The account that it is about.
            title: What is asked, in a few words.
            agent_name: For people; the key by default.
            environment: Which BILL it is about; None where the person chooses.
            subject: Tells questions of one purpose apart.
            command: What a person may run in place of the page, if anything.
            until: When it closes however its form is used, in UTC; None for as long
                as people use it, within bounds.

        Raises:
            ConfigError: The ticket cannot be kept safely.
            LimitError: The agent has too many questions open.
        """
        self.sweep()
        theirs = [
            entry.question
            for entry in self._entries.values()
            if entry.state is not State.ANSWERED
            and (entry.question.agent, entry.question.purpose) == (agent, purpose)
        ]
        for open_one in theirs:
            if (open_one.profile, open_one.subject) == (profile, subject):
                return open_one
        most = OPEN_PER_AGENT[purpose]
        if len(theirs) >= most:
            raise LimitError(
                f"{most} questions to a person are open already",
                advice="Wait until a person has answered one, or for 10 minutes.",
                code="too_many_questions",
            )
        expires = self._clock.now() + timedelta(minutes=OPEN_MINUTES)
        question = Question(
            id=base64.b32encode(self._token_bytes(ID_BYTES)).decode()[:26].lower(),
            purpose=purpose,
            agent=agent,
            agent_name=agent_name or agent,
            profile=profile,
            title=title,
            environment=environment,
            phrase=phrase(self._token_bytes(WORDS_IN_A_PHRASE)),
            expires=min(expires, until or expires),
            subject=subject,
            command=command,
        )
        self._add(question, lasts=until is None)
        return question

    def _add(self, question: Question, *, lasts: bool) -> None:
        if self.address is None:
            raise ConfigError("no pages are served, so that nobody could answer")
        ticket, now = self._token(), self._clock.monotonic()
        self.files.prepare()
        self.files.sweep(self._clock.now())
        self.files.put(
            TicketFile(
                id=question.id,
                ticket=ticket,
                address=self.address,
                title=question.title,
                phrase=question.phrase,
                expires=question.expires.isoformat(),
            )
        )
        closes_at = now + (question.expires - self._clock.now()).total_seconds()
        self._entries[question.id] = _Entry(
            question=question,
            ticket=_digest(ticket),
            closes_at=closes_at,
            closes_at_last=now + LONGEST_MINUTES * 60 if lasts else closes_at,
        )

    def enter(self, question_id: str, ticket: str) -> Pass | None:
        """The pass that *ticket* is exchanged for, once; None for any other text."""
        entry = self._find(question_id)
        known = entry.ticket if entry else bytes(TICKET_BYTES)
        right = hmac.compare_digest(known, _digest(ticket))
        if entry is None:
            return None
        if not right or entry.state is not State.OPEN:
            self._count_wrong(entry)
            return None
        given = Pass(cookie=self._token(), handle=self._token())
        entry.cookie, entry.handle = _digest(given.cookie), _digest(given.handle)
        entry.state = State.ENTERED
        self.files.remove(question_id)
        self._prolong(entry)
        return given

    def admit(self, question_id: str, handle: str, cookie: str) -> Question | None:
        """The question whose form this browser may use, if it has the pass.

        A wrong cookie counts as an attempt; none at all does not.
        """
        entry = self._find(question_id)
        known = (entry.cookie, entry.handle) if entry else (b"", b"")
        right = hmac.compare_digest(known[0], _digest(cookie))
        right &= hmac.compare_digest(known[1], _digest(handle))
        if entry is None:
            return None
        if not right:
            if cookie:
                self._count_wrong(entry)
            return None
        self._prolong(entry)
        return entry.question

    def csrf_token(self, question_id: str) -> str:
        """What every form of the question carries; bound to the cookie."""
        entry = self._find(question_id)
        bound = entry.cookie if entry else b""
        return hmac.new(self._key, b"csrf" + bound, hashlib.sha256).hexdigest()

    def state(self, question_id: str) -> State:
        entry = self._find(question_id)
        return entry.state if entry else State.CLOSED

    def question(self, question_id: str) -> Question | None:
        """The question of that public id, while it lives. Gives no right to it."""
        entry = self._find(question_id)
        return entry.question if entry else None

    def unanswered(self, purpose: Purpose) -> list[Question]:
        """The questions of that purpose that wait for a person, the oldest first."""
        self.sweep()
        return [
            entry.question
            for entry in self._entries.values()
            if entry.question.purpose is purpose and entry.state is not State.ANSWERED
        ]

    def answer(self, question_id: str, *, elsewhere: bool = False) -> None:
        """Note that the person has done it; what waits for the question goes on.

        Without a form nobody can have answered, unless they did it *elsewhere*, as in
        a terminal; then the ticket is worth nothing any more.
        """
        entry = self._find(question_id)
        if entry is None or entry.state is State.ANSWERED:
            return
        if entry.state is State.ENTERED or elsewhere:
            entry.state = State.ANSWERED
            self.files.remove(question_id)
            entry.ended.set()

    def close(self, question_id: str) -> None:
        """End a question; its ticket and its cookie are worth nothing any more."""
        entry = self._entries.pop(question_id, None)
        if entry is not None:
            if entry.state is not State.ANSWERED:
                entry.state = State.CLOSED
            self.files.remove(question_id)
            entry.ended.set()

    def close_all(self) -> None:
        for question_id in list(self._entries):
            self.close(question_id)

    async def ending(self, question: Question) -> State:
        """Wait until a person answers: ``ANSWERED``, or ``CLOSED`` if nobody does."""
        entry = self._find(question.id)
        while entry is not None and not entry.ended.is_set():
            left = entry.closes_at - self._clock.monotonic()
            with anyio.move_on_after(max(left, 0)):
                await entry.ended.wait()
            self.sweep()
        return entry.state if entry else State.CLOSED

    def sweep(self) -> None:
        """Close the questions whose time is over."""
        now = self._clock.monotonic()
        for question_id, entry in list(self._entries.items()):
            if now >= entry.closes_at:
                self.close(question_id)

    def _find(self, question_id: str) -> _Entry | None:
        self.sweep()
        return self._entries.get(question_id)

    def _prolong(self, entry: _Entry) -> None:
        wished = self._clock.monotonic() + OPEN_MINUTES * 60
        entry.closes_at = min(max(entry.closes_at, wished), entry.closes_at_last)

    def _count_wrong(self, entry: _Entry) -> None:
        entry.wrong += 1
        if entry.wrong >= WRONG_ATTEMPTS:
            self.close(entry.question.id)

    def _token(self) -> str:
        return base64.urlsafe_b64encode(self._token_bytes(TICKET_BYTES)).decode()[:43]


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="replace")).digest()
