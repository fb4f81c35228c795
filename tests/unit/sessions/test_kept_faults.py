"""What can be wrong with the file of kept sessions, its key and its vault."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.assembly import ACCOUNT, agent
from support.kept_home import (
    LOGOUT,
    READ,
    KeptHome,
    called_once,
    contents,
    paths,
    sign_ins,
)

from bill_mcp.errors import ConfigError
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.kept import KEY_ENTRY
from bill_mcp.sessions.vault import FileVault, MemoryVault, Vault

pytestmark = pytest.mark.anyio


async def test_another_key_means_signing_in_again(home: KeptHome) -> None:
    await called_once(home)
    home.vault = MemoryVault()
    await called_once(home)
    await called_once(home)
    assert sign_ins(home) == 2


@pytest.mark.parametrize("key", ["", "no base64!", "c2hvcnQ="])
async def test_unusable_key_is_made_anew(home: KeptHome, key: str) -> None:
    home.vault.put(KEY_ENTRY, key)
    await called_once(home)
    await called_once(home)
    assert sign_ins(home) == 1


async def test_key_rests_in_the_encrypted_file_of_a_machine_without_keyring(
    home: KeptHome,
) -> None:
    home.vault = FileVault(home.folder / "secrets.enc", "a passphrase of some length")
    await called_once(home)
    await called_once(home)
    assert sign_ins(home) == 1
    key = home.vault.get(KEY_ENTRY)
    assert key is not None
    assert all(key.encode() not in content for content in contents(home))


def _garbage(file: Path) -> None:
    file.write_bytes(b"no database " * 1000)


def _torn(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[1024:] = b"\xff" * (len(content) - 1024)
    file.write_bytes(content)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def _index_torn(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[2 * 4096 : 3 * 4096] = b"\xff" * 4096
    file.write_bytes(content)


def _of_another_program(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("DROP TABLE kept")
        database.execute("CREATE TABLE kept (else_altogether TEXT)")


def _row_of_text(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE kept SET sealed = 'text'")


def _row_cut(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE kept SET sealed = substr(sealed, 1, 5)")


@pytest.mark.parametrize(
    "corrupt",
    [
        _garbage,
        _torn,
        _index_torn,
        _cut,
        _of_another_program,
        _row_of_text,
        _row_cut,
    ],
)
async def test_corrupted_file_or_row_means_signing_in_again_and_nothing_worse(
    home: KeptHome, corrupt: Any
) -> None:
    await called_once(home)
    corrupt(home.file)
    await called_once(home)
    assert sign_ins(home) == 2
    await called_once(home)
    assert sign_ins(home) == 2


async def test_file_that_breaks_under_a_running_server_ends_only_the_keeping(
    home: KeptHome,
) -> None:
    async with home.server() as server:
        await server.call(*READ)
        with closing(sqlite3.connect(home.file)) as file, file:
            file.execute("DROP TABLE kept")
        with capture_logs() as logs:
            server.clock.advance(60)
            await server.call(*READ)
            await server.call(*READ)
    assert [line["log_level"] for line in logs] == ["info"]
    assert sign_ins(home) == 1
    assert paths(home)[-1] == LOGOUT


async def test_file_that_cannot_be_made_leaves_sessions_in_memory(
    home: KeptHome,
) -> None:
    home.file.mkdir(parents=True)
    await called_once(home)
    await called_once(home)
    assert paths(home) == ["/v3/login", "/v3/vendors/00901", LOGOUT] * 2


async def test_without_a_vault_sessions_are_in_memory_which_is_said_once(
    home: KeptHome,
) -> None:
    def nowhere() -> Vault:
        raise ConfigError("no keyring serves here")

    with capture_logs() as logs:
        async with home.server(open_vault=nowhere) as server:
            for name in ("one", "two"):
                await server.dispatcher.call(agent(key=name), *READ)
    said = [line for line in logs if "memory only" in line["event"]]
    assert [line["why"] for line in said] == ["no keyring serves here"]
    assert not home.file.exists()
    assert paths(home).count(LOGOUT) == 2


async def test_token_alone_asks_no_vault(home: KeptHome) -> None:
    def locked() -> Vault:
        raise AssertionError("nobody needs a vault here")

    account = Credentials(api_token=ACCOUNT.api_token)
    async with home.server(account=account, open_vault=locked) as server:
        await server.call("bill_get_list_of_budgets", {})
