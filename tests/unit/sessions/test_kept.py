"""Sessions that survive a restart: sealed, for one agent of one account only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from structlog.testing import capture_logs
from support.assembly import ACCOUNT, Assembly, agent
from support.bill_sessions import BillSessions
from support.clock import ManualClock
from support.kept_home import KeptHome
from support.upstream import SIGN_INS, Upstream

from bill_mcp.errors import ConfigError
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.kept import KEY_ENTRY
from bill_mcp.sessions.store import SessionState
from bill_mcp.sessions.vault import FileVault, MemoryVault, Vault

pytestmark = pytest.mark.anyio

READ = ("bill_get_vendor_details", {"vendorId": "00901"})
LIST: tuple[str, dict[str, str]] = ("bill_get_list_of_organizations", {})
AS_USER = (
    "bill_api_login_as_user",
    {"organizationId": "00801CLIENT", "userId": "00601CLIENT"},
)
LOGOUT = "/v3/logout"


@pytest.fixture
def bill() -> BillSessions:
    return BillSessions()


@pytest.fixture
def home(bill: BillSessions, tmp_path: Path) -> KeptHome:
    return KeptHome(tmp_path / "home", Upstream(bill))


def paths(home: KeptHome) -> list[str]:
    return [arrival.path for arrival in home.upstream.arrivals]


def sign_ins(home: KeptHome) -> int:
    return sum(path in SIGN_INS for path in paths(home))


async def called_once(home: KeptHome, **differing: Any) -> Assembly:
    """A process that makes one call and ends."""
    async with home.server(**differing) as server:
        await server.call(*READ)
    return server


# Restarts


async def test_restart_causes_no_new_sign_in(home: KeptHome) -> None:
    for _ in range(3):
        await called_once(home)
        home.clock.advance(35 * 60 - 1)
    assert paths(home) == ["/v3/login", *["/v3/vendors/00901"] * 3]
    sessions = {call.headers["sessionid"] for call in home.upstream.calls}
    assert sessions == {"canary-session-0001"}


async def test_restart_after_35_minutes_causes_one_sign_in(home: KeptHome) -> None:
    await called_once(home)
    home.clock.advance(35 * 60)
    async with home.server() as server:
        for _ in range(3):
            await server.call(*READ)
    assert sign_ins(home) == 2
    assert home.upstream.calls[-1].headers["sessionid"] == "canary-session-0002"


async def test_what_idled_before_the_restart_counts_after_it(home: KeptHome) -> None:
    async with home.server() as server:
        await server.call(*READ)
        server.clock.advance(20 * 60)
    home.clock.advance(14 * 60)
    async with home.server() as server:
        server.clock.advance(60)
        await server.call(*READ)
    assert sign_ins(home) == 2


async def test_session_that_expired_at_bill_meanwhile_is_renewed_once(
    home: KeptHome, bill: BillSessions
) -> None:
    await called_once(home)
    bill.forget()
    async with home.server() as server:
        for _ in range(3):
            assert await server.call(*READ) == {"id": "0001"}
    assert sign_ins(home) == 2
    await called_once(home)
    assert sign_ins(home) == 2


async def test_session_last_used_in_the_future_is_not_taken_up(home: KeptHome) -> None:
    await called_once(home)
    home.clock = ManualClock(home.clock.now() - timedelta(minutes=1))
    await called_once(home)
    assert sign_ins(home) == 2


async def test_process_that_was_killed_has_written_its_sessions(
    home: KeptHome,
) -> None:
    async with home.server() as killed:
        await killed.call(*READ)
        for lock in (home.folder / "agents").iterdir():
            lock.unlink()  # which the system does for the dead
        await called_once(home)
    assert sign_ins(home) == 1


async def test_trust_and_who_it_is_survive(home: KeptHome) -> None:
    async with home.server() as server:
        await server.call(*READ)
        before = server.dispatcher.sessions.session_of(server.agent)
    async with home.server() as server:
        sessions = server.dispatcher.sessions
        assert sessions.state_of(server.agent) is SessionState.SIGNED_OUT
        await server.call(*READ)
        assert sessions.state_of(server.agent) is SessionState.TRUSTED
        after = sessions.session_of(server.agent)
    assert before is not None
    assert after is not None
    assert replace(after, last_used=0) == replace(before, last_used=0)


async def test_partners_chain_survives_as_the_user_it_acts_for(
    home: KeptHome, bill: BillSessions
) -> None:
    async with home.server() as server:
        await server.call(*LIST)
        await server.call(*AS_USER)
    signed_in = sign_ins(home)
    async with home.server() as server:
        await server.call(*LIST)
        await server.call(*READ)
        assert sign_ins(home) == signed_in
        bill.forget()
        await server.call(*READ)
    assert paths(home)[-3:] == [
        "/v3/partner/login",
        "/v3/partner/login-as-user",
        "/v3/vendors/00901",
    ]


async def test_secrets_taken_up_are_withheld_like_any_other(
    home: KeptHome, bill: BillSessions
) -> None:
    await called_once(home)
    bill.reply = lambda arrival: {"echo": arrival.headers["sessionid"]}
    async with home.server() as server:
        assert await server.call(*READ) == {"echo": "(held by the server)"}


async def test_ten_first_calls_after_a_restart_share_the_kept_session(
    home: KeptHome, bill: BillSessions
) -> None:
    await called_once(home)
    bill.forget()
    async with home.server() as server, anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(server.call, *READ)
    assert sign_ins(home) == 2


# Whose they are


async def test_two_processes_at_once_never_share_a_session(home: KeptHome) -> None:
    async with home.server() as one, home.server() as other:
        for _ in range(2):
            await one.call(*READ)
            await other.call(*READ)
    used = [call.headers["sessionid"] for call in home.upstream.calls[:4]]
    assert used == ["canary-session-0001", "canary-session-0002"] * 2
    # The second had nowhere to keep its session, and ended it.
    assert paths(home).count(LOGOUT) == 1
    await called_once(home)
    assert home.upstream.calls[-1].headers["sessionid"] == "canary-session-0001"


async def test_another_agent_signs_in_for_itself(home: KeptHome) -> None:
    await called_once(home)
    async with home.server() as server:
        await server.dispatcher.call(agent(key="another"), *READ)
    assert sign_ins(home) == 2


@pytest.mark.parametrize(
    "differing",
    [
        {"account": replace(ACCOUNT, username="other@example.test")},
        {"account": replace(ACCOUNT, organization_id="00801ANOTHERORGANIZ2")},
        {"account": replace(ACCOUNT, dev_key=Secret("canary-another-key-77"))},
        {"account": replace(ACCOUNT, partner_username="other@example.test")},
        {"place": "production"},
    ],
)
async def test_session_of_another_account_or_bill_is_not_taken_up(
    home: KeptHome, differing: dict[str, Any]
) -> None:
    await called_once(home)
    await called_once(home, **differing)
    assert sign_ins(home) == 2
    await called_once(home)
    assert sign_ins(home) == 2


async def test_rows_swapped_between_agents_do_not_open(home: KeptHome) -> None:
    agents = [agent(key="one"), agent(key="two")]
    async with home.server() as server:
        for each in agents:
            await server.dispatcher.call(each, *READ)
    with closing(sqlite3.connect(home.file)) as file, file:
        (one, first), (two, second) = file.execute("SELECT name, sealed FROM kept")
        file.execute("UPDATE kept SET sealed = ? WHERE name = ?", (second, one))
        file.execute("UPDATE kept SET sealed = ? WHERE name = ?", (first, two))
    async with home.server() as server:
        for each in agents:
            await server.dispatcher.call(each, *READ)
    used = [call.headers["sessionid"] for call in home.upstream.calls]
    assert len(set(used)) == 4


async def test_sessions_of_inline_credentials_are_ended_and_not_kept(
    home: KeptHome,
) -> None:
    guest = {"username": "guest@example.test", "password": "canary-guest-1b"}
    async with home.server(inline_credentials=True) as server:
        await server.call(*READ)
        await server.call("bill_api_login", guest)
        await server.call(*READ)
    assert paths(home)[-1] == LOGOUT
    assert home.upstream.calls[-1].headers["sessionid"] == "canary-session-0002"
    with closing(sqlite3.connect(home.file)) as file:
        assert file.execute("SELECT count(*) FROM kept").fetchone() == (0,)


# What is in the file


def contents(home: KeptHome) -> Iterator[bytes]:
    for file in home.folder.rglob("*"):
        if file.is_file():
            yield file.read_bytes()


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


# What can be wrong with it


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


async def test_kept_sessions_are_not_signed_out_at_the_end(home: KeptHome) -> None:
    await called_once(home)
    assert LOGOUT not in paths(home)
