"""The kept sessions of one account, for those who look from outside a server."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bill_mcp.clock import Clock
from bill_mcp.sealing import Seal
from bill_mcp.sessions import kept
from bill_mcp.sessions.kept_file import BUSY_S
from bill_mcp.sessions.kept_text import Sessions, from_text
from bill_mcp.sessions.profiles import Profile
from bill_mcp.sessions.store import IDLE_MINUTES
from bill_mcp.sessions.vault import Vault


def kept_until(home: Path, profile: Profile) -> datetime | None:
    """Until when a restart costs the account no sign-in, if nobody uses it meanwhile.

    None where nothing is kept. Opens no session, and asks neither vault nor BILL.

    Raises:
        sqlite3.Error: The file can't be read.
    """
    with _rows(home) as file:
        if file is None:
            return None
        (latest,) = file.execute(
            "SELECT max(last_used) FROM kept WHERE owner = ?", (_owner(profile),)
        ).fetchone()
    if latest is None:
        return None
    return datetime.fromtimestamp(latest, UTC) + timedelta(minutes=IDLE_MINUTES)


def take_away(
    home: Path, profile: Profile, vault: Vault, clock: Clock
) -> list[Sessions]:
    """Remove the account's rows; those of their sessions that may still be alive.

    Raises:
        ConfigError: The vault is locked.
        sqlite3.Error: The file can't be written; all is as it was.
    """
    key = kept.key_from(vault.get(kept.KEY_ENTRY))
    with _rows(home) as file:
        if file is None:
            return []
        removed = file.execute(
            "DELETE FROM kept WHERE owner = ? RETURNING name, sealed",
            (_owner(profile),),
        ).fetchall()
    if key is None:
        return []
    seal = Seal(key)
    texts = (seal.open(sealed, name) for name, sealed in removed)
    found = [from_text(text, clock) for text in texts if text is not None]
    return [sessions for sessions in found if any(sessions)]


def _owner(profile: Profile) -> str:
    return kept.owner_of(kept.place_of(profile.address), profile.name)


@contextmanager
def _rows(home: Path) -> Iterator[sqlite3.Connection | None]:
    """The file of a server, if one has made it, and made it as we do."""
    path = home / kept.FILE_NAME
    if not path.is_file():
        yield None
        return
    with closing(sqlite3.connect(path, timeout=BUSY_S)) as file, file:
        table = file.execute("SELECT 1 FROM pragma_table_info('kept') LIMIT 1")
        yield file if table.fetchone() else None
