"""The file of everything that must be known after a crash: SQLite, fsynced.

One file for all organizations of one `BILL_MCP_HOME`, shared by every process that
uses it. Each module of this package owns the tables it names in its ``SCHEMA``.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import anyio

from bill_mcp.errors import ConfigError
from bill_mcp.private_files import make_private_folder

FILE_NAME = "journal.sqlite"
BUSY_S = 20.0
"""How long a transaction waits for another process's; each takes milliseconds."""
TRIES = 20
"""How often a new file is tried to be made while others make it too."""

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class RecordFile:
    """One SQLite file, or memory for a world that ends with the process.

    Opened at first use. One transaction at a time: what one of them has read stays
    true until it is written. If the file is deleted or replaced meanwhile, nothing is
    read or written any more: what was known of it is gone, and a new one knows nothing.

    Args:
        path: None for memory.
        schemas: What the tables are; each statement may be run again and again.
    """

    def __init__(self, path: Path | None, schemas: Sequence[str]) -> None:
        self._path, self._schemas = path, tuple(schemas)
        self._connection: sqlite3.Connection | None = None
        self._identity = _identity_of(path)
        """Of the file, from when it was first seen; None before that."""
        self._alone = threading.Lock()

    @property
    def where(self) -> str:
        """For people."""
        return str(self._path) if self._path else "the memory of this process"

    @property
    def is_there(self) -> bool:
        """Whether anything can have been written yet."""
        return self._connection is not None or (
            self._path is not None and self._path.exists()
        )

    async def transact(self, work: Work[T]) -> T:
        """What *work* returns, its changes on disk; in a worker thread.

        If *work* raises, nothing of it stays.

        Raises:
            ConfigError: The file was deleted or replaced since it was first seen.
        """
        return await anyio.to_thread.run_sync(self.transact_now, work)

    def transact_now(self, work: Work[T]) -> T:
        """The same, for those who have no event loop."""
        with self._transaction("IMMEDIATE") as connection:
            return work(connection)

    async def remark(self, work: Work[T]) -> T:
        """As `transact`, for what is no loss if the machine fails: nothing is synced.

        Whatever is synced later carries it to the disk too.
        """
        return await anyio.to_thread.run_sync(self._remark_now, work)

    def _remark_now(self, work: Work[T]) -> T:
        with self._transaction("IMMEDIATE", synchronous="NORMAL") as connection:
            return work(connection)

    async def look(self, work: Work[T]) -> T:
        """What *work* finds in one consistent state; in a worker thread."""
        return await anyio.to_thread.run_sync(self.look_now, work)

    def look_now(self, work: Work[T]) -> T:
        """The same, for those who have no event loop."""
        with self._transaction("DEFERRED") as connection:
            return work(connection)

    def close(self) -> None:
        with self._alone:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _transaction(
        self, kind: str, *, synchronous: str = "FULL"
    ) -> Iterator[sqlite3.Connection]:
        with self._alone:
            connection = self._opened()
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            connection.execute(f"BEGIN {kind}")
            try:
                # Here, since beginning may have waited for another process.
                self._check_same()
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _opened(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        if self._path is not None:
            self._check_same()
            make_private_folder(self._path.parent)
            self._path.touch(mode=0o600)
            self._identity = _identity_of(self._path)
        connection = sqlite3.connect(
            self._path or ":memory:",
            timeout=BUSY_S,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.row_factory = sqlite3.Row
        _write_ahead(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN IMMEDIATE")
        for schema in self._schemas:
            for statement in _statements(schema):
                connection.execute(statement)
        connection.execute("COMMIT")
        self._connection = connection
        return connection

    def _check_same(self) -> None:
        if self._identity not in {None, _identity_of(self._path)}:
            raise ConfigError(
                f"{self._path} was deleted or replaced while this process ran; put it "
                "back if you can, and start every server anew"
            )


def holds_rows(path: Path) -> bool:
    """Whether anything is written down in the file at *path*; also if it can't be told.

    Every table counts: in each stands something that was sealed, or that refers to it.
    """
    if not path.exists():
        return False
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_S)) as file:
            tables = file.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            ).fetchall()
            return any(_has_rows(file, name) for (name,) in tables)
    except sqlite3.Error:
        return True


def _has_rows(file: sqlite3.Connection, table: str) -> bool:
    quoted = table.replace('"', '""')
    return file.execute(f'SELECT 1 FROM "{quoted}" LIMIT 1').fetchone() is not None  # noqa: S608


def _identity_of(path: Path | None) -> tuple[int, int] | None:
    """Which file a path means now; None where there is none.

    Some file systems give every file the same number: there only a missing one shows.
    """
    try:
        found = path.stat() if path is not None else None
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino) if found is not None else None


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Have the file in WAL mode; two processes may make it at the same moment.

    SQLite does not wait for the other one there, but says at once that it is locked.
    """
    for _ in range(TRIES):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
        else:
            return
        connection.execute("BEGIN EXCLUSIVE")  # this does wait
        connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")


def _statements(schema: str) -> Iterator[str]:
    """The statements one by one; a trigger is one, with those inside it."""
    statement = ""
    for part in schema.split(";"):
        statement += f"{part};"
        if part.strip() and sqlite3.complete_statement(statement):
            yield statement
            statement = ""
