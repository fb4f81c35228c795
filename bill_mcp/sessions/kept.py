"""Sessions that survive a restart of ours: sealed rows in SQLite.

A row belongs to one agent and one of its accounts, and opens under no other. It holds
the sessions, and the ids of the steps that wait for a code; never what opens them: no
credentials, no codes. Whatever is wrong with the file or its key, the worst that comes
of it is a new sign-in.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import anyio
import structlog

from bill_mcp.clock import Clock
from bill_mcp.errors import ConfigError
from bill_mcp.sealing import KEY_BYTES, Seal
from bill_mcp.sessions import kept_file
from bill_mcp.sessions.agent_locks import AgentLocks
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.kept_text import (
    NONE,
    Sessions,
    as_text,
    from_text,
    sessions_of,
)
from bill_mcp.sessions.profiles import OpenVault
from bill_mcp.sessions.store import IDLE_MINUTES, Held, Holder
from bill_mcp.sessions.vault import Vault

FILE_NAME = "sessions.sqlite"
KEY_ENTRY = "state-key"
TOUCHED_EVERY_S = 60
"""A session's last use is written down no more often."""

_log = structlog.get_logger("bill_mcp.sessions")


@dataclass
class _Row:
    """The row of one holder, and which sessions are written in it now."""

    holder: Holder
    account: str
    written: Sessions = NONE

    @property
    def name(self) -> str:
        """What the sealed text is bound to; tells nothing."""
        whole = "\n".join((*self.holder, self.account))
        return hashlib.sha256(whole.encode()).hexdigest()


def place_of(base_url: str, state_file: Path | None = None) -> str:
    """Names the BILL that sessions are of: its address, and which simulated world."""
    return f"{base_url} {state_file.absolute() if state_file else ''}"


def owner_of(place: str, profile: str) -> str:
    """Names the rows of one account at one BILL, whichever agents they are of."""
    return hashlib.sha256(f"{place}\n{profile}".encode()).hexdigest()


class KeptSessionStore:
    """Sessions in a sealed file; in memory where there is nowhere to keep its key.

    The file is opened when an agent first needs it: its key may be in a keyring that
    asks a person.

    Args:
        path: The SQLite file.
        locks: Only what an agent of this very process holds is kept.
        open_vault: Keeps the key; raises `ConfigError` where there is no vault.
        place: Which BILL the sessions are of.
        clock: Time of day for what is kept, monotonic for what is in use.
    """

    def __init__(
        self,
        path: Path,
        *,
        locks: AgentLocks,
        open_vault: OpenVault,
        place: str,
        clock: Clock,
    ) -> None:
        self._path, self._locks, self._open_vault = path, locks, open_vault
        self._place, self._clock = place, clock
        self._held: dict[Holder, Held] = {}
        self._rows: dict[Holder, _Row] = {}
        self._opening = anyio.Lock()
        self._is_opened = False
        self._file: sqlite3.Connection | None = None
        self._seal: Seal | None = None

    def get(self, holder: Holder) -> Held | None:
        return self._held.get(holder)

    def put(self, holder: Holder, held: Held) -> None:
        self._held[holder] = held
        self._write(holder, held, every_touch=False)

    def delete(self, holder: Holder) -> None:
        held = self._held.pop(holder, None)
        if held is not None:
            gone = replace(held, organization=None, partner=None)
            self._write(holder, gone, every_touch=False)

    async def take_up(self, holder: Holder, credentials: Credentials) -> Held | None:
        if not (credentials.can_sign_in or credentials.can_sign_in_as_partner):
            return None
        async with self._opening:
            if not self._is_opened:
                await anyio.to_thread.run_sync(self._open)
        account = self._account(credentials)
        row = self._rows.get(holder)
        if row is not None and row.account == account:
            return None
        if self._file is None or not self._locks.hold(holder.agent):
            return None
        row = self._rows[holder] = _Row(holder, account)
        row.written = self._read(row)
        if row.written == NONE:
            return None
        kept = row.written._asdict()
        return Held(credentials=credentials, is_taken_up=True, **kept)

    def passing(self) -> Mapping[Holder, Held]:
        return {
            holder: held for holder, held in self._held.items() if not self._has(holder)
        }

    def close(self) -> None:
        for holder, held in self._held.items():
            self._write(holder, held, every_touch=True)
        if self._file is not None:
            self._file.close()
            self._file = None

    def _has(self, holder: Holder) -> bool:
        row = self._rows.get(holder)
        return self._file is not None and row is not None and row.written != NONE

    def _account(self, credentials: Credentials) -> str:
        """Names BILL, the user and the keys, giving none of them away."""
        app_key = credentials.app_key.digest() if credentials.app_key else ""
        parts = (
            self._place,
            credentials.account_digest(),
            credentials.partner_username or "",
            app_key,
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _open(self) -> None:
        self._is_opened = True
        try:
            self._seal = Seal(state_key(self._open_vault(), self._locks))
            self._seal.seal("", "")  # loads what it needs, here and not in a call
            oldest = self._clock.now() - timedelta(minutes=IDLE_MINUTES)
            self._file = kept_file.opened(self._path, oldest.timestamp())
        except (ConfigError, OSError, sqlite3.Error, ValueError, ImportError) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """From now on in memory only."""
        if self._file is not None:
            self._file.close()
            self._file = None
        _log.info(
            "BILL sessions are kept in memory only: a restart signs in again",
            why=str(error),
        )

    def _read(self, row: _Row) -> Sessions:
        if self._file is None or self._seal is None:
            return NONE
        try:
            found = self._file.execute(
                "SELECT sealed FROM kept WHERE name = ?", (row.name,)
            ).fetchone()
        except sqlite3.Error as error:
            self._give_up(error)
            return NONE
        if found is None or not isinstance(found[0], bytes):
            return NONE
        text = self._seal.open(found[0], row.name)
        return from_text(text, self._clock) if text is not None else NONE

    def _write(self, holder: Holder, held: Held, *, every_touch: bool) -> None:
        row = self._rows.get(holder)
        if row is None or self._file is None or self._seal is None:
            return
        sessions = sessions_of(held)
        if self._account(held.credentials) != row.account:
            # Signed in with what an agent gave: nobody could renew it after a restart.
            sessions = NONE
        if sessions == row.written:
            return
        if not every_touch and _is_recent_touch(row.written, sessions):
            return
        try:
            if sessions == NONE:
                self._file.execute("DELETE FROM kept WHERE name = ?", (row.name,))
            else:
                sealed = self._seal.seal(as_text(sessions, self._clock), row.name)
                last_used = sessions.last_used(self._clock).timestamp()
                if not self._put(self._file, row, sessions, last_used, sealed):
                    sessions = NONE
        except sqlite3.Error as error:
            self._give_up(error)
        row.written = sessions

    def _put(
        self,
        file: sqlite3.Connection,
        row: _Row,
        sessions: Sessions,
        last_used: float,
        sealed: bytes,
    ) -> bool:
        """Whether it is kept: what `bill-mcp logout` has removed does not come back."""
        if row.written.ids == sessions.ids:
            changed = file.execute(
                "UPDATE kept SET last_used = ?, sealed = ? WHERE name = ?",
                (last_used, sealed, row.name),
            )
            return changed.rowcount == 1
        owner = owner_of(self._place, row.holder.profile)
        file.execute(
            "INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?)",
            (row.name, owner, last_used, sealed),
        )
        return True


def state_key(vault: Vault, locks: AgentLocks) -> bytes:
    """The key of what is kept; made at first use.

    Raises:
        ConfigError: The vault is locked.
    """
    key = key_from(vault.get(KEY_ENTRY))
    if key is not None:
        return key
    with locks.alone(KEY_ENTRY):  # or two processes would each make one
        key = key_from(vault.get(KEY_ENTRY))
        if key is None:
            key = secrets.token_bytes(KEY_BYTES)
            vault.put(KEY_ENTRY, base64.b64encode(key).decode())
    return key


def key_from(text: str | None) -> bytes | None:
    """The key that an entry of the vault holds, if it holds a usable one."""
    try:
        key = base64.b64decode(text or "", validate=True)
    except ValueError:
        return None
    return key if len(key) == KEY_BYTES else None


def _is_recent_touch(old: Sessions, new: Sessions) -> bool:
    """Whether nothing changed but the last use, and that by little."""
    if old[2:] != new[2:]:
        return False
    for before, after in zip(old.both, new.both, strict=True):
        if before is None or after is None:
            if before is not after:
                return False
            continue
        used_again = replace(before, last_used=after.last_used)
        later_s = after.last_used - before.last_used
        if after != used_again or later_s >= TOUCHED_EVERY_S:
            return False
    return True
