"""What is remembered of an agent's BILL session, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials

IDLE_MINUTES = 35
"""A session unused for longer is gone. Source: BILL's page on sign-in."""


class Holder(NamedTuple):
    """Whose sessions: one agent's, with one of the accounts that it may use."""

    agent: str
    profile: str


class SessionState(StrEnum):
    """How far an agent has come at BILL."""

    SIGNED_OUT = "signed_out"
    SIGNED_IN = "signed_in"
    TRUSTED = "trusted"


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
        code_until: Monotonic seconds; until then BILL takes the code of either.
        lapsed: A remembered MFA was tried and BILL no longer takes it.
        is_taken_up: The sessions are an earlier process's, which may have signed in
            before the MFA was remembered.
        inline: The agent gave some of the credentials itself.
    """

    credentials: Credentials
    organization: BillSession | None = None
    partner: BillSession | None = None
    challenge_id: str | None = None
    setup_id: str | None = None
    code_until: float | None = None
    lapsed: bool = False
    is_taken_up: bool = False
    inline: bool = False

    def state(self, now: float) -> SessionState:
        """How far the agent has come; only the organization's session is trusted."""
        organization = self.organization
        if organization is not None and not organization.is_idle(now):
            trusted = organization.trusted
            return SessionState.TRUSTED if trusted else SessionState.SIGNED_IN
        if self.partner is not None and not self.partner.is_idle(now):
            return SessionState.SIGNED_IN
        return SessionState.SIGNED_OUT


class SessionStore(Protocol):
    """Keeps what is held for each agent and account."""

    def get(self, holder: Holder) -> Held | None: ...

    def put(self, holder: Holder, held: Held) -> None: ...

    def delete(self, holder: Holder) -> None: ...

    async def take_up(self, holder: Holder, credentials: Credentials) -> Held | None:
        """What an earlier process left of the holder's sessions with that account.

        The caller puts it, unless another of the agent's calls has put something
        meanwhile.
        """

    def passing(self) -> Mapping[Holder, Held]:
        """What no later process will take up."""

    def close(self) -> None:
        """Write what is not yet written; afterwards nothing is kept any more."""


class MemorySessionStore:
    """For the life of the process."""

    def __init__(self) -> None:
        self._held: dict[Holder, Held] = {}

    def get(self, holder: Holder) -> Held | None:
        return self._held.get(holder)

    def put(self, holder: Holder, held: Held) -> None:
        self._held[holder] = held

    def delete(self, holder: Holder) -> None:
        self._held.pop(holder, None)

    async def take_up(self, holder: Holder, credentials: Credentials) -> Held | None:
        return None

    def passing(self) -> Mapping[Holder, Held]:
        return dict(self._held)

    def close(self) -> None:
        self._held.clear()
