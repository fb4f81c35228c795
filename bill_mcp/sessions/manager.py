"""Keeps one BILL session per agent: signs in, renews, and pins it for each call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
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
from bill_mcp.sessions.sign_in import SignIn
from bill_mcp.sessions.store import BillSession, Held, SessionStore
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import Auth, SessionRole

Send = Callable[[Authorization], Awaitable[dict[str, Any]]]
Profiles = Callable[[str], Credentials]
"""The credentials of a profile by name."""


class SessionManager:
    """Signs agents in on their first call and again when BILL forgets them.

    Args:
        sign_in: Opens sessions at BILL.
        profiles: Where credentials come from.
        store: Remembers what is held for each agent.
        monotonic: The clock of idle sessions, in seconds.
        live: Learns every secret, so that none leaves the server.
    """

    def __init__(
        self,
        sign_in: SignIn,
        *,
        profiles: Profiles,
        store: SessionStore,
        monotonic: Callable[[], float],
        live: LiveSecrets,
    ) -> None:
        self._sign_in = sign_in
        self._profiles = profiles
        self._store = store
        self._monotonic = monotonic
        self._live = live
        self._gates: dict[str, Gate] = {}
        self._locks: dict[str, anyio.Lock] = {}

    def complete(
        self, agent: Agent, role: SessionRole, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The arguments of a sign-in or MFA action, with what the server holds.

        Raises:
            ArgumentsError: An earlier step is missing.
            CredentialsError: The account is not connected.
        """
        held = self._held(agent, given.get("profile"))
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
            held = self._held(agent, given.get("profile"))
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
            held = self._held(agent, given.get("profile"))
            held = roles.after(role, arguments, reply, held, self._monotonic())
            self._keep(agent, held)
            return reply

    def session_of(self, agent: Agent) -> BillSession | None:
        """The organization session held for *agent* now, if any."""
        held = self._store.get(agent.key)
        return held.organization if held else None

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
        except NotTrustedError:
            self._distrust(agent)
            raise
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
            return _with_token(self._held(agent, None).credentials)
        if auth in {Auth.NONE, Auth.LOGIN}:
            return _without_session(self._held(agent, None).credentials)
        lock = self._locks.setdefault(agent.key, anyio.Lock())
        async with lock:
            held = self._held(agent, None)
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
                held = self._keep(agent, replace(held, organization=session))
        return held

    def _held(self, agent: Agent, profile: str | None) -> Held:
        if profile is not None and profile not in agent.profiles:
            raise RefusedError(
                "this agent may not use an account of that name",
                advice="Leave profile out to use the default account.",
                code="unknown_profile",
            )
        held = self._store.get(agent.key)
        if held is None:
            credentials = self._profiles(profile or agent.profiles[0])
            self._live.add(credentials.secrets())
            held = Held(credentials=credentials)
        return held

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

    def _distrust(self, agent: Agent) -> None:
        """BILL's word on trust outweighs what was noted when signing in."""
        held = self._store.get(agent.key)
        if held is not None and held.organization is not None:
            session = replace(held.organization, trusted=False)
            self._store.put(agent.key, replace(held, organization=session))

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
