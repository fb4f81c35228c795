"""Where the audit log's key and head rest, and that a head is never lost."""

from __future__ import annotations

import base64
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.audit_log import AuditLog, an_entry
from support.keyrings import LockedKeyring, OpenKeyring, own_keyring

from bill_mcp.errors import ConfigError
from bill_mcp.records.audit import Audit
from bill_mcp.records.audit_chain import Head
from bill_mcp.sessions.agent_locks import AgentLocks
from bill_mcp.sessions.audit_custody import (
    FORGEABLE,
    KEY_ENTRY,
    AuditCustody,
    NotTakenOverError,
    head_entry,
)
from bill_mcp.sessions.head_keeper import HeadKeeper
from bill_mcp.sessions.vault import FileVault, MemoryVault, Vault, open_vault


def nowhere() -> Vault:
    raise ConfigError("no keyring serves here")


def custody(home: Path, vault: Vault | None = None) -> AuditCustody:
    """As one process has it; without a vault where none is given."""
    locks = AgentLocks(home / "agents")
    return AuditCustody(home, (lambda: vault) if vault else nowhere, locks)


def test_key_is_made_once_and_is_the_same_for_every_process(tmp_path: Path) -> None:
    vault = MemoryVault()
    first = custody(tmp_path, vault)
    assert first.find_key() is None
    key = first.key()
    assert len(key) == 32
    assert custody(tmp_path, vault).find_key() == key
    assert base64.b64decode(vault.get(KEY_ENTRY) or "") == key
    assert not first.is_beside_the_log
    assert list(tmp_path.glob("audit*")) == []


def test_key_that_many_ask_for_at_once_is_one_key(tmp_path: Path) -> None:
    vault = FileVault(tmp_path / "secrets.enc", "k")
    with ThreadPoolExecutor(4) as pool:
        keys = list(pool.map(lambda _: custody(tmp_path, vault).key(), range(4)))
    assert len(set(keys)) == 1


def test_without_a_vault_the_key_is_a_private_file_and_that_is_warned_of(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    with capture_logs() as logs:
        first = custody(home)
        key = first.key()
        first.key()
    assert [each["event"] for each in logs] == [FORGEABLE]
    assert first.is_beside_the_log
    assert str(home) in first.where
    assert (home / "audit.key").stat().st_mode & 0o777 == 0o600
    assert custody(home).key() == key


def begun_without_a_vault(home: Path) -> tuple[AuditLog, bytes]:
    """One row under the key in the file beside it, and that key."""
    first = custody(home)
    log = AuditLog(home / "journal.sqlite", Audit(first.key))
    log.write(an_entry())
    assert first.keep_head(log.path, log.records)
    return log, first.key()


def test_log_begun_without_a_vault_goes_on_in_one_only_once_it_was_taken_over(
    tmp_path: Path,
) -> None:
    log, key = begun_without_a_vault(tmp_path)
    vault = MemoryVault()
    later = custody(tmp_path, vault)
    for ask in (later.key, later.find_key, lambda: later.head(log.path)):
        with pytest.raises(NotTakenOverError, match="could be anybody's"):
            ask()
    assert later.fault() is not None
    assert vault.get(KEY_ENTRY) is None
    later.take_over(log.path, log.head())
    assert later.fault() is None
    assert (later.key(), later.head(log.path)) == (key, log.head())
    assert not later.is_beside_the_log
    assert list(tmp_path.glob("audit*")) == []


def test_without_a_vault_a_log_that_was_begun_so_goes_on(tmp_path: Path) -> None:
    _, key = begun_without_a_vault(tmp_path)
    later = custody(tmp_path)
    assert (later.key(), later.fault()) == (key, None)


def test_key_beside_no_records_is_not_taken(tmp_path: Path) -> None:
    """As a simulator leaves it that kept its records in memory."""
    left = custody(tmp_path).key()
    AuditLog(tmp_path / "journal.sqlite").head()  # a file without a row
    later = custody(tmp_path, MemoryVault())
    assert later.fault() is None
    assert later.key() != left
    assert not later.is_beside_the_log


def test_records_that_end_with_the_process_look_at_no_file(tmp_path: Path) -> None:
    _, key = begun_without_a_vault(tmp_path)
    vault = MemoryVault()
    passing = AuditCustody(tmp_path, lambda: vault, None, lasts=False)
    assert passing.fault() is None
    assert passing.key() != key


@pytest.mark.parametrize("table", ["approvers", "approvals", "bank_details"])
def test_records_without_an_audit_row_are_not_gone_on_with_either(
    tmp_path: Path, table: str
) -> None:
    custody(tmp_path).key()
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as file:
        file.execute(f"CREATE TABLE {table} (name TEXT)")
        file.execute(f"INSERT INTO {table} VALUES ('dana')")  # noqa: S608
        file.commit()
    with pytest.raises(NotTakenOverError):
        custody(tmp_path, MemoryVault()).key()


def test_records_that_cannot_be_read_are_not_taken_for_none(tmp_path: Path) -> None:
    custody(tmp_path).key()
    (tmp_path / "journal.sqlite").write_bytes(b"garbage " * 200)
    with pytest.raises(NotTakenOverError):
        custody(tmp_path, MemoryVault()).key()


def test_records_are_taken_over_only_where_the_vault_has_no_key(tmp_path: Path) -> None:
    log, _ = begun_without_a_vault(tmp_path)
    vault = MemoryVault()
    vault.put(KEY_ENTRY, base64.b64encode(b"x" * 32).decode())
    with pytest.raises(ConfigError, match="another process"):
        custody(tmp_path, vault).take_over(log.path, log.head())
    assert (tmp_path / "audit.key").exists()


def test_key_of_the_vault_is_taken_before_a_file_that_lies_there(
    tmp_path: Path,
) -> None:
    vault = MemoryVault()
    key = custody(tmp_path, vault).key()
    (tmp_path / "audit.key").write_text(base64.b64encode(b"x" * 32).decode())
    assert custody(tmp_path, vault).key() == key


@pytest.mark.parametrize("kept", ["", "no base64 é", "c2hvcnQ="])
def test_ruined_key_is_not_replaced(tmp_path: Path, kept: str) -> None:
    (tmp_path / "audit.key").write_bytes(kept.encode())
    for ask in (custody(tmp_path).key, custody(tmp_path).find_key):
        with pytest.raises(ConfigError, match="is no key"):
            ask()
    assert (tmp_path / "audit.key").read_bytes() == kept.encode()


def test_locked_keyring_is_no_reason_for_a_file(tmp_path: Path) -> None:
    locked = AuditCustody(tmp_path, lambda: open_vault(tmp_path, None), None)
    with own_keyring(LockedKeyring()), pytest.raises(ConfigError, match="locked"):
        locked.key()
    with own_keyring(OpenKeyring()):
        assert len(locked.key()) == 32
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ConfigError, match=r"audit\.key"):
        AuditCustody(blocked, nowhere, None).key()
    (tmp_path / "audit.key").mkdir()
    with pytest.raises(ConfigError, match=r"audit\.key"):
        AuditCustody(tmp_path, nowhere, None).key()


@pytest.fixture(params=["vault", "files"])
def kept_home(request: pytest.FixtureRequest, tmp_path: Path) -> AuditCustody:
    return custody(tmp_path, MemoryVault() if request.param == "vault" else None)


def test_newest_head_is_kept(kept_home: AuditCustody, tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "journal.sqlite")
    assert kept_home.keep_head(log.path, log.records)
    assert kept_home.head(log.path) is None
    for _ in range(2):
        log.write(an_entry())
        assert kept_home.keep_head(log.path, log.records)
        assert kept_home.keep_head(log.path, log.records)
        assert kept_home.head(log.path) == log.head()


def test_head_of_rows_that_were_removed_stays_known(
    kept_home: AuditCustody, tmp_path: Path
) -> None:
    log = AuditLog(tmp_path / "journal.sqlite")
    log.write(*(an_entry() for _ in range(3)))
    kept_home.keep_head(log.path, log.records)
    known = kept_home.head(log.path)
    log.tamper(("DELETE FROM audit WHERE seq > 1", ()))
    assert not kept_home.keep_head(log.path, log.records)
    log.write(*(an_entry(agent="late") for _ in range(5)))
    assert not kept_home.keep_head(log.path, log.records)
    assert kept_home.head(log.path) == known
    assert not log.verify(known).is_whole


def test_operator_can_have_the_end_known_anew(
    kept_home: AuditCustody, tmp_path: Path
) -> None:
    path = tmp_path / "journal.sqlite"
    kept_home.replace_head(path, Head(count=1, hmac="ab"))
    assert kept_home.head(path) == Head(count=1, hmac="ab")


def test_each_file_has_a_head_of_its_own(tmp_path: Path) -> None:
    entries = {head_entry(path) for path in (None, tmp_path / "a", tmp_path / "b")}
    assert len(entries) == 3


def test_an_older_head_never_replaces_a_newer_one(tmp_path: Path) -> None:
    vault = FileVault(tmp_path / "secrets.enc", "k")
    path = tmp_path / "journal.sqlite"
    logs = [AuditLog(path) for _ in range(3)]
    logs[0].write(an_entry())

    def write(log: AuditLog) -> None:
        own = custody(tmp_path, vault)
        for _ in range(3):
            log.write(an_entry())
            assert own.keep_head(path, log.records)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, logs))
    assert custody(tmp_path, vault).head(path) == logs[0].head()


def test_fifty_writes_at_once_keep_few_heads_and_the_last_one(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "journal.sqlite")
    own = custody(tmp_path)
    kept: list[Head | None] = []

    def keep_now() -> bool:
        followed = own.keep_head(log.path, log.records)
        kept.append(own.head(log.path))
        return followed

    with closing(HeadKeeper(keep_now, pause_s=3600)) as keeper:
        for _ in range(50):
            log.write(an_entry())
            keeper.keep()
    assert len(kept) in {1, 2}
    assert kept[-1] == log.head()


def test_keeper_that_nobody_asked_keeps_nothing() -> None:
    HeadKeeper(lambda: pytest.fail("nothing was written")).close()


def test_vault_that_fails_is_told_and_tried_again_after_the_next_write() -> None:
    tried = []

    def locked() -> bool:
        tried.append(1)
        raise ConfigError("the keyring is locked")

    with capture_logs() as logs:
        keeper = HeadKeeper(locked, pause_s=0)
        keeper.keep()
        keeper.close()
    assert tried
    assert {(each["log_level"], each.get("why")) for each in logs} == {
        ("warning", "the keyring is locked")
    }


def test_log_that_lost_rows_is_told_loudly() -> None:
    with capture_logs() as logs:
        keeper = HeadKeeper(lambda: False)
        keeper.keep()
        keeper.close()
    assert [each["log_level"] for each in logs] == ["error"]
    assert "audit verify" in logs[0]["event"]
