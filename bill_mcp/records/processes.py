"""Which process sent a write, and whether it still lives."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Protocol

SCHEMA = """
CREATE TABLE IF NOT EXISTS processes (
  slot TEXT PRIMARY KEY,
  token TEXT NOT NULL
)
"""
SLOT = "process"


class ProcessLocks(Protocol):
    """Locks that the system takes back however a process ends."""

    def first_free(self, name: str) -> str: ...

    def is_held(self, key: str) -> bool: ...


class Processes:
    """The processes that share one journal.

    Args:
        locks: None where no other process can share it.
    """

    def __init__(self, locks: ProcessLocks | None) -> None:
        self._locks = locks
        self.own = secrets.token_hex(8)
        """Names this process; never used again."""
        self._slot: str | None = None

    def make_known(self, connection: sqlite3.Connection) -> None:
        """Let other processes find out whether this one lives.

        Written with each intent: what an earlier transaction wrote may have been
        rolled back.
        """
        if self._locks is None:
            return
        if self._slot is None:
            self._slot = self._locks.first_free(SLOT)
        connection.execute(
            "INSERT OR REPLACE INTO processes VALUES (?, ?)", (self._slot, self.own)
        )

    def is_alive(self, connection: sqlite3.Connection, token: str) -> bool:
        """Whether that process may still be waiting for BILL's answer."""
        if token == self.own:
            return True
        row = connection.execute(
            "SELECT slot FROM processes WHERE token = ?", (token,)
        ).fetchone()
        if row is None or self._locks is None:
            return False
        return self._locks.is_held(row["slot"])
