"""What a person at the command line is told when the records can't be used."""

from __future__ import annotations

import sqlite3
from pathlib import Path

_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is no database any more, or not wholly."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN


def in_words(path: Path, error: sqlite3.Error) -> str:
    """What is wrong with the records in *path*, and what to do about it."""
    if not is_damage(error):
        return (
            f"{path} can't be used: {error}. See who owns it, whether the disk is "
            "full, and whether another program holds it"
        )
    return (
        f"{path} is damaged: {error}. Nothing is written at BILL with it. Put back "
        "the newest copy that is whole, or move it away; then look at BILL for what "
        "was paid, because what the file knew of that is lost"
    )
