"""The audit log of this machine, opened for reading while servers write it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bill_mcp.errors import ConfigError
from bill_mcp.records import damage, store
from bill_mcp.sessions import agent_locks
from bill_mcp.sessions.agent_locks import AgentLocks
from bill_mcp.sessions.audit_custody import AuditCustody
from bill_mcp.sessions.vault import open_vault
from bill_mcp.settings_places import resolve_home


class DamagedError(Exception):
    """The file is no database any more, or not wholly."""


@dataclass(frozen=True, kw_only=True)
class Log:
    """Where the log is, and what knows its key and its head."""

    path: Path
    custody: AuditCustody


def find_log(variables: Mapping[str, str] = os.environ) -> Log:
    """The log of these settings; its file need not be there.

    Raises:
        ConfigError: The settings can't be read.
    """
    home = resolve_home({}, variables)
    key = home.vault_key.reveal() if home.vault_key else None
    return Log(
        path=home.path / store.FILE_NAME,
        custody=AuditCustody(
            home.path,
            lambda: open_vault(home.path, key),
            AgentLocks(home.path / agent_locks.FOLDER),
        ),
    )


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """One state of the file, whatever is written meanwhile; None if there is no log.

    Raises:
        ConfigError: It can't be read.
        DamagedError: It is broken, here or further on.
    """
    if not path.exists():
        yield None
        return
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode=ro",
            uri=True,
            timeout=store.BUSY_S,
            isolation_level=None,
        )
        try:
            connection.execute("BEGIN")
            found = connection.execute(
                "SELECT 1 FROM sqlite_master WHERE name = 'audit'"
            ).fetchone()
            yield connection if found else None
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if damage.is_damage(error):
            raise DamagedError(f"{path} is damaged: {error}") from None
        raise ConfigError(f"{path} can't be read: {error}") from None
