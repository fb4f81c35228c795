"""The kill switch: while its file is in ``BILL_MCP_HOME``, no write goes out.

A file, so that it stops every process of that home at once, outlives them, and can be
set by hand when nothing else works any more.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bill_mcp.errors import ConfigError, RefusedError
from bill_mcp.private_files import write_private
from bill_mcp.records import store

FILE_NAME = "HALTED"
LONGEST_REASON = 200


@dataclass(frozen=True, kw_only=True)
class Halt:
    """That everything was halted.

    Attributes:
        at: In UTC; None where the file does not tell.
    """

    at: datetime | None
    by: str
    reason: str


UNREADABLE = Halt(at=None, by="unknown", reason="its file can't be read")


def is_halted(home: Path) -> Halt | None:
    """What halts this home, or None. A file that can't be read halts it too."""
    path = home / FILE_NAME
    try:
        told = json.loads(path.read_bytes())
        at = datetime.fromisoformat(told["at"]).astimezone(UTC)
        return Halt(at=at, by=str(told["by"]), reason=str(told["reason"]))
    except FileNotFoundError:
        return UNREADABLE if path.is_symlink() else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return UNREADABLE


def halt(home: Path, *, at: datetime, by: str, reason: str = "") -> Halt:
    """Stop all writes of this home; the halt that is in force now.

    Once it returns, no write begins. A halt that is there already stays, with its own
    time and reason.

    Raises:
        ConfigError: The file can't be written.
    """
    known = is_halted(home)
    if known is not None:
        _let_end(home / store.FILE_NAME)
        return known
    wanted = Halt(at=at.astimezone(UTC), by=by, reason=reason[:LONGEST_REASON])
    told = {"at": at.astimezone(UTC).isoformat(), "by": by, "reason": wanted.reason}
    try:
        write_private(home / FILE_NAME, json.dumps(told).encode())
    except OSError as error:
        raise ConfigError(f"{home / FILE_NAME}: {error.strerror}") from None
    _let_end(home / store.FILE_NAME)
    return wanted


def _let_end(journal: Path) -> None:
    """Wait for the intent that was being written when the halt came.

    Whatever is wrong with the journal, the halt is in force.
    """
    if not journal.exists():
        return
    with (
        suppress(sqlite3.Error),
        closing(
            sqlite3.connect(journal, timeout=store.BUSY_S, isolation_level=None)
        ) as file,
    ):
        file.execute("BEGIN IMMEDIATE")
        file.execute("ROLLBACK")


def lift(home: Path) -> bool:
    """Let writes go out again; whether they were halted.

    Raises:
        ConfigError: The file can't be removed.
    """
    try:
        (home / FILE_NAME).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ConfigError(f"{home / FILE_NAME}: {error.strerror}") from None
    return True


def check(home: Path) -> None:
    """Let a write go on unless everything is halted.

    Raises:
        RefusedError: It is, with the code ``halted``.
    """
    found = is_halted(home)
    if found is None:
        return
    since = f" since {found.at:%Y-%m-%d %H:%M} UTC" if found.at else ""
    raise RefusedError(
        f"a person has halted everything that changes something at BILL{since}",
        advice="Don't try again by yourself. Tell the user; a person lifts the halt "
        "with `bill-mcp halt --lift`.",
        code="halted",
    )
