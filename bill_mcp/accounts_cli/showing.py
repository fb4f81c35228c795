"""``bill-mcp status``: which accounts are connected, and what is kept of them."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import anyio
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bill_mcp.accounts_cli.screen import COLOURS
from bill_mcp.audit_cli.log_file import find_log
from bill_mcp.client import limits
from bill_mcp.client.budgets import SIGN_INS_AN_HOUR
from bill_mcp.clock import SystemClock
from bill_mcp.environments import BASE_URLS
from bill_mcp.errors import ConfigError
from bill_mcp.pages.layout import ABOUT
from bill_mcp.pages.markup import foreign
from bill_mcp.sessions import credentials
from bill_mcp.sessions.kept_rows import kept_until
from bill_mcp.sessions.profiles import (
    Profile,
    ProfileList,
    read_profiles,
    stored_variables,
)
from bill_mcp.sessions.remembered import VaultRemembering
from bill_mcp.sessions.vault import Vault, open_vault
from bill_mcp.settings_places import BASE_URL, Home, in_the_way, resolve_home

UNKNOWN = "unknown"
NO_SESSIONS = "no sessions with this kind of account"
NOBODY = "no account is connected; run `bill-mcp login`"


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """What the vault says of one account, in words."""

    secrets: str
    mfa: str
    sign_ins: str = UNKNOWN


def show(variables: Mapping[str, str] = os.environ) -> int:
    """Show every connected account; the exit code of the command."""
    home = resolve_home({}, variables)
    known = read_profiles(home.path)
    default = known.profiles.get(known.default or "")
    given = in_the_way(variables, default)
    account = [name for name in given if name != BASE_URL]
    if not known.profiles:
        sys.stdout.write(f"{NOBODY}\n")
    for name in sorted(known.profiles):
        _show(home, known, name)
    if account:
        sys.stdout.write(
            f"{', '.join(account)}: set, and so taken in place of the default account\n"
        )
    elif given and default is not None:
        sys.stdout.write(
            f"{BASE_URL}: set to another address than the default account's, which is "
            "therefore not taken\n"
        )
    fault = find_log(variables).custody.fault()
    if fault is not None:
        sys.stdout.write(f"nothing can be written at BILL: {fault}\n")
    return 0


def show_one(name: str) -> None:
    """Show one account of this machine."""
    home = resolve_home({})
    _show(home, read_profiles(home.path), name)


def day(moment: datetime) -> str:
    """The day where the person sits."""
    return moment.astimezone().strftime("%Y-%m-%d")


def _show(home: Home, known: ProfileList, name: str) -> None:
    profile = known.profiles[name]
    facts = _facts(home.path, profile, anyio.run(_kept, home, profile))
    default = " (taken where none is named)" if name == known.default else ""
    if not sys.stdout.isatty():  # one line an account, for grep
        told = [f"{name}{default}", *(f"{label}: {text}" for label, text in facts)]
        sys.stdout.write("\t".join(told) + "\n")
        return
    table = Table(
        title=f"{name}{default}",
        title_justify="left",
        title_style="bold",
        show_header=False,
        box=None,
        pad_edge=False,
    )
    for label, text in facts:
        style = COLOURS[profile.environment] if label == "environment" else ""
        table.add_row(Text(label, style="dim"), Text(text, style=style))
    console = Console(highlight=False)
    console.print(table)
    console.print()


def _facts(home: Path, profile: Profile, kept: _Kept) -> list[tuple[str, str]]:
    name, meaning = ABOUT[profile.environment]
    facts = [
        ("environment", f"{profile.environment} ({name}: {meaning})"),
        ("address", foreign(profile.base_url or "")),
        ("kind", foreign(profile.kind)),
        ("organization", foreign(profile.organization_id or "")),
        ("user", foreign(profile.username or "")),
        ("connected", foreign(profile.connected_at)),
        ("secrets in", kept.secrets),
        ("MFA", kept.mfa),
        ("session kept", _session(home, profile)),
        ("sign-ins left this hour", kept.sign_ins),
    ]
    return [(label, text) for label, text in facts if text]


def _session(home: Path, profile: Profile) -> str:
    """Whether a server that starts now goes on with a session."""
    if profile.kind == "spend":
        return NO_SESSIONS
    try:
        until = kept_until(home, profile)
    except sqlite3.Error:
        return UNKNOWN
    if until is None or until <= SystemClock().now():
        return "no"
    return f"yes, until {until.astimezone():%H:%M}"


async def _kept(home: Home, profile: Profile) -> _Kept:
    key = home.vault_key.reveal() if home.vault_key else None

    def look() -> tuple[Vault, credentials.Credentials]:
        vault = open_vault(home.path, key)
        return vault, credentials.read(stored_variables(vault, profile.name).get)

    try:
        vault, account = await anyio.to_thread.run_sync(look)
    except ConfigError as error:
        return _Kept(secrets=f"not readable: {error}", mfa=UNKNOWN)
    sign_ins = await _sign_ins_left(home, profile, account)
    if not account.can_sign_in:
        no_codes = "no codes with this kind of account"
        return _Kept(secrets=vault.where, mfa=no_codes, sign_ins=sign_ins)
    remembering = VaultRemembering(lambda: vault, SystemClock().now)
    found = await remembering.find(account)
    mfa = f"remembered until {day(found.until)}" if found else "not remembered"
    return _Kept(secrets=vault.where, mfa=mfa, sign_ins=sign_ins)


async def _sign_ins_left(
    home: Home, profile: Profile, account: credentials.Credentials
) -> str:
    """How many all agents of the developer key may still make, in words."""
    key = account.dev_key if account.can_sign_in else account.app_key
    if key is None:
        return "no sign-ins with this kind of account"
    base_url = profile.base_url or BASE_URLS[profile.environment]
    left = await limits.sign_ins_left(home.path, base_url, key.digest(), SystemClock())
    return UNKNOWN if left is None else f"{left} of {SIGN_INS_AN_HOUR}"
