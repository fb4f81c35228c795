"""Keeps one BILL session per agent: signs in, renews, and pins it for each call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import anyio

from bill_mcp.agents import Agent
from bill_mcp.client.http import Authorization
from bill_mcp.errors import (
    CredentialsError,
    NotTrustedError,
    Outcome,
    RefusedError,
    SessionExpiredError,
)
from bill_mcp.secret import HELD, LiveSecrets
from bill_mcp.sessions import roles
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.gate import Gate
from bill_mcp.sessions.remembered import Remembering
from bill_mcp.sessions.sign_in import SignIn
from bill_mcp.sessions.store import BillSession, Held, SessionState, SessionStore
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import Auth, SessionRole

Send = Callable[[Authorization], Awaitable[dict[str, Any]]]
LOGOUT_S = 3.0
"""How long the end of a server waits for BILL."""

LAPSED = "The remembered MFA has ended, as it does after 30 days."

Profiles = Callable[[str], Credentials]
"""The credentials of a profile by name."""


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
        self._profiles = profiles
        self._store = store
        self._remembering = remembering
        self._monotonic = monotonic
        self._live = live
        self._gates: dict[str, Gate] = {}
        self._locks: dict[str, anyio.Lock] = {}

    async def complete(
        self, agent: Agent, role: SessionRole, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The arguments of a sign-in or MFA action, with what the server holds.

        Raises:
            ArgumentsError: An earlier step is missing.
            CredentialsError: The account is not connected.
        """
        held = await self._held(agent, given.get("profile"))
        arguments = roles.completed(role, given, held)
        self._live.add(roles.with_inline(role, held.credentials, arguments).secrets())
        return arguments

    async def run(self, agent: Agent, action: Action, send: Send) -> dict[str, Any]:
        """Run *send* under the agent's session, renewing it at most once.

        Sending again is safe: BILL checks the session before it acts (BDC_1109).
        """
        async with self._gate(agent).passing():
            return await self._renewing(agent, action.spec.auth, send)

    async def run_role(
        self,
        agent: Agent,
        action: Action,
        *,
        given: Mapping[str, Any],
        arguments: Mapping[str, Any],
        send: Send,
    ) -> dict[str, Any]:
        """Run an action that changes the session itself, while no other call runs."""
        role = action.spec.session
        if role is None:
            raise AssertionError(f"{action.name} has no session role")
        async with self._gate(agent).closed():
            held = await self._held(agent, given.get("profile"))
            if role is SessionRole.SIGN_IN and not set(given) - {"profile", "preview"}:
                live = held.organization
                if live is not None and not live.is_idle(self._monotonic()):
                    return _described(live)
            if role in {SessionRole.SIGN_IN, SessionRole.PARTNER_SIGN_IN}:
                credentials = roles.with_inline(role, held.credentials, arguments)
                reply = await self._sign_in.run(
                    agent.key, credentials, role, send, renewal=False
                )
            elif role is SessionRole.SIGN_OUT:
                reply = await self._ended(agent, held, send)
            else:
                reply = await self._renewing(agent, action.spec.auth, send)
            held = await self._held(agent, given.get("profile"))
            held = roles.after(role, arguments, reply, held, self._monotonic())
            if role is SessionRole.CONFIRM_CHALLENGE and arguments.get("rememberMe"):
                await self._remembered(held.credentials)
            await self._settled(agent, held)
            return reply

    def session_of(self, agent: Agent) -> BillSession | None:
        """The organization session held for *agent* now, if any."""
        held = self._store.get(agent.key)
        return held.organization if held else None

    def state_of(self, agent: Agent) -> SessionState:
        """How far *agent* has come at BILL, as far as this process knows.

        Sessions that an earlier process left count from the agent's first call on.
        """
        held = self._store.get(agent.key)
        return held.state(self._monotonic()) if held else SessionState.SIGNED_OUT

    async def close(self) -> None:
        """Sign out of what no later process takes up, and keep the rest."""
        try:
            with anyio.move_on_after(LOGOUT_S, shield=True):
                async with anyio.create_task_group() as tasks:
                    for agent, held in self._store.passing().items():
                        tasks.start_soon(self._leave, agent, held)
        finally:
            self._store.close()

    async def _leave(self, agent: str, held: Held) -> None:
        session = held.organization
        if session is None or session.is_idle(self._monotonic()):
            return
        # Whatever goes wrong, the session idles to its end without us.
        with suppress(Exception):
            async with self._gates.setdefault(agent, Gate()).closed():
                authorization = _with_session(held, session, Auth.SESSION)
                await self._sign_in.end(agent, authorization)

    async def _ended(self, agent: Agent, held: Held, send: Send) -> dict[str, Any]:
        """BILL's answer to a sign-out; nobody signs in for the sake of it."""
        session = held.organization
        if session is None or session.is_idle(self._monotonic()):
            return {}
        try:
            return await send(_with_session(held, session, Auth.SESSION))
        except SessionExpiredError:
            return {}

    async def _renewing(self, agent: Agent, auth: Auth, send: Send) -> dict[str, Any]:
        authorization = await self._authorization(agent, auth, stale=None)
        try:
            reply = await send(authorization)
        except NotTrustedError as error:
            lapsed = self._distrusted(agent)
            if error.outcome is not Outcome.NOT_DONE or not await self._learnt(agent):
                if lapsed:
                    error.advice = f"{LAPSED} {error.advice}"
                raise
            authorization = await self._authorization(agent, auth, stale=authorization)
            reply = await send(authorization)
        except SessionExpiredError as error:
            has_session = auth in {Auth.SESSION, Auth.PARTNER}
            if error.outcome is not Outcome.NOT_DONE or not has_session:
                raise
            authorization = await self._authorization(agent, auth, stale=authorization)
            reply = await send(authorization)
        self._touch(agent, auth, authorization)
        return reply

    async def _authorization(
        self, agent: Agent, auth: Auth, *, stale: Authorization | None
    ) -> Authorization:
        """What the call travels with; signs in where there is no session yet.

        *stale* is what BILL did not know any more: whoever comes first renews it,
        whoever comes later finds it renewed.
        """
        if auth is Auth.API_TOKEN:
            return _with_token((await self._held(agent, None)).credentials)
        if auth in {Auth.NONE, Auth.LOGIN}:
            return _without_session((await self._held(agent, None)).credentials)
        lock = self._locks.setdefault(agent.key, anyio.Lock())
        async with lock:
            held = await self._held(agent, None)
            session = held.partner if auth is Auth.PARTNER else held.organization
            known = _with_session(held, session, auth) if session else None
            expired = session is not None and session.is_idle(self._monotonic())
            if known is not None and not expired and not _same(known, stale):
                return known
            held = await self._renewed(agent, held, auth, renewal=session is not None)
            session = held.partner if auth is Auth.PARTNER else held.organization
            if session is None:
                raise AssertionError("a sign-in leaves a session")
            return _with_session(held, session, auth)

    async def _renewed(
        self, agent: Agent, held: Held, auth: Auth, *, renewal: bool
    ) -> Held:
        """What is held after a sign-in, which a cancelled call does not break off."""
        with anyio.CancelScope(shield=True):
            as_user = held.organization.as_user if held.organization else None
            if auth is Auth.PARTNER or as_user is not None:
                partner = await self._sign_in.as_partner(
                    agent.key, held.credentials, self._monotonic(), renewal=renewal
                )
                held = self._keep(agent, replace(held, partner=partner))
            if auth is Auth.SESSION and as_user is not None:
                session = await self._sign_in.as_user(
                    agent.key,
                    held.credentials,
                    _with_session(held, held.partner, Auth.PARTNER),
                    as_user,
                    self._monotonic(),
                )
                held = self._keep(agent, replace(held, organization=session))
            elif auth is Auth.SESSION:
                session = await self._sign_in.as_organization(
                    agent.key, held.credentials, self._monotonic(), renewal=renewal
                )
                held = await self._settled(agent, replace(held, organization=session))
        return held

    async def _settled(self, agent: Agent, held: Held) -> Held:
        """Keep what is held after a sign-in or MFA step.

        A remembered MFA that did not make the session trusted has ended: BILL says so
        by nothing else, so it is forgotten here and explained at the next refusal.
        """
        session = held.organization
        if session is not None and session.trusted:
            held = replace(held, lapsed=False)
        elif session is not None and held.credentials.remember_me_id is not None:
            await self._remembering.forget(held.credentials)
            forgetting = replace(held.credentials, remember_me_id=None, device=None)
            held = replace(held, credentials=forgetting, lapsed=True)
        return self._keep(agent, held)

    async def _remembered(self, credentials: Credentials) -> None:
        if credentials.remember_me_id is not None and credentials.device is not None:
            await self._remembering.keep(credentials)

    async def _held(self, agent: Agent, profile: str | None) -> Held:
        if profile is not None and profile not in agent.profiles:
            raise RefusedError(
                "this agent may not use an account of that name",
                advice="Leave profile out to use the default account.",
                code="unknown_profile",
            )
        held = self._store.get(agent.key)
        if held is None:
            credentials = self._profiles(profile or agent.profiles[0])
            if credentials.can_sign_in and credentials.remember_me_id is None:
                found = await self._remembering.find(credentials)
                if found is not None:
                    credentials = credentials.remembering(
                        found.remember_me_id, found.device
                    )
            self._live.add(credentials.secrets())
            held = await self._taken_up(agent, credentials)
        return held

    async def _taken_up(self, agent: Agent, credentials: Credentials) -> Held:
        """What is held at the agent's first call, sessions of before a restart too."""
        found = await self._store.take_up(agent.key, credentials)
        quicker = self._store.get(agent.key)
        if quicker is not None:
            return quicker
        if found is not None:
            return self._keep(agent, found)
        return Held(credentials=credentials)

    def _keep(self, agent: Agent, held: Held) -> Held:
        for session in (held.organization, held.partner):
            if session is not None:
                self._live.add([session.session_id])
        self._live.add(held.credentials.secrets())
        self._store.put(agent.key, held)
        return held

    def _touch(self, agent: Agent, auth: Auth, used: Authorization) -> None:
        """Remember when the session was used, unless it was replaced meanwhile."""
        held = self._store.get(agent.key)
        if held is None:
            return
        session = held.partner if auth is Auth.PARTNER else held.organization
        if session is not None and session.session_id == used.headers.get("sessionId"):
            touched = replace(session, last_used=self._monotonic())
            if auth is Auth.PARTNER:
                self._store.put(agent.key, replace(held, partner=touched))
            else:
                self._store.put(agent.key, replace(held, organization=touched))

    async def _learnt(self, agent: Agent) -> bool:
        """Whether a person completed MFA elsewhere, as with `bill-mcp login --mfa`.

        Then a new sign-in comes back trusted, and the call can be sent again: BILL
        checks trust before it acts (BDC_1361).
        """
        held = self._store.get(agent.key)
        if held is None or held.organization is None or held.organization.as_user:
            return False
        found = await self._remembering.find(held.credentials)
        if found is None or found.remember_me_id == held.credentials.remember_me_id:
            return False
        credentials = held.credentials.remembering(found.remember_me_id, found.device)
        self._keep(agent, replace(held, credentials=credentials))
        return True

    def _distrusted(self, agent: Agent) -> bool:
        """Note BILL's word on trust; answers whether a remembered MFA has lapsed."""
        held = self._store.get(agent.key)
        if held is None or held.organization is None:
            return False
        session = replace(held.organization, trusted=False)
        self._store.put(agent.key, replace(held, organization=session))
        return held.lapsed

    def _gate(self, agent: Agent) -> Gate:
        return self._gates.setdefault(agent.key, Gate())


def _same(known: Authorization, stale: Authorization | None) -> bool:
    return stale is not None and known.headers == stale.headers


def _described(session: BillSession) -> dict[str, Any]:
    told = {
        "sessionId": HELD,
        "organizationId": session.organization_id,
        "userId": session.user_id,
        "trusted": session.trusted,
    }
    return {name: value for name, value in told.items() if value is not None}


def _with_session(held: Held, session: BillSession | None, auth: Auth) -> Authorization:
    credentials = held.credentials
    key = credentials.app_key if auth is Auth.PARTNER else credentials.dev_key
    if session is None or key is None:
        raise CredentialsError(
            "the account has no developer key for this call",
            advice="Ask the operator to set BILL_DEV_KEY (BILL_APP_KEY for a partner).",
        )
    name = "appKey" if auth is Auth.PARTNER else "devKey"
    return Authorization(
        headers={name: key, "sessionId": session.session_id},
        limit_key=key.digest(),
        organization=session.organization_id or "",
    )


def _with_token(credentials: Credentials) -> Authorization:
    token = credentials.api_token
    if token is None:
        raise CredentialsError(
            "no Spend & Expense API token is connected to this server",
            advice="Ask the operator to set BILL_API_TOKEN for this server.",
        )
    return Authorization(
        headers={"apiToken": token},
        limit_key=token.digest(),
        organization="spend",
        spend=True,
    )


def _without_session(credentials: Credentials) -> Authorization:
    key = credentials.dev_key or credentials.app_key
    return Authorization(
        headers={},
        limit_key=key.digest() if key else "none",
        organization=credentials.organization_id or "",
    )
