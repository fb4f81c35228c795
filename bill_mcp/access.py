"""Which BILL a server talks to, and with whose accounts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from bill_mcp.environments import Environment
from bill_mcp.errors import ConfigError
from bill_mcp.sessions import credentials
from bill_mcp.sessions.holdings import Profiles
from bill_mcp.sessions.profiles import ConnectedAccounts
from bill_mcp.sessions.vault import MemoryVault, Vault, open_vault
from bill_mcp.settings import Settings

if TYPE_CHECKING:
    import httpx

    Transport = Callable[[], httpx.AsyncBaseTransport]


def accounts_of(settings: Settings, variables: dict[str, str]) -> Profiles:
    """The accounts that a person connected, or the one of the variables."""
    if settings.profile is not None:
        return ConnectedAccounts(
            settings.home,
            vault_of(settings),
            settings.environment,
            settings.base_url,
        )
    account = _credentials(settings, variables)
    return lambda _: account


def _credentials(
    settings: Settings, variables: dict[str, str]
) -> credentials.Credentials:
    account = credentials.read(credentials.lookup_in(variables))
    if account != credentials.Credentials():
        return account
    if settings.environment is Environment.LOCAL:
        from bill_mcp.simulator import credentials as made_up  # noqa: PLC0415 -- local

        user = credentials.read(made_up.DEMO_VARIABLES.get)
        partner = credentials.read(made_up.DEMO_PARTNER_VARIABLES.get)
        return replace(
            user,
            partner_username=partner.partner_username,
            partner_password=partner.partner_password,
            app_key=partner.app_key,
        )
    if settings.inline_credentials:
        return account
    raise ConfigError(
        "no credentials: run `bill-mcp login`, or set variables: "
        f"{', '.join(credentials.ORG_SIGN_IN)} together, or "
        f"{credentials.SPEND_TOKEN} for Spend & Expense alone"
    )


def vault_of(settings: Settings) -> Callable[[], Vault]:
    """Opens the vault of these settings; it lasts as long as the BILL it is for."""
    if settings.passes:
        passing = MemoryVault()
        return lambda: passing
    return lasting_vault_of(settings)


def lasting_vault_of(settings: Settings) -> Callable[[], Vault]:
    """Opens the vault of this machine, whichever BILL the server talks to."""
    key = settings.vault_key
    return lambda: open_vault(settings.home, key.reveal() if key else None)


def way_to_bill(settings: Settings, closing: ExitStack) -> Transport | None:
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
