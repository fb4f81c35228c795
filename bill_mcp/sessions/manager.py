"""Keeps an agent's BILL sessions: signs in, renews, and pins one for each call.

One account at a time is an agent's current one. The sessions of its others stay held,
so that switching back costs no sign-in while they live.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio

from bill_mcp.agents import Agent
from bill_mcp.client.http import Authorization
from bill_mcp.errors import (
    CallError,
    NotTrustedError,
    Outcome,
    SessionExpiredError,
)
from bill_mcp.secret import LiveSecrets
from bill_mcp.sessions import codes, roles
from bill_mcp.sessions.authorizing import (
    is_same,
    require_same_account,
    require_same_user,
    with_session,
    with_token,
    without_session,
)
from bill_mcp.sessions.closures import CODES_PAUSED
from bill_mcp.sessions.gate import Gate
from bill_mcp.sessions.holdings import SIGNED_IN_BY_US, Holdings, Profiles
from bill_mcp.sessions.leaving import LOGOUT_S, Leaving
from bill_mcp.sessions.pin import Pin, Send
from bill_mcp.sessions.remembered import Remembering
from bill_mcp.sessions.sign_in import SignIn
from bill_mcp.sessions.store import (
    BillSession,
    Held,
    Holder,
    SessionState,
    SessionStore,
)
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import Auth, SessionRole

LAPSED = "The remembered MFA has ended, as it does after 30 days."


class SessionManager:
    """Signs agents in on their first call and again when BILL forgets them.

    Args:
        sign_in: Opens sessions at BILL.
        profiles: Where credentials come from.
        store: Remembers what is held for each agent.
        remembering: Keeps remembered MFA between runs.
        monotonic: The clock of idle sessions, in seconds.
        live: Learns every secret, so that none leaves the server.
    """

    def __init__(
        self,
        sign_in: SignIn,
        *,
        profiles: Profiles,
        store: SessionStore,
        remembering: Remembering,
        monotonic: Callable[[], float],
        live: LiveSecrets,
    ) -> None:
        self._sign_in = sign_in
        self._holdings = Holdings(
            profiles=profiles,
            store=store,
            remembering=remembering,
            monotonic=monotonic,
            live=live,
        )
        self._store = store
        self._monotonic = monotonic
        self._live = live
        self._leaving = Leaving(sign_in, monotonic)
        self._gates: dict[str, Gate] = {}
        self._locks: dict[Holder, anyio.Lock] = {}

    def profile_of(self, agent: Agent) -> str:
        """The account that the agent's calls go to now."""
        return self._holdings.profile_of(agent)

    def pinned(self, agent: Agent, profile: str | None = None) -> Agent:
        """The agent as one call knows it: with one account from beginning to end.

        Raises:
            RefusedError: It may not use the account *profile*.
        """
        return self._holdings.pinned(agent, profile)

    async def complete(
        self, agent: Agent, role: SessionRole, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The arguments of a sign-in or MFA action, with what the server holds.

        Raises:
            ArgumentsError: An earlier step is missing.
            CredentialsError: The account is not connected.
        """
        agent = self.pinned(agent)
        held = await self._holdings.signing_in(agent, role)
        if roles.only_switches(role, given, held):
            return {}
        given = {n: value for n, value in given.items() if n != "profile"}
        arguments = roles.completed(role, given, held)
        self._live.add(roles.with_inline(role, held.credentials, arguments).secrets())
        return arguments

    async def run(self, agent: Agent, action: Action, send: Send) -> dict[str, Any]:
        """Run *send* under the agent's session, renewing it at most once.

        Sending again is safe: BILL checks the session before it acts (BDC_1109).
        """
        agent = self.pinned(agent)
        async with self._gate(agent).passing():
            return await self._renewing(agent, action.spec.auth, send)

    @asynccontextmanager
    async def pin(self, agent: Agent, auth: Auth) -> AsyncIterator[Pin]:
        """The agent's session for all requests of one call.

        Until the end nobody signs the agent in, out or into another organization.
        """
        agent = self.pinned(agent)
        async with self._gate(agent).passing():
            authorization = await self._authorization(agent, auth, stale=None)
            session = self.session_of(agent) if auth is Auth.SESSION else None

            async def pinned(send: Send) -> dict[str, Any]:
                async def sending(now: Authorization) -> dict[str, Any]:
                    require_same_account(authorization, now)
                    if session is not None:
                        require_same_user(session, self.session_of(agent))
                    return await send(now)

                return await self._renewing(agent, auth, sending)

            yield Pin(
                profile=self.profile_of(agent),
                auth=auth,
                authorization=authorization,
                session=session,
                send=pinned,
            )

    async def run_role(
        self,
        agent: Agent,
        action: Action,
        *,
        given: Mapping[str, Any],
        arguments: Mapping[str, Any],
        send: Send,
    ) -> dict[str, Any]:
        """Run an action that changes the session itself, while no other call runs.

        A sign-in that names an account makes it the agent's current one.
        """
        agent = self.pinned(agent)
        role = action.spec.session
        if role is None:
            raise AssertionError(f"{action.name} has no session role")
        async with self._gate(agent).closed():
            held = await self._holdings.held(agent)
            if roles.only_switches(role, given, held):
                self._holdings.switch(agent)
                return {}
            if role is SessionRole.SIGN_IN and not roles.gives_credentials(given):
                live = held.organization
                if live is not None and not live.is_idle(self._monotonic()):
                    self._switch(agent, given)
                    return roles.described(live)
            reply = await self._answered(agent, held, action, arguments, send)
            before = await self._holdings.held(agent)
            now = self._monotonic()
            held = roles.after(role, arguments, reply, before, now)
            held = codes.asked(role, held, now)
            if arguments.get("rememberMe") and reply.get("rememberMeId"):
                await self._holdings.remember(held.credentials)
            refused = roles.refused_device(role, arguments, reply, before)
            await self._holdings.settled(agent, held, refused)
            codes.check_remembered(arguments, reply)
            if role in roles.SIGN_INS:
                self._switch(agent, given)
                if held.organization is not before.organization:
                    await self._leaving.replaced(agent.key, before)
            return dict(reply)

    async def _answered(
        self,
        agent: Agent,
        held: Held,
        action: Action,
        arguments: Mapping[str, Any],
        send: Send,
    ) -> Mapping[str, Any]:
        """BILL's answer to an action that changes the session itself."""
        role = action.spec.session
        if role in SIGNED_IN_BY_US:
            credentials = roles.with_inline(role, held.credentials, arguments)
            own = None
            if role is SessionRole.SIGN_IN:
                own = await self._holdings.guessed_for(agent, held, credentials)
            return await self._sign_in.run(
                agent.key, credentials, role, send, renewal=False, own=own
            )
        if role is SessionRole.SIGN_OUT:
            return await self._leaving.asked_for(held, send)
        if role in roles.CODES:
            return await self._with_code(agent, held, action, send)
        return await self._renewing(
            agent, action.spec.auth, send, roles.organization_in(role, arguments)
        )

    def _switch(self, agent: Agent, given: Mapping[str, Any]) -> None:
        """Make the account that a sign-in named the agent's current one."""
        if given.get("profile") is not None:
            self._holdings.switch(agent)

    async def look(self, agent: Agent) -> Held | None:
        """What is held for *agent* and alive; None if its account is gone."""
        held = await self._holdings.looked_at(self.pinned(agent))
        session = held.organization if held else None
        if held is not None and session and session.is_idle(self._monotonic()):
            held = replace(held, organization=None)
        return held

    def told(self, agent: Agent, reply: Mapping[str, Any]) -> None:
        """Note what BILL says of the agent's session when it is asked to show it."""
        self._holdings.told(agent, reply)

    def session_of(self, agent: Agent) -> BillSession | None:
        """The organization session held for *agent* now, if any."""
        held = self._store.get(self._holdings.holder(agent))
        return held.organization if held else None

    def state_of(self, agent: Agent) -> SessionState:
        """How far *agent* has come at BILL, as far as this process knows.

        Sessions that an earlier process left count from the agent's first call on.
        """
        held = self._store.get(self._holdings.holder(agent))
        return held.state(self._monotonic()) if held else SessionState.SIGNED_OUT

    async def close(self) -> None:
        """Sign out of what no later process takes up, and keep the rest."""
        try:
            with anyio.move_on_after(LOGOUT_S, shield=True):
                async with anyio.create_task_group() as tasks:
                    for holder, held in self._store.passing().items():
                        tasks.start_soon(self._leave, holder, held)
        finally:
            self._store.close()

    async def _leave(self, holder: Holder, held: Held) -> None:
        if held.organization is not None:
            async with self._gates.setdefault(holder.agent, Gate()).closed():
                await self._leaving.behind(holder.agent, held)

    async def _with_code(
        self, agent: Agent, held: Held, action: Action, send: Send
    ) -> Mapping[str, Any]:
        """BILL's answer to a call that sends a code or tries one."""
        credentials, closures = held.credentials, self._sign_in.closures
        user = f"{credentials.username} {credentials.organization_id}"
        if held.organization is not None and held.organization.as_user is not None:
            user = " ".join(held.organization.as_user)
        closures.check_codes(user)
        try:
            return await self._renewing(agent, action.spec.auth, send)
        except CallError as error:
            if error.bill_code == CODES_PAUSED:
                raise closures.pause_codes(user) from None
            now = await self._holdings.held(agent)  # signed in meanwhile, perhaps
            role = action.spec.session
            may_be_done = codes.may_have_been_taken(role, now, error)
            if may_be_done and await self._sign_in.is_trusted(agent.key, now):
                return codes.LOST
            self._holdings.keep(agent, codes.after_failure(role, now, error))
            raise

    async def _renewing(
        self, agent: Agent, auth: Auth, send: Send, organization: str | None = None
    ) -> dict[str, Any]:
        """BILL's answer under the agent's session, renewed at most once.

        Once more where MFA was completed elsewhere: BILL may forget a session, and then
        find the next one not trusted. *organization* is the one that the call is about,
        if not the session's.
        """
        if organization is not None or auth is Auth.SESSION:
            send = self._sign_in.closures.respected(send, organization)
        authorization = await self._authorization(agent, auth, stale=None)
        renewed, learnt = auth not in {Auth.SESSION, Auth.PARTNER}, False
        while True:
            try:
                reply = await send(authorization)
                break
            except NotTrustedError as error:
                not_done = error.outcome is Outcome.NOT_DONE
                lapsed = await self._holdings.distrusted(agent)
                learnt = not learnt and not_done and await self._holdings.learnt(agent)
                if not learnt:
                    if lapsed:
                        error.reason, error.advice = LAPSED, f"{LAPSED} {error.advice}"
                    raise
            except SessionExpiredError as error:
                if renewed or error.outcome is not Outcome.NOT_DONE:
                    raise
                renewed = True
                self._holdings.expire(agent, auth, authorization)
            authorization = await self._again(agent, auth, authorization)
        self._holdings.touch(agent, auth, authorization)
        return reply

    async def _again(
        self, agent: Agent, auth: Auth, stale: Authorization
    ) -> Authorization:
        """What the call is sent with once more, to the same organization only.

        Raises:
            RefusedError: A person has connected another one under the same name.
        """
        renewed = await self._authorization(agent, auth, stale=stale)
        require_same_account(stale, renewed)
        return renewed

    async def _authorization(
        self, agent: Agent, auth: Auth, *, stale: Authorization | None
    ) -> Authorization:
        """What the call travels with; signs in where there is no session yet.

        *stale* is what BILL did not know any more: whoever comes first renews it,
        whoever comes later finds it renewed.
        """
        if auth is Auth.API_TOKEN:
            return with_token((await self._holdings.held(agent)).credentials)
        if auth in {Auth.NONE, Auth.LOGIN}:
            return without_session((await self._holdings.held(agent)).credentials)
        lock = self._locks.setdefault(self._holdings.holder(agent), anyio.Lock())
        async with lock:
            held = await self._holdings.held(agent)
            session = held.partner if auth is Auth.PARTNER else held.organization
            known = with_session(held, session, auth) if session else None
            expired = session is not None and session.is_idle(self._monotonic())
            if known is not None and not expired and not is_same(known, stale):
                return known
            held = await self._renewed(agent, held, auth, renewal=session is not None)
            session = held.partner if auth is Auth.PARTNER else held.organization
            if session is None:
                raise AssertionError("a sign-in leaves a session")
            return with_session(held, session, auth)

    async def _renewed(
        self, agent: Agent, held: Held, auth: Auth, *, renewal: bool
    ) -> Held:
        """What is held after a sign-in, which a cancelled call does not break off."""
        with anyio.CancelScope(shield=True):
            held = await self._holdings.reread(agent, held)
            as_user = held.organization.as_user if held.organization else None
            if auth is Auth.PARTNER or as_user is not None:
                partner = await self._sign_in.as_partner(
                    agent.key, held.credentials, self._monotonic(), renewal=renewal
                )
                held = self._holdings.keep(agent, replace(held, partner=partner))
            if auth is Auth.SESSION and as_user is not None:
                session = await self._sign_in.as_user(
                    agent.key,
                    held.credentials,
                    with_session(held, held.partner, Auth.PARTNER),
                    as_user,
                    self._monotonic(),
                )
                held = self._holdings.keep(agent, replace(held, organization=session))
            elif auth is Auth.SESSION:
                session = await self._sign_in.as_organization(
                    agent.key, held.credentials, self._monotonic(), renewal=renewal
                )
                refused = None if session.trusted else held.credentials
                held = await self._holdings.settled(
                    agent, replace(held, organization=session), refused
                )
        return held

    def _gate(self, agent: Agent) -> Gate:
        return self._gates.setdefault(agent.key, Gate())
