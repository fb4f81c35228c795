"""What is remembered of an agent's BILL session, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials

IDLE_MINUTES = 35
"""A session unused for longer is gone. Source: BILL's page on sign-in."""


@dataclass(frozen=True, kw_only=True)
class BillSession:
    """One signed-in session at BILL.

    Attributes:
        trusted: MFA was completed; payments need it.
        as_user: Set where a partner signed in for an organization's user.
        last_used: Monotonic seconds of the last answer under it.
    """

    session_id: Secret
    organization_id: str | None
    user_id: str | None
    trusted: bool
    last_used: float
    as_user: tuple[str, str] | None = None

    def is_idle(self, now: float) -> bool:
        return now - self.last_used >= IDLE_MINUTES * 60


@dataclass(frozen=True, kw_only=True)
class Held:
    """Everything held for one agent under one profile.

    Attributes:
        credentials: What renews its sessions; given inline, or of the profile.
        organization: The session of an organization's user.
        partner: The session of a partner, beside it.
        challenge_id: Of the MFA challenge under way.
        setup_id: Of the phone being registered.
    """

    credentials: Credentials
    organization: BillSession | None = None
    partner: BillSession | None = None
    challenge_id: str | None = None
    setup_id: str | None = None


class SessionStore(Protocol):
    """Keeps what is held for each agent."""

    def get(self, agent: str) -> Held | None: ...

    def put(self, agent: str, held: Held) -> None: ...

    def delete(self, agent: str) -> None: ...


class MemorySessionStore:
    """For the life of the process."""

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}

    def get(self, agent: str) -> Held | None:
        return self._held.get(agent)

    def put(self, agent: str, held: Held) -> None:
        self._held[agent] = held

    def delete(self, agent: str) -> None:
        self._held.pop(agent, None)
