"""What is held for each agent under each of its accounts, and how it comes to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import anyio

from bill_mcp.agents import Agent
from bill_mcp.client.http import Authorization
from bill_mcp.errors import (
    ConfigError,
    CredentialsError,
    NotConnectedError,
    RefusedError,
)
from bill_mcp.secret import LiveSecrets
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.guesses import is_guess
from bill_mcp.sessions.remembered import Remembering
from bill_mcp.sessions.store import IDLE_MINUTES, Held, Holder, SessionStore
from bill_mcp.specs.models import Auth, SessionRole

Profiles = Callable[[str], Credentials]
"""The credentials of a profile by name, as they are now. Blocks, as on a keyring.

Raises `ConfigError` where there is no such account any more.
"""

SIGNED_IN_BY_US = frozenset({SessionRole.SIGN_IN, SessionRole.PARTNER_SIGN_IN})
"""The sign-ins that credentials open, not another session."""

_TRUSTED = {"COMPLETE": True, "CHALLENGE": False, "SETUP": False}
"""What BILL's word on a session's MFA says of its trust; other words say nothing."""


class Holdings:
    """One account at a time is an agent's current one; its others stay held.

    Args:
        profiles: Where credentials come from.
        store: Remembers what is held.
        remembering: Keeps remembered MFA between runs.
        monotonic: The clock of idle sessions, in seconds.
        live: Learns every secret, so that none leaves the server.
    """

    def __init__(
        self,
        *,
        profiles: Profiles,
        store: SessionStore,
        remembering: Remembering,
        monotonic: Callable[[], float],
        live: LiveSecrets,
    ) -> None:
        self._profiles = profiles
        self.store = store
        self._remembering = remembering
        self._monotonic = monotonic
        self._live = live
        self._current: dict[str, str] = {}

    def profile_of(self, agent: Agent) -> str:
        """The account that the agent's calls go to now."""
        if agent.profile is not None:
            return agent.profile
        return self._current.get(agent.key, agent.profiles[0])

    def pinned(self, agent: Agent, profile: str | None = None) -> Agent:
        """The agent as one call knows it: with one account from beginning to end.

        Raises:
            RefusedError: It may not use the account *profile*.
        """
        name = profile or self.profile_of(agent)
        if name not in agent.profiles:
            raise _unknown_profile(agent)
        return replace(agent, profile=name)

    def switch(self, agent: Agent) -> None:
        """Make the account that *agent* is pinned to its current one."""
        self._current[agent.key] = self.profile_of(agent)

    async def settled(
        self, agent: Agent, held: Held, refused: Credentials | None
    ) -> Held:
        """Keep what is held after a sign-in or MFA step.

        A remembered MFA that BILL was shown and that made no session trusted has
        ended: BILL says so by nothing else, so it lapses here and is explained at the
        next refusal. *refused* are the credentials that it belongs to.
        """
        session = held.organization
        if session is not None and session.trusted:
            held = replace(held, lapsed=False)
        if refused is not None and refused.remember_me_id is not None:
            await self._remembering.lapse(refused)
            if held.credentials.remembers_as(refused):
                forgetting = replace(held.credentials, remember_me_id=None, device=None)
                held = replace(held, credentials=forgetting, lapsed=True)
        return self.keep(agent, held)

    async def remember(self, credentials: Credentials) -> None:
        """Keep the MFA that was remembered just now, for other processes too."""
        if credentials.remember_me_id is not None and credentials.device is not None:
            await self._remembering.keep(credentials)

    async def held(self, agent: Agent) -> Held:
        """What is held for the agent under its account; read when first asked for.

        Raises:
            CredentialsError: The account is not connected.
        """
        held = self.store.get(self.holder(agent))
        if held is None:
            held = await self._begun(await self._connected(agent))
            held = await self._taken_up(agent, held)
        return held

    async def _connected(self, agent: Agent) -> Credentials:
        """The agent's account as it is connected now.

        Raises:
            CredentialsError: It is not, or what signs it in cannot be read.
        """
        profile = self.profile_of(agent)
        try:
            return await anyio.to_thread.run_sync(self._profiles, profile)
        except ConfigError as error:
            raise CredentialsError(
                f"the account {profile} cannot be used: {error}",
                advice="Ask the operator to mend that; nothing was sent.",
            ) from None

    async def looked_at(self, agent: Agent) -> Held | None:
        """What is held, sessions of before a restart too; BILL is asked nothing.

        None where a person has removed the account, and with it its sessions.
        """
        try:
            held = await self.held(agent)
            if not held.inline:
                await anyio.to_thread.run_sync(self._profiles, self.profile_of(agent))
        except (CredentialsError, NotConnectedError):
            return None
        except ConfigError:
            # The vault is locked, say: the session that is held is no worse for that.
            return held
        return held

    def told(self, agent: Agent, reply: Mapping[str, Any]) -> None:
        """Note BILL's word on the session that is held, in *reply* to a look at it."""
        held = self.store.get(self.holder(agent))
        trusted = _TRUSTED.get(str(reply.get("mfaStatus")))
        if held is None or held.organization is None or trusted is None:
            return
        session = replace(held.organization, trusted=trusted)
        self.store.put(self.holder(agent), replace(held, organization=session))

    async def guessed_for(
        self, agent: Agent, held: Held, credentials: Credentials
    ) -> Credentials | None:
        """The account itself, where only the organization is an agent's choice.

        Raises:
            CredentialsError: The account is no longer connected.
        """
        own = await self._connected(agent) if held.inline else held.credentials
        return own if is_guess(credentials, own) else None

    async def _begun(self, credentials: Credentials) -> Held:
        """What is held before the first session, with the MFA that is remembered."""
        credentials = await self._with_remembered(credentials)
        self._live.add(credentials.secrets())
        return Held(credentials=credentials)

    async def _with_remembered(self, credentials: Credentials) -> Credentials:
        """The same account with the MFA that was remembered for it, if any."""
        if not credentials.can_sign_in or credentials.remember_me_id is not None:
            return credentials
        found = await self._remembering.find(credentials)
        if found is None:
            return credentials
        return credentials.remembering(found.remember_me_id, found.device)

    async def reread(self, agent: Agent, held: Held) -> Held:
        """What is held, unless a person has connected another account, or none.

        With the MFA that was completed and remembered meanwhile, as in another process.

        Raises:
            CredentialsError: The account is no longer connected.
        """
        if held.inline:
            known = await self._with_remembered(held.credentials)
            return replace(held, credentials=known)
        now = await self._connected(agent)
        if not now.opens_the_same_as(held.credentials):
            begun = self.keep(agent, await self._begun(now))
            found = await self.store.take_up(self.holder(agent), begun.credentials)
            return self.keep(agent, found or begun)
        known = replace(held.credentials, connected_at=now.connected_at)
        return replace(held, credentials=await self._with_remembered(known))

    async def signing_in(self, agent: Agent, role: SessionRole) -> Held:
        """What a sign-in or MFA step of *role* is made with.

        Raises:
            CredentialsError: The account is not connected.
        """
        held = await self.held(agent)
        if role not in SIGNED_IN_BY_US:
            return held
        partner = role is SessionRole.PARTNER_SIGN_IN
        session = held.partner if partner else held.organization
        if session is not None and not session.is_idle(self._monotonic()):
            return held
        return self.keep(agent, await self.reread(agent, held))

    async def _taken_up(self, agent: Agent, begun: Held) -> Held:
        """What is held at the agent's first call, sessions of before a restart too."""
        holder = self.holder(agent)
        found = await self.store.take_up(holder, begun.credentials)
        return self.store.get(holder) or self.keep(agent, found or begun)

    def keep(self, agent: Agent, held: Held) -> Held:
        """Hold it from now on."""
        for session in (held.organization, held.partner):
            if session is not None:
                self._live.add([session.session_id])
        self._live.add(held.credentials.secrets())
        self.store.put(self.holder(agent), held)
        return held

    def touch(self, agent: Agent, auth: Auth, used: Authorization) -> None:
        """Remember when the session was used, unless it was replaced meanwhile."""
        self._note_use(agent, auth, used, self._monotonic())

    def expire(self, agent: Agent, auth: Auth, used: Authorization) -> None:
        """Note that BILL no longer knows the session: it is as good as idle."""
        long_ago = self._monotonic() - IDLE_MINUTES * 60
        self._note_use(agent, auth, used, long_ago)

    def _note_use(
        self, agent: Agent, auth: Auth, used: Authorization, when: float
    ) -> None:
        held = self.store.get(self.holder(agent))
        if held is None:
            return
        session = held.partner if auth is Auth.PARTNER else held.organization
        if session is not None and session.session_id == used.headers.get("sessionId"):
            touched = replace(session, last_used=when)
            if auth is Auth.PARTNER:
                self.store.put(self.holder(agent), replace(held, partner=touched))
            else:
                self.store.put(self.holder(agent), replace(held, organization=touched))

    async def learnt(self, agent: Agent) -> bool:
        """Whether a person completed MFA elsewhere, as with `bill-mcp login --mfa`.

        Then a new sign-in comes back trusted, and the call can be sent again: BILL
        checks trust before it acts (BDC_1361).
        """
        held = self.store.get(self.holder(agent))
        if held is None or held.organization is None or held.organization.as_user:
            return False
        found = await self._remembering.find(held.credentials)
        if found is None:
            return False
        is_known = found.remember_me_id == held.credentials.remember_me_id
        if is_known and not held.is_taken_up:
            return False
        credentials = held.credentials.remembering(found.remember_me_id, found.device)
        held = replace(held, credentials=credentials, is_taken_up=False)
        self.keep(agent, held)
        return True

    async def distrusted(self, agent: Agent) -> bool:
        """Note BILL's word on trust; answers whether a remembered MFA has lapsed."""
        held = self.store.get(self.holder(agent))
        if held is None or held.organization is None:
            return False
        session = replace(held.organization, trusted=False)
        self.store.put(self.holder(agent), replace(held, organization=session))
        return held.lapsed or await self._remembering.has_lapsed(held.credentials)

    def holder(self, agent: Agent) -> Holder:
        """Under which name it is held."""
        return Holder(agent.key, self.profile_of(agent))


def _unknown_profile(agent: Agent) -> RefusedError:
    if len(agent.profiles) == 1:
        advice = "Leave profile out: there is one account here"
    else:
        advice = "Use one of the accounts that are connected here"
    return RefusedError(
        "this agent may not use an account of that name",
        advice=f"{advice}: {', '.join(agent.profiles)}.",
        code="unknown_profile",
    )
