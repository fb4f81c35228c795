"""The BILL accounts that a person connected: what may be known, and where secrets are.

``profiles.json`` in `BILL_MCP_HOME` names each account and holds nothing secret; what
signs it in rests in the vault under the same name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio

from bill_mcp.environments import BASE_URLS, EMBEDDED_URL, Environment, normal_url
from bill_mcp.errors import ConfigError, NotConnectedError
from bill_mcp.private_files import make_private_folder, write_private
from bill_mcp.sessions import agent_locks
from bill_mcp.sessions.agent_locks import AgentLocks
from bill_mcp.sessions.credentials import Credentials, read
from bill_mcp.sessions.vault import Vault

FILE_NAME = "profiles.json"
DEFAULT_NAME = "default"

OpenVault = Callable[[], Vault]
"""Opens the vault; blocks, so it is called in a worker thread."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One connected account, without its secrets.

    Attributes:
        base_url: None for the environment's own address.
        kind: ``organization``, ``partner`` or ``spend``.
        connected_at: UTC, ISO 8601.
    """

    name: str
    environment: Environment
    base_url: str | None
    kind: str
    organization_id: str | None
    username: str | None
    connected_at: str

    @property
    def address(self) -> str:
        """The base URL at which its secrets were tried, and the only one they go to."""
        given = self.base_url or BASE_URLS.get(self.environment, EMBEDDED_URL)
        try:
            return normal_url(given)
        except ValueError:  # told of where it is used
            return given


@dataclass(frozen=True, kw_only=True)
class ProfileList:
    """All profiles by name, and which one is taken where none is named."""

    default: str | None
    profiles: Mapping[str, Profile]


def read_profiles(home: Path) -> ProfileList:
    """The connected accounts; none if nobody connected any.

    Raises:
        ConfigError: The file can't be read.
    """
    path = home / FILE_NAME
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        profiles = {
            name: Profile(**{**entry, "environment": Environment(entry["environment"])})
            for name, entry in kept["profiles"].items()
        }
    except FileNotFoundError:
        return ProfileList(default=None, profiles={})
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    return ProfileList(default=kept.get("default"), profiles=profiles)


def write_profiles(home: Path, known: ProfileList) -> None:
    """Replace the list of connected accounts."""
    entries = {name: asdict(each) for name, each in known.profiles.items()}
    whole = {"default": known.default, "profiles": entries}
    write_private(home / FILE_NAME, json.dumps(whole, indent=1).encode())


def find_profile(home: Path, name: str) -> Profile:
    """The profile of that name.

    Raises:
        NotConnectedError: Nobody connected one; a named profile never falls back.
    """
    known = read_profiles(home).profiles
    if name not in known:
        others = ", ".join(sorted(known)) or "none"
        raise NotConnectedError(
            f"no profile named {name!r} (connected: {others}); "
            f"run `bill-mcp login --profile {name}`"
        )
    return known[name]


class ProfileKeeper:
    """Stores connected accounts: secrets in the vault, the rest in the list.

    Args:
        home: Where the list is.
        open_vault: Gives the vault.
        now: The time of day, UTC.
    """

    def __init__(
        self, home: Path, open_vault: OpenVault, now: Callable[[], datetime]
    ) -> None:
        self._home, self._open_vault, self._now = home, open_vault, now
        self._locks = AgentLocks(home / agent_locks.FOLDER)

    async def keep(
        self,
        profile: str,
        credentials: Credentials,
        environment: Environment,
        base_url: str | None,
    ) -> str:
        """Store it all, in place of what that profile had; says where, in words.

        Raises:
            ConfigError: There is nowhere to keep secrets; nothing was stored.
        """
        entry = Profile(
            name=profile,
            environment=environment,
            base_url=base_url,
            kind=kind_of(credentials),
            organization_id=credentials.organization_id,
            username=credentials.username or credentials.partner_username,
            connected_at=self._now().isoformat(timespec="seconds"),
        )
        return await anyio.to_thread.run_sync(self._keep, entry, credentials)

    def _keep(self, entry: Profile, credentials: Credentials) -> str:
        vault = self._open_vault()
        with self._alone():
            vault.put(f"profile/{entry.name}", json.dumps(credentials.as_variables()))
            known = read_profiles(self._home)
            write_profiles(
                self._home,
                replace(
                    known,
                    default=known.default or entry.name,
                    profiles={**known.profiles, entry.name: entry},
                ),
            )
        return vault.where

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Or what another process lists at the same moment would be lost."""
        make_private_folder(self._home)
        with self._locks.alone(FILE_NAME):
            yield

    async def forget(self, profile: str) -> None:
        """Remove the account and its secrets.

        Raises:
            ConfigError: There is no such profile, or the vault is locked.
        """
        find_profile(self._home, profile)
        await anyio.to_thread.run_sync(self._forget, profile)

    def _forget(self, profile: str) -> None:
        vault = self._open_vault()
        with self._alone():
            vault.delete(f"profile/{profile}")
            known = read_profiles(self._home)
            left = {n: each for n, each in known.profiles.items() if n != profile}
            default = known.default if known.default in left else next(iter(left), None)
            write_profiles(self._home, ProfileList(default=default, profiles=left))


class ConnectedAccounts:
    """What signs the accounts of one BILL in, as a person has connected them by now.

    Args:
        home: Where the list is.
        open_vault: Gives the vault.
        environment: Accounts of another one are as good as not connected.
        address: The base URL; the same holds for it.
    """

    def __init__(
        self, home: Path, open_vault: OpenVault, environment: Environment, address: str
    ) -> None:
        self._home, self._open_vault = home, open_vault
        self._environment, self._address = environment, address
        self._known: dict[str, tuple[Profile, Credentials]] = {}

    def __call__(self, name: str) -> Credentials:
        """The account of that name. Blocks; asks the vault only where it changed.

        Raises:
            ConfigError: It is not connected here, or the vault is locked.
        """
        profile = find_profile(self._home, name)
        known, found = self._known.get(name, (None, None))
        if found is not None and known == profile:
            return found
        if (profile.environment, profile.address) != (self._environment, self._address):
            raise ConfigError(
                f"the profile {name!r} is connected to {profile.environment} at "
                f"{profile.address} now, and this server is not"
            )
        stored = stored_variables(self._open_vault(), name)
        found = replace(
            read(stored.get),
            connected_at=datetime.fromisoformat(profile.connected_at),
        )
        self._known[name] = profile, found
        return found


def stored_variables(vault: Vault, profile: str) -> dict[str, str]:
    """The ``BILL_*`` variables of a profile.

    Raises:
        ConfigError: The vault has none, or is locked.
    """
    text = vault.get(f"profile/{profile}")
    if text is None:
        raise ConfigError(
            f"{vault.where} has no secrets of the profile {profile!r}; "
            f"run `bill-mcp login --profile {profile}`"
        )
    kept: dict[str, Any] = json.loads(text)
    return {name: str(value) for name, value in kept.items()}


def kind_of(credentials: Credentials) -> str:
    """What kind of account *credentials* open."""
    if credentials.can_sign_in_as_partner:
        return "partner"
    return "organization" if credentials.can_sign_in else "spend"
