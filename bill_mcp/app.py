"""Puts a server together: which parts, with which clock, ids and stores."""

from __future__ import annotations

import secrets
import sqlite3
import string
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bill_mcp.agents import Agent, AgentPolicy
from bill_mcp.client.budgets import Budgets
from bill_mcp.client.http import BillClient
from bill_mcp.client.slots import MemorySlots
from bill_mcp.clock import Clock, SystemClock
from bill_mcp.dispatch import Dispatcher
from bill_mcp.environments import Environment
from bill_mcp.errors import ConfigError
from bill_mcp.records.journal import Journal, MemoryRecords
from bill_mcp.secret import LiveSecrets
from bill_mcp.sessions import credentials
from bill_mcp.sessions.manager import SessionManager
from bill_mcp.sessions.sign_in import SignIn
from bill_mcp.sessions.store import MemorySessionStore
from bill_mcp.settings import Settings
from bill_mcp.specs import loading
from bill_mcp.specs.catalogue import Catalogue

if TYPE_CHECKING:
    import httpx

    Transport = Callable[[], httpx.AsyncBaseTransport]

DEFAULT_PROFILE = "default"
_ID_CHARACTERS = string.ascii_uppercase + string.digits


def random_id(length: int) -> str:
    """An unpredictable id of capital letters and digits."""
    return "".join(secrets.choice(_ID_CHARACTERS) for _ in range(length))


@dataclass(frozen=True, kw_only=True)
class Application:
    """A server put together, not yet shown to anybody."""

    settings: Settings
    dispatcher: Dispatcher

    def agent(self, key: str, name: str) -> Agent:
        """An agent with what the settings allow."""
        return Agent(
            key=key,
            name=name,
            profiles=(self.settings.profile or DEFAULT_PROFILE,),
            policy=AgentPolicy(
                read_only=self.settings.read_only, confirm=self.settings.confirm
            ),
            surface=self.settings.tools,
        )


@asynccontextmanager
async def application(
    settings: Settings,
    *,
    variables: dict[str, str],
    clock: Clock | None = None,
    new_id: Callable[[int], str] = random_id,
) -> AsyncIterator[Application]:
    """Everything that a face needs, and its end: connections closed, state kept.

    Raises:
        ConfigError: Credentials are missing.
        SpecError: A spec file is wrong.
    """
    clock = clock or SystemClock()
    catalogue = loading.load(inline_credentials=settings.inline_credentials)
    account = _credentials(settings, variables)
    closing = ExitStack()
    transport = _bill(settings, closing)
    live = LiveSecrets()
    client = BillClient(
        settings.base_url,
        transport=transport,
        slots=MemorySlots(),
        budgets=Budgets(clock),
        codes=catalogue.error_codes,
    )
    try:
        yield Application(
            settings=settings,
            dispatcher=_dispatcher(
                settings, catalogue, client, account, live, clock, new_id
            ),
        )
    finally:
        await client.aclose()
        closing.close()


def _dispatcher(
    settings: Settings,
    catalogue: Catalogue,
    client: BillClient,
    account: credentials.Credentials,
    live: LiveSecrets,
    clock: Clock,
    new_id: Callable[[int], str],
) -> Dispatcher:
    sessions = SessionManager(
        SignIn(catalogue, client, monotonic=clock.monotonic, new_id=new_id),
        profiles=lambda _: account,
        store=MemorySessionStore(),
        monotonic=clock.monotonic,
        live=live,
    )
    return Dispatcher(
        catalogue=catalogue,
        settings=settings,
        sessions=sessions,
        client=client,
        journal=Journal(MemoryRecords(), clock),
        live=live,
        new_id=new_id,
    )


def _credentials(
    settings: Settings, variables: dict[str, str]
) -> credentials.Credentials:
    account = credentials.read(credentials.lookup_in(variables, settings.profile))
    if account != credentials.Credentials():
        return account
    if settings.environment is Environment.LOCAL and settings.profile is None:
        from bill_mcp.simulator import credentials as made_up  # noqa: PLC0415 -- local

        user = credentials.read(made_up.DEMO_VARIABLES.get)
        partner = credentials.read(made_up.DEMO_PARTNER_VARIABLES.get)
        return replace(
            user,
            partner_username=partner.partner_username,
            partner_password=partner.partner_password,
            app_key=partner.app_key,
        )
    if settings.inline_credentials and settings.profile is None:
        return account
    where = (
        f"the profile {settings.profile!r}" if settings.profile else "the environment"
    )
    raise ConfigError(
        f"no credentials in {where}: set {', '.join(credentials.ORG_SIGN_IN)}, or "
        f"{credentials.SPEND_TOKEN} for Spend & Expense alone"
    )


def _bill(settings: Settings, closing: ExitStack) -> Transport | None:
    """The way to the simulator inside this process, or None for the network."""
    if not settings.embedded:
        return None
    import httpx  # noqa: PLC0415 -- only its ASGI transport, and only here

    from bill_mcp.simulator.app import build_app  # noqa: PLC0415 -- local only
    from bill_mcp.simulator.storage import StateFile  # noqa: PLC0415 -- local only
    from bill_mcp.simulator.world import World  # noqa: PLC0415 -- local only

    try:
        world = World.create(settings.seed, settings.time)
    except ValueError as error:
        raise ConfigError(f"the simulator cannot start: {error}") from None
    kept = None
    if settings.state_file is not None:
        try:
            kept = StateFile(settings.state_file)
            closing.callback(kept.close)
            state = kept.read()
        except (sqlite3.Error, OSError, ValueError, KeyError) as error:
            raise ConfigError(
                f"{settings.state_file}: no usable state: {error}"
            ) from None
        if state is not None:
            world.replace_state(state)
    app = build_app(world, state_file=kept)
    return lambda: httpx.ASGITransport(app=app)
