"""Remembered MFA: makes later sign-ins come back trusted, for 30 days.

Kept in the vault by account, not by profile, so that credentials from the environment
have it too. Where there is no vault it lasts for the process.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import anyio
import structlog

from bill_mcp.errors import ConfigError
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.profiles import OpenVault

REMEMBERED_DAYS = 30
"""How long BILL remembers a device. Source: BILL's guide on MFA."""

_log = structlog.get_logger("bill_mcp.mfa")


@dataclass(frozen=True, kw_only=True)
class RememberedMfa:
    """One remembered device."""

    remember_me_id: Secret
    device: str
    until: datetime


class Remembering(Protocol):
    """Keeps remembered devices by account."""

    async def find(self, credentials: Credentials) -> RememberedMfa | None: ...

    async def keep(self, credentials: Credentials) -> datetime: ...

    async def lapse(self, credentials: Credentials) -> None: ...

    async def has_lapsed(self, credentials: Credentials) -> bool: ...

    async def forget(self, credentials: Credentials) -> None: ...


class VaultRemembering:
    """Remembered devices in the vault; in memory where there is none.

    Args:
        open_vault: Gives the vault, or raises `ConfigError` where there is none.
        now: The time of day, UTC.
    """

    def __init__(self, open_vault: OpenVault, now: Callable[[], datetime]) -> None:
        self._open_vault, self._now = open_vault, now
        self._known: dict[str, RememberedMfa] = {}

    async def find(self, credentials: Credentials) -> RememberedMfa | None:
        """The device remembered for the account, while it is remembered."""
        name = entry_name(credentials)
        # Read each time: another process, such as `bill-mcp login --mfa`, may have
        # stored one meanwhile.
        found = await anyio.to_thread.run_sync(self._read, name)
        return found if found is not None and found.until > self._now() else None

    async def keep(self, credentials: Credentials) -> datetime:
        """Keep what the credentials remember now; answers until when it holds.

        Raises:
            ValueError: They remember nothing.
        """
        if credentials.remember_me_id is None or credentials.device is None:
            raise ValueError("nothing is remembered")
        until = self._now() + timedelta(days=REMEMBERED_DAYS)
        entry = RememberedMfa(
            remember_me_id=credentials.remember_me_id,
            device=credentials.device,
            until=until,
        )
        name = entry_name(credentials)
        self._known[name] = entry
        await anyio.to_thread.run_sync(self._write, name, entry)
        return until

    async def lapse(self, credentials: Credentials) -> None:
        """Forget the device, which BILL no longer takes, but not that there was one.

        So it can be told why a code is needed, after a restart too.
        """
        name = entry_name(credentials)
        found = await self.find(credentials)
        # One from the variables may have ended while the vault's own still holds.
        ended = credentials.remember_me_id, credentials.device
        if found is not None and ended != (found.remember_me_id, found.device):
            return
        entry = RememberedMfa(
            remember_me_id=Secret(""), device="", until=datetime.fromtimestamp(0, UTC)
        )
        self._known[name] = entry
        await anyio.to_thread.run_sync(self._write, name, entry)

    async def has_lapsed(self, credentials: Credentials) -> bool:
        """Whether a device was remembered for the account and is no longer."""
        name = entry_name(credentials)
        found = await anyio.to_thread.run_sync(self._read, name)
        return found is not None and found.until <= self._now()

    async def forget(self, credentials: Credentials) -> None:
        """Remove whatever is remembered for the account."""
        name = entry_name(credentials)
        self._known.pop(name, None)
        await anyio.to_thread.run_sync(self._delete, name)

    def _read(self, name: str) -> RememberedMfa | None:
        try:
            text = self._open_vault().get(name)
        except ConfigError:
            return self._known.get(name)
        return _from_text(text) if text else None

    def _write(self, name: str, entry: RememberedMfa) -> None:
        text = json.dumps(
            {
                "id": entry.remember_me_id.reveal(),
                "device": entry.device,
                "until": entry.until.isoformat(),
            }
        )
        try:
            self._open_vault().put(name, text)
        except ConfigError:
            _log.warning("MFA is remembered only until this server ends")

    def _delete(self, name: str) -> None:
        try:
            self._open_vault().delete(name)
        except ConfigError:
            _log.warning("the remembered MFA could not be removed from the vault")


def entry_name(credentials: Credentials) -> str:
    """Names the account without giving it away."""
    return f"remembered/{credentials.account_digest()}"


def _from_text(text: str) -> RememberedMfa | None:
    try:
        kept = json.loads(text)
        return RememberedMfa(
            remember_me_id=Secret(kept["id"]),
            device=kept["device"],
            until=datetime.fromisoformat(kept["until"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
