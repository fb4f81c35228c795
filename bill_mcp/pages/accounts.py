"""Runs BILL's actions for an account that is only being tried, outside any agent's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bill_mcp.agents import Agent, AgentPolicy, Confirm
from bill_mcp.client.http import Authorization, BillClient
from bill_mcp.client.request import NewId, build
from bill_mcp.clock import Clock
from bill_mcp.environments import Environment
from bill_mcp.secret import LiveSecrets
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.manager import SessionManager
from bill_mcp.sessions.remembered import REMEMBERED_DAYS, RememberedMfa, Remembering
from bill_mcp.sessions.sign_in import SignIn
from bill_mcp.sessions.store import Holder, MemorySessionStore
from bill_mcp.specs.catalogue import Catalogue


@dataclass(frozen=True, kw_only=True)
class Bill:
    """One environment of BILL, reachable.

    Attributes:
        base_url: None where it is the environment's own.
        sign_in: Shared by all tries, so that a refused account stays refused.
        remembering: Knows remembered MFA, and keeps it once the account is kept.
    """

    catalogue: Catalogue
    client: BillClient
    sign_in: SignIn
    clock: Clock
    new_id: NewId
    live: LiveSecrets
    remembering: Remembering
    base_url: str | None = None


OpenBill = Callable[[Environment], AbstractAsyncContextManager[Bill]]
"""Reaches an environment, as `bill_mcp.app.application` does for a server.

Another task may end it than the one that began it, so it holds no task group.
"""


class TriedAccount:
    """One set of credentials at one BILL, with a session of its own."""

    def __init__(self, bill: Bill, credentials: Credentials, *, name: str) -> None:
        self._bill = bill
        self._credentials = credentials
        self._agent = Agent(
            key=f"page:{name}",
            name="sign-in page",
            profiles=(name,),
            policy=AgentPolicy(read_only=False, confirm=Confirm.NEVER),
            surface="full",
        )
        self._store = MemorySessionStore()
        self._devices = _Devices(bill.remembering, bill.clock)
        self._sessions = SessionManager(
            bill.sign_in,
            profiles=lambda _: credentials,
            store=self._store,
            remembering=self._devices,
            monotonic=bill.clock.monotonic,
            live=bill.live,
        )

    async def call(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Run one action; raises as `SessionManager.run` does."""
        bill, sessions = self._bill, self._sessions
        action = bill.catalogue.find(name)
        role = action.spec.session
        complete = dict(arguments)
        if role is not None:
            complete = await sessions.complete(self._agent, role, arguments)
        request = build(action, complete, new_id=bill.new_id)

        async def send(authorization: Authorization) -> dict[str, Any]:
            return await bill.client.send(request, authorization, agent=self._agent.key)

        if role is None:
            return await sessions.run(self._agent, action, send)
        return await sessions.run_role(
            self._agent, action, given=arguments, arguments=complete, send=send
        )

    async def remember(self) -> None:
        """Keep the MFA that was remembered meanwhile, if any."""
        await self._devices.settle()

    @property
    def credentials(self) -> Credentials:
        """What signs the account in, with the MFA that was remembered meanwhile."""
        held = self._store.get(Holder(self._agent.key, self._agent.profiles[0]))
        return held.credentials if held else self._credentials


class _Devices:
    """Fulfils `Remembering`, but stores a device only when told that all is kept."""

    def __init__(self, behind: Remembering, clock: Clock) -> None:
        self._behind, self._clock = behind, clock
        self._waiting: Credentials | None = None

    async def find(self, credentials: Credentials) -> RememberedMfa | None:
        return await self._behind.find(credentials)

    async def keep(self, credentials: Credentials) -> datetime:
        self._waiting = credentials
        return self._clock.now() + timedelta(days=REMEMBERED_DAYS)

    async def lapse(self, credentials: Credentials) -> None:
        await self._behind.lapse(credentials)

    async def has_lapsed(self, credentials: Credentials) -> bool:
        return await self._behind.has_lapsed(credentials)

    async def forget(self, credentials: Credentials) -> None:
        await self._behind.forget(credentials)

    async def settle(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            await self._behind.keep(waiting)
