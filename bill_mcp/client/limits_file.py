"""The SQLite file in which the processes of one machine share BILL's limits.

Nothing in it is needed tomorrow: a file that can't be used is left alone, and the
process counts for itself.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import anyio
import structlog

from bill_mcp.client.processes import FOLDER, Processes
from bill_mcp.clock import Clock
from bill_mcp.private_files import make_private_folder

FILE_NAME = "limits.sqlite"
OPENING_S = 2.0
"""How long opening waits for others that are opening it too, in a worker thread."""

BUSY_S = 5.0
"""How long a change waits for others'; each takes a tenth of a millisecond."""

LONGEST_PAUSE_S = 0.002
_OPENINGS = 100
_PAGE_BYTES = 1024
"""Small pages: a change writes three of them."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS slots (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, process TEXT NOT NULL,
    until REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS hours (
    what TEXT, key TEXT, hour INTEGER, agent TEXT, used INTEGER NOT NULL,
    PRIMARY KEY (what, key, hour, agent)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS moments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT NOT NULL, key TEXT NOT NULL,
    at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS moments_of_key ON moments (what, key, at);
"""

T = TypeVar("T")

_log = structlog.get_logger("bill_mcp.limits")


class NotSharedError(Exception):
    """The file can't be used: whoever asked counts in memory."""


class LimitsFile:
    """One process's way to the file, opened when it is first needed.

    Args:
        home: The folder that the processes share.
        clock: For pauses while others write.
        new_id: Names this process among them.
        jitter: From 0 to 1, so that processes that wait don't move in step.
    """

    def __init__(
        self,
        home: Path,
        clock: Clock,
        *,
        new_id: Callable[[int], str],
        jitter: Callable[[], float],
    ) -> None:
        self._home, self.clock, self.jitter = home, clock, jitter
        self.processes = Processes(home / FOLDER, new_id)
        self._opening = anyio.Lock()
        self._is_opened = False
        self._file: sqlite3.Connection | None = None

    async def change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What *work* returns, done in one transaction; undone where it raises.

        *work* blocks the event loop, so it must be short.

        Raises:
            NotSharedError: The file can't be used.
        """
        file = await self._ready()
        if not await self._begun(file):
            raise NotSharedError
        try:
            result = work(file)
            file.execute("COMMIT")
        except sqlite3.Error as error:
            self._give_up(error)
            raise NotSharedError from None
        except BaseException:
            file.execute("ROLLBACK")
            raise
        return result

    async def look(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What *work* returns, which only reads.

        Raises:
            NotSharedError: The file can't be used.
        """
        file = await self._ready()
        try:
            return work(file)
        except sqlite3.Error as error:
            self._give_up(error)
            raise NotSharedError from None

    def close(self) -> None:
        """Close the file; this process is gone for the others."""
        self._is_opened = True
        self.processes.leave()
        if self._file is not None:
            self._file.close()
            self._file = None

    async def _ready(self) -> sqlite3.Connection:
        if not self._is_opened:
            async with self._opening:
                if not self._is_opened:
                    await self._open()
        if self._file is None:
            raise NotSharedError
        return self._file

    async def _open(self) -> None:
        for attempt in range(1, _OPENINGS + 1):
            try:
                self._file = await anyio.to_thread.run_sync(self._opened)
            except (OSError, sqlite3.Error) as error:
                # Where several make the file at once, SQLite does not wait its turn.
                if _is_busy(error) and attempt < _OPENINGS:
                    await self._pause()
                    continue
                self._give_up(error)
            self._is_opened = True
            return

    def _opened(self) -> sqlite3.Connection:
        file = _opened(self._home / FILE_NAME)
        self.processes.enter()
        return file

    async def _begun(self, file: sqlite3.Connection) -> bool:
        """Whether a transaction could be begun, waiting for others' to end."""
        started = self.clock.monotonic()
        while self.clock.monotonic() - started <= BUSY_S:
            try:
                file.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                if not _is_busy(error):
                    self._give_up(error)
                    return False
            else:
                return True
            await self._pause()
        return False

    async def _pause(self) -> None:
        await self.clock.sleep(self.jitter() * LONGEST_PAUSE_S)

    def _give_up(self, error: Exception) -> None:
        """From now on this process counts for itself."""
        if self._is_opened and self._file is None:
            return  # closed, or given up, while somebody waited
        self.close()
        _log.warning(
            "BILL's limits are counted for this process alone",
            file=str(self._home / FILE_NAME),
            why=str(error),
        )


def _opened(path: Path) -> sqlite3.Connection:
    make_private_folder(path.parent)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    path.chmod(0o600)
    # Opened in a worker thread, used in the event loop's afterwards.
    file = sqlite3.connect(
        path, timeout=OPENING_S, isolation_level=None, check_same_thread=False
    )
    try:
        file.execute(f"PRAGMA page_size={_PAGE_BYTES}")
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("PRAGMA synchronous=NORMAL")
        file.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        file.execute("PRAGMA busy_timeout=0")
    except BaseException:
        file.close()
        raise
    return file


def _is_busy(error: Exception) -> bool:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY
