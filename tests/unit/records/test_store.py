"""The file of records: what is synced, and what is taken back."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bill_mcp.records.store import RecordFile

pytestmark = pytest.mark.anyio

FULL, NORMAL = 2, 1
SCHEMA = "CREATE TABLE IF NOT EXISTS notes (text TEXT)"


@pytest.fixture
def file(tmp_path: Path) -> RecordFile:
    return RecordFile(tmp_path / "journal.sqlite", (SCHEMA,))


def _synced(connection: sqlite3.Connection) -> int:
    connection.execute("INSERT INTO notes VALUES ('one')")
    return int(connection.execute("PRAGMA synchronous").fetchone()[0])


async def test_transaction_is_synced_also_after_a_remark_that_is_not(
    file: RecordFile,
) -> None:
    assert await file.transact(_synced) == FULL
    assert await file.remark(_synced) == NORMAL
    assert await file.transact(_synced) == FULL
    assert len(await file.look(lambda c: list(c.execute("SELECT * FROM notes")))) == 3
    file.close()


async def test_remark_that_fails_leaves_nothing(file: RecordFile) -> None:
    def fails(connection: sqlite3.Connection) -> None:
        _synced(connection)
        raise PermissionError

    with pytest.raises(PermissionError):
        await file.remark(fails)
    assert await file.transact(_synced) == FULL
    assert len(await file.look(lambda c: list(c.execute("SELECT * FROM notes")))) == 1
    file.close()
