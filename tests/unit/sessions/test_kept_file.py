"""The file of kept sessions: sealed, for its owner only, and cleaned up."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from support.assembly import ACCOUNT
from support.kept_home import (
    AS_USER,
    LIST,
    READ,
    KeptHome,
    called_once,
    contents,
    sign_ins,
)

from bill_mcp.sessions.store import SessionState

pytestmark = pytest.mark.anyio


async def test_no_secret_is_in_any_file_in_the_clear(home: KeptHome) -> None:
    async with home.server() as server:
        await server.call(*LIST)
        await server.call(*AS_USER)
        await server.call(*READ)
        written = list(contents(home))
    written += contents(home)
    assert any(content.startswith(b"SQLite format 3") for content in written)
    for content in written:
        assert b"canary" not in content
        assert b"example.test" not in content
        assert b"00601CLIENT" not in content


@pytest.mark.parametrize("is_there", [False, True])
async def test_files_are_for_their_owner_only(home: KeptHome, is_there: bool) -> None:
    if is_there:
        home.folder.mkdir()
        home.file.touch(0o644)
    async with home.server() as server:
        await server.call(*READ)
        files = [file for file in home.folder.rglob("*") if file.is_file()]
        assert {file.name for file in files} >= {
            "sessions.sqlite",
            "sessions.sqlite-wal",
            "sessions.sqlite-shm",
        }
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


async def test_touches_are_written_at_most_once_a_minute(home: KeptHome) -> None:
    def sealed() -> bytes:
        with closing(sqlite3.connect(home.file)) as file:
            found: bytes = file.execute("SELECT sealed FROM kept").fetchone()[0]
        return found

    async with home.server() as server:
        await server.call(*READ)
        first = sealed()
        server.clock.advance(59)
        await server.call(*READ)
        assert sealed() == first
        server.clock.advance(1)
        await server.call(*READ)
        second = sealed()
        assert second != first
        server.clock.advance(30)
        await server.call(*READ)
    assert sealed() != second


async def test_sign_out_removes_the_row(home: KeptHome) -> None:
    async with home.server() as server:
        await server.call(*READ)
        await server.call("bill_api_logout", {})
        state = server.dispatcher.sessions.state_of(server.agent)
        assert state is SessionState.SIGNED_OUT
    await called_once(home)
    assert sign_ins(home) == 2


async def test_rows_of_long_ago_are_removed(home: KeptHome) -> None:
    await called_once(home, account=replace(ACCOUNT, username="gone@example.test"))
    home.clock.advance(36 * 60)
    await called_once(home)
    with closing(sqlite3.connect(home.file)) as file:
        assert file.execute("SELECT count(*) FROM kept").fetchone() == (1,)
