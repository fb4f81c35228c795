"""``bill-mcp logout``: ends an account's sessions, and removes what is kept of it."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import anyio

from bill_mcp import logs
from bill_mcp.accounts_cli.showing import NOBODY
from bill_mcp.clock import SystemClock
from bill_mcp.connecting import Connecting
from bill_mcp.errors import BillMcpError, ConfigError
from bill_mcp.pages.accounts import Bill
from bill_mcp.sessions import credentials
from bill_mcp.sessions.authorizing import with_session
from bill_mcp.sessions.kept_rows import take_away
from bill_mcp.sessions.kept_text import Sessions
from bill_mcp.sessions.profiles import (
    Profile,
    find_profile,
    read_profiles,
    stored_variables,
)
from bill_mcp.sessions.store import IDLE_MINUTES, Held
from bill_mcp.sessions.vault import Vault
from bill_mcp.settings_places import Home, Place, resolve_home
from bill_mcp.specs.models import Auth

SIGN_OUT_S = 5.0
"""How long the command waits for BILL."""


@dataclass(frozen=True, kw_only=True)
class _Removed:
    """What became of the account.

    Attributes:
        where: For people: what had kept the secrets.
        sessions: How many sessions of organizations were kept and may be alive.
        ended: How many of them BILL has ended.
        of_partner: Whether a partner's was kept, for which BILL has no sign-out.
        broken: Why sessions could not be looked for, if they could not.
    """

    where: str
    sessions: int
    ended: int
    of_partner: bool
    broken: str | None


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
    removed = anyio.run(_remove, home, found)
    sys.stdout.write(
        f"{name} ({found.environment}) is removed, with its secrets and its remembered "
        f"MFA, from {removed.where}\n"
    )
    for line in _told(removed):
        sys.stdout.write(f"{line}\n")
    return 0


def _told(removed: _Removed) -> Iterator[str]:
    """What became of its sessions, in words; nothing where there were none."""
    by_itself = f"ends by itself after {IDLE_MINUTES} minutes without use"
    if removed.broken is not None:
        yield (
            f"the kept sessions could not be looked for ({removed.broken}); each "
            f"{by_itself}"
        )
    if removed.ended:
        yield f"sessions signed out at BILL: {removed.ended}"
    left = removed.sessions - removed.ended
    if left:
        yield (
            f"sessions that BILL did not end, or could not be reached for: {left}; "
            f"they are removed here, and each {by_itself} at BILL"
        )
    if removed.of_partner:
        yield f"BILL has no sign-out for a partner's session; it {by_itself}"


async def _remove(home: Home, profile: Profile) -> _Removed:
    place = Place(
        home=home.path,
        vault_key=home.vault_key,
        profile=profile.name,
        offered=(profile.environment,),
        base_urls={profile.environment: profile.address},
    )
    connecting = Connecting(place, SystemClock())
    vault = await anyio.to_thread.run_sync(connecting.open_vault)
    account = await anyio.to_thread.run_sync(_account, vault, profile.name)
    broken, sessions, ended = None, list[Sessions](), 0
    try:
        sessions = await anyio.to_thread.run_sync(
            take_away, home.path, profile, vault, connecting.clock
        )
    except sqlite3.Error as error:
        broken = str(error)
    if account is not None and sessions:
        ended = await _sign_out(connecting, profile, account, sessions)
    if account is not None:
        await connecting.remembering.forget(account)
    await connecting.keeper.forget(profile.name)
    return _Removed(
        where=vault.where,
        sessions=sum(each.organization is not None for each in sessions),
        ended=ended,
        of_partner=any(each.partner is not None for each in sessions),
        broken=broken,
    )


async def _sign_out(
    connecting: Connecting,
    profile: Profile,
    account: credentials.Credentials,
    sessions: list[Sessions],
) -> int:
    """How many sessions BILL has ended within a few seconds."""
    ended = 0
    connecting.live.add(account.secrets())
    logs.configure("error", connecting.live)

    async def end(bill: Bill, kept: Sessions) -> None:
        nonlocal ended
        held = Held(credentials=account)
        try:
            session = with_session(held, kept.organization, Auth.SESSION)
            await bill.sign_in.end("logout", session)
        except BillMcpError:
            return
        ended += 1

    with anyio.move_on_after(SIGN_OUT_S):
        async with (
            connecting.open_bill(profile.environment) as bill,
            anyio.create_task_group() as tasks,
        ):
            for kept in sessions:
                if kept.organization is not None:
                    tasks.start_soon(end, bill, kept)
    return ended


def _account(vault: Vault, name: str) -> credentials.Credentials | None:
    """What signs it in; None where the vault has lost it, which is no reason to stay.

    Raises:
        ConfigError: The vault is locked.
    """
    if vault.get(f"profile/{name}") is None:
        return None
    return credentials.read(stored_variables(vault, name).get)
