"""``bill-mcp logout``: removes an account and everything that is kept of it."""

from __future__ import annotations

import sys

import anyio

from bill_mcp.accounts_cli.showing import NOBODY
from bill_mcp.clock import SystemClock
from bill_mcp.errors import ConfigError
from bill_mcp.sessions import credentials
from bill_mcp.sessions.profiles import (
    ProfileKeeper,
    find_profile,
    read_profiles,
    stored_variables,
)
from bill_mcp.sessions.remembered import VaultRemembering
from bill_mcp.sessions.vault import Vault, open_vault
from bill_mcp.settings import Home, resolve_home


def remove(profile: str | None) -> int:
    """Remove the named account, or the default one; the exit code of the command.

    Raises:
        ConfigError: Nobody connected it, or the vault is locked; all is as it was.
    """
    home = resolve_home({"profile": profile})
    name = home.profile or read_profiles(home.path).default
    if name is None:
        raise ConfigError(NOBODY)
    found = find_profile(home.path, name)
    where = anyio.run(_remove, home, name)
    sys.stdout.write(
        f"{name} ({found.environment}) is removed, with its secrets and its remembered "
        f"MFA, from {where}\n"
    )
    return 0


async def _remove(home: Home, name: str) -> str:
    key = home.vault_key.reveal() if home.vault_key else None
    vault = await anyio.to_thread.run_sync(open_vault, home.path, key)
    account = await anyio.to_thread.run_sync(_account, vault, name)
    now = SystemClock().now
    if account is not None:
        remembering = VaultRemembering(lambda: vault, now)
        await remembering.find(account)
        await remembering.forget(account)
    await ProfileKeeper(home.path, lambda: vault, now).forget(name)
    return vault.where


def _account(vault: Vault, name: str) -> credentials.Credentials | None:
    """What signs it in; None where the vault has lost it, which is no reason to stay.

    Raises:
        ConfigError: The vault is locked.
    """
    if vault.get(f"profile/{name}") is None:
        return None
    return credentials.read(stored_variables(vault, name).get)
