"""What a person at the command line is told when the records can't be used."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from bill_mcp.records import store

_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is no database any more, or not wholly."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN


def in_words(path: Path, error: sqlite3.Error) -> str:
    """What is wrong with the records in *path*, and what to do about it."""
    if is_damage(error):
        return _damaged(path, str(error))
    return (
        f"{path} can't be used: {error}. See who owns it, whether the disk is full, "
        "and whether another program holds it"
    )


def fault_of(path: Path) -> str | None:
    """What is wrong with the records in *path*, which are there; None for nothing.

    Reads all of the file, and sees whether a write could begin. Changes nothing.
    """
    address = f"file:{quote(str(path.absolute()))}?mode=rw"
    try:
        with closing(
            sqlite3.connect(
                address, uri=True, timeout=store.BUSY_S, isolation_level=None
            )
        ) as file:
            (found,) = file.execute("PRAGMA quick_check(1)").fetchone()
            file.execute("BEGIN IMMEDIATE")
            file.execute("ROLLBACK")
    except sqlite3.Error as error:
        return in_words(path, error)
    # Of many lines the last says what it is: the first names the table's page.
    return None if found == "ok" else _damaged(path, found.splitlines()[-1])


def _damaged(path: Path, why: str) -> str:
    return (
        f"{path} is damaged: {why}. Nothing is written at BILL with it. Put back the "
        "newest copy that is whole, or move it away; then look at BILL for what was "
        "paid, because what the file knew of that is lost"
    )
