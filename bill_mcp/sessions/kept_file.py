"""The SQLite file of kept sessions: private, checked, made anew where it is broken."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import structlog

from bill_mcp.private_files import make_private_folder

BUSY_S = 1.0
"""How long a write waits for another process's; ours take a millisecond."""

_TABLE = """CREATE TABLE IF NOT EXISTS kept (
    name TEXT PRIMARY KEY, owner TEXT NOT NULL,
    last_used REAL NOT NULL, sealed BLOB NOT NULL
)"""
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}

_log = structlog.get_logger("bill_mcp.sessions")


class _BrokenFileError(Exception):
    """The file is no database of ours."""


def opened(path: Path, oldest: float) -> sqlite3.Connection:
    """The file, new if need be, without the rows last used before *oldest*.

    Raises:
        OSError: It can't be made.
        sqlite3.Error: It can't be used now.
    """
    make_private_folder(path.parent)
    try:
        return _checked(path, oldest)
    except _BrokenFileError:
        for ending in ("", "-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        _log.info("the file of kept BILL sessions was broken and is made anew")
    try:
        return _checked(path, oldest)
    except _BrokenFileError as error:
        raise OSError(str(error)) from None


def _checked(path: Path, oldest: float) -> sqlite3.Connection:
    _make_private(path)
    # Opened in a worker thread, used in the event loop's afterwards.
    file = sqlite3.connect(
        path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    try:
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("PRAGMA synchronous=NORMAL")
        (verdict,) = file.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise _BrokenFileError(verdict)
        file.execute(_TABLE)
        file.execute("SELECT name, owner, last_used, sealed FROM kept LIMIT 0")
        file.execute("DELETE FROM kept WHERE last_used < ?", (oldest,))
    except sqlite3.Error as error:
        file.close()
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN:
            raise _BrokenFileError(str(error)) from None
        raise
    except BaseException:
        file.close()
        raise
    return file


def _make_private(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        path.chmod(0o600)
