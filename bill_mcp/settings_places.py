"""Where this machine keeps accounts, and at which addresses BILL is."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs

from bill_mcp.environments import (
    BASE_URLS,
    EMBEDDED_URL,
    LOOPBACK_HOSTS,
    PRODUCTION_HOSTS,
    Environment,
    normal_url,
)
from bill_mcp.errors import ConfigError
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import ALL_VARIABLES, lookup_in
from bill_mcp.sessions.profiles import DEFAULT_NAME, Profile, read_profiles
from bill_mcp.settings_sources import Sources, settings_file

NO_LOGIN = (
    "the simulator inside bill-mcp needs no login; to try one, start `bill-mcp "
    "simulator` and set BILL_MCP_BASE_URL to the address that it tells"
)
BASE_URL = "BILL_MCP_BASE_URL"
_PROFILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where accounts are connected, and where what signs them in is kept.

    Attributes:
        profile: The name of the account; it need not be connected yet.
        offered: The environments that a person may choose from.
        base_urls: Where an environment is not at its own address.
    """

    home: Path
    vault_key: Secret | None
    profile: str
    offered: tuple[Environment, ...]
    base_urls: Mapping[Environment, str]


@dataclass(frozen=True, kw_only=True)
class Home:
    """Where accounts are kept on this machine.

    Attributes:
        profile: The account that was named, if any.
    """

    path: Path
    vault_key: Secret | None
    profile: str | None


def resolve_home(
    options: Mapping[str, Any], variables: Mapping[str, str] | None = None
) -> Home:
    """Where accounts are kept, whichever environment they are of.

    Raises:
        ConfigError: The settings file or a key file can't be read.
    """
    environ = os.environ if variables is None else variables
    path = home_of(environ)
    found = Sources(options, environ, settings_file(path))
    return Home(
        path=path,
        vault_key=vault_key_of(environ),
        profile=found.text("profile", "") or None,
    )


def code_command(home: Path, profile: str) -> str:
    """What a person runs to give a code for a connected account.

    It names the account, unless that is the one taken where none is named.

    Raises:
        ConfigError: What is kept in *home* can't be read.
    """
    named = resolve_home({}, {"BILL_MCP_HOME": str(home)}).profile
    default = named or read_profiles(home).default
    return "bill-mcp login --mfa" + (
        "" if profile == default else f" --profile {profile}"
    )


def resolve_place(
    options: Mapping[str, Any], variables: Mapping[str, str] | None = None
) -> Place:
    """Where ``bill-mcp login`` connects an account, by ``profile`` and ``environment``.

    A profile that is connected already stays in its environment unless one is named.

    Raises:
        ConfigError: Something is unknown or contradictory.
    """
    environ = os.environ if variables is None else variables
    home = home_of(environ)
    found = Sources(options, environ, settings_file(home))
    name = found.text("profile", "") or DEFAULT_NAME
    if _PROFILE_NAME.fullmatch(name) is None:
        raise ConfigError(
            "a profile's name has up to 40 letters, digits, dots, hyphens, underscores"
        )
    known = read_profiles(home).profiles.get(name)
    named = found.text("environment", "") or (known.environment if known else "")
    given = environ.get("BILL_MCP_BASE_URL")
    offered: tuple[Environment, ...] = Environment.SANDBOX, Environment.PRODUCTION
    base_urls = {}
    if named:
        names = tuple(Environment)
        environment = Environment(found.choice("environment", named, names))
        if not given and known is not None and known.environment is environment:
            given = known.base_url
        offered = (environment,)
        base_url, embedded = address_of(environment, given)
        if embedded:
            raise ConfigError(NO_LOGIN)
        if given:
            base_urls[environment] = base_url
    elif given:
        raise ConfigError(
            "BILL_MCP_BASE_URL given, but no environment: set BILL_MCP_ENVIRONMENT to "
            "sandbox, production or local"
        )
    return Place(
        home=home,
        vault_key=vault_key_of(environ),
        profile=name,
        offered=offered,
        base_urls=base_urls,
    )


def home_of(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("BILL_MCP_HOME") or platformdirs.user_data_dir("bill-mcp"))


def vault_key_of(environ: Mapping[str, str]) -> Secret | None:
    key = lookup_in(environ)("BILL_MCP_KEY")
    return Secret(key) if key else None


def address_of(environment: Environment, given: str | None) -> tuple[str, bool]:
    if not given:
        if environment is Environment.LOCAL:
            return EMBEDDED_URL, True
        return BASE_URLS[environment], False
    url = given.rstrip("/")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        normal = normal_url(url)
    except ValueError:
        raise ConfigError("BILL_MCP_BASE_URL is no URL") from None
    if not host or not url.isprintable() or set(url) & set(" \\"):
        raise ConfigError("BILL_MCP_BASE_URL is no URL")
    loopback = host in LOOPBACK_HOSTS
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError("BILL_MCP_BASE_URL holds more than scheme, host and path")
    if not url.endswith("/connect"):
        raise ConfigError("BILL_MCP_BASE_URL does not end in /connect")
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise ConfigError("BILL_MCP_BASE_URL is neither https nor a loopback address")
    if environment is Environment.LOCAL and not loopback:
        raise ConfigError(
            "BILL_MCP_BASE_URL is not on this machine, but the environment is local"
        )
    if environment is Environment.SANDBOX and host in PRODUCTION_HOSTS:
        raise ConfigError(
            "BILL_MCP_BASE_URL is BILL's production, but the environment is sandbox"
        )
    return normal, False


def variables_given(environ: Mapping[str, str]) -> list[str]:
    """The variables that say something about an account or where it is."""
    return [
        name
        for name in (*ALL_VARIABLES, BASE_URL)
        if environ.get(name) or environ.get(f"{name}_FILE")
    ]


def in_the_way(environ: Mapping[str, str], default: Profile | None) -> list[str]:
    """The variables that stand in the way of the default account.

    The address at which it was connected is in nobody's way: it is the same account.
    """
    given, url = variables_given(environ), environ.get(BASE_URL)
    if default is None or not url or given != [BASE_URL]:
        return given
    try:
        address, _ = address_of(default.environment, url)
    except ConfigError:
        return given
    return [] if address == default.address else given
