"""What ``bill-mcp audit verify`` says of a log, whole or not, and what it accepts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from keyring.backends import fail
from support.audit_log import AuditLog, an_entry, left_by_a_server
from support.command_line import CommandLine, Ran
from support.keyrings import OpenKeyring, own_keyring

from bill_mcp.audit_cli.log_file import find_log

pytestmark = pytest.mark.usefixtures("logging_as_before")


def test_log_left_alone_is_whole_and_its_limits_are_said(
    run: CommandLine, log: AuditLog
) -> None:
    ran = run("verify")
    assert (ran.code, ran.err) == (0, "")
    head = log.head()
    assert head is not None
    first, *rest = ran.out.splitlines()
    assert first == "whole: 3 rows, none changed, none missing"
    assert rest[:2] == [f"head: row 3, {head.hmac}", f"kept head: row 3, {head.hmac}"]
    limits = "\n".join(rest[2:])
    assert "somebody who has the key" in limits
    assert "rows after row 3" in limits
    assert "together with the head" in limits


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE audit SET content = replace(content, 'done', 'gone')", 2),
        ("DELETE FROM audit WHERE seq = 3", 3),
        ("DELETE FROM audit", 1),
        ("DROP TABLE audit", 1),
    ],
)
def test_log_that_is_not_whole_names_its_first_bad_row(
    run: CommandLine, log: AuditLog, statement: str, first_bad: int
) -> None:
    log.tamper((statement, ()))
    ran = run("verify")
    assert ran.code == 1
    assert f"the first bad row is {first_bad}\n" in ran.out


def test_file_that_is_gone_is_missed(run: CommandLine, log: AuditLog) -> None:
    log.records.close()
    log.path.unlink()
    ran = run("verify")
    assert ran.code == 1
    assert "rows 1 to 3 are missing" in ran.out
    accepted = run("verify", "--accept")
    assert accepted.code == 2
    assert "nothing to accept" in accepted.err


def test_moved_log_is_not_called_whole_without_saying_what_cannot_be_told(
    run: CommandLine, log: AuditLog, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.tamper(("DELETE FROM audit WHERE seq = 3", ()))
    log.records.close()
    moved = home.rename(home.with_name("moved"))
    monkeypatch.setenv("BILL_MCP_HOME", str(moved))
    ran = run("verify")
    assert ran.code == 0
    first, *_ = ran.out.splitlines()
    assert first.startswith("whole as far as it goes: 2 rows, none changed. No head")
    assert "compare the head with one that you know" in first
    assert "kept head: none" in ran.out
    path = moved / "journal.sqlite"
    assert find_log({**os.environ}).custody.keep_head(path, AuditLog(path).records)
    assert run("verify").out.startswith("whole: 2 rows, none changed, none missing")


def test_file_that_is_no_database_is_not_whole_and_no_traceback(
    run: CommandLine, log: AuditLog
) -> None:
    log.records.close()
    log.path.write_bytes(b"ruined " * 2000)
    ran = run("verify")
    assert ran.code == 1
    assert "NOT WHOLE" in ran.out
    for words in ((), ("export",), ("verify", "--accept")):
        told = run(*words)
        assert told.code == 2
        assert "damaged" in told.err


def test_table_that_was_built_anew_with_numbers_as_text_is_no_traceback(
    run: CommandLine, log: AuditLog
) -> None:
    log.tamper(
        ("ALTER TABLE audit RENAME TO typed", ()),
        ("CREATE TABLE audit (seq, key, content, hmac)", ()),
        (
            "INSERT INTO audit SELECT CAST(seq AS TEXT), key, content, hmac FROM typed",
            (),
        ),
    )
    ran = run("verify")
    assert (ran.code, ran.err) == (1, "")
    assert "the first bad row is 1\n" in ran.out
    assert "row 1: its number was changed into something else" in ran.out
    accepted = run("verify", "--accept")
    assert accepted.code == 2
    assert "has no number any more" in accepted.err
    for words in ((), ("export",)):
        assert run(*words).code == 0


def test_more_problems_than_fit_are_counted(run: CommandLine, log: AuditLog) -> None:
    log.write(*(an_entry() for _ in range(30)))
    log.tamper(("UPDATE audit SET hmac = char(27)", ()))
    ran = run("verify")
    assert "NOT WHOLE: 34 problems" in ran.out
    assert "  and more\n" in ran.out
    assert "\x1b" not in ran.out


def test_another_key_is_told_apart_from_tampering(
    run: CommandLine, log: AuditLog, home: Path
) -> None:
    (home / "secrets.enc").unlink()
    find_log({**os.environ}).custody.key()
    ran = run("verify")
    assert ran.code == 1
    assert "rows name other keys than the one that was found here" in ran.out
    assert "no head was kept" in ran.out


def test_without_the_key_nothing_can_be_checked(
    run: CommandLine, log: AuditLog, home: Path
) -> None:
    (home / "secrets.enc").unlink()
    ran = run("verify")
    assert ran.code == 2
    assert "there is no key of the audit log in the encrypted file" in ran.err
    assert not (home / "secrets.enc").exists()


def test_without_a_vault_everybody_is_told_that_the_log_could_be_forged(
    run: CommandLine, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BILL_MCP_KEY")
    with own_keyring(fail.Keyring()):  # type: ignore[no-untyped-call]
        left_by_a_server(home)
    ran = run("verify")
    assert ran.code == 0
    assert "whoever can read that folder could forge the log" in ran.out
    assert "whoever can read that folder could forge the log" in run().err


def test_key_and_head_may_rest_in_the_keyring(
    run: CommandLine, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BILL_MCP_KEY")
    ring = OpenKeyring()
    with own_keyring(ring):
        log = left_by_a_server(home)
    assert run("verify", ring=ring).code == 0
    log.tamper(("DELETE FROM audit WHERE seq > 1", ()))
    assert run("verify", ring=ring).code == 1
    assert [path.name for path in home.glob("audit*")] == []


def test_log_that_lost_rows_can_be_accepted_and_says_so_for_ever(
    run: CommandLine, log: AuditLog
) -> None:
    log.tamper(("DELETE FROM audit WHERE seq = 3", ()))
    accepted = run("verify", "--accept")
    assert accepted.code == 0
    assert "accepted: row 3" in accepted.out
    assert run("verify").code == 0
    (line,) = run("--kind", "accepted").out.splitlines()
    assert line.startswith("3\t")
    told = json.loads(run("export").out.splitlines()[2])["content"]["arguments"]
    assert told["problems"] == ["row 3: it is missing"]
    again = run("verify", "--accept")
    assert again.code == 2
    assert "nothing to accept" in again.err


def test_log_is_read_while_a_server_writes_it(run: CommandLine, log: AuditLog) -> None:
    def amid(connection: object) -> Ran:
        return run("verify")

    ran = log.records.transact_now(amid)
    assert ran.code == 0
    log.write(an_entry())
    assert run("verify").out.startswith("whole: 4 rows")


def test_program_itself_tells_a_whole_log_from_a_broken_one(
    log: AuditLog, home: Path
) -> None:
    def program(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 -- ourselves
            [sys.executable, "-m", "bill_mcp", "audit", *words],
            env={**os.environ, "BILL_MCP_HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert program("verify").returncode == 0
    assert len(program("export").stdout.splitlines()) == 3
    log.tamper(("UPDATE audit SET content = content || ' ' WHERE seq = 3", ()))
    broken = program("verify")
    assert broken.returncode == 1
    assert "the first bad row is 3" in broken.stdout
    assert broken.stderr == ""
