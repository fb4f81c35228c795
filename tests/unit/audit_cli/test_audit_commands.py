"""What ``bill-mcp audit``, ``audit verify`` and ``audit export`` say."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from keyring.backends import fail
from support.audit_log import AT, AuditLog, an_entry
from support.command_line import CommandLine, Ran
from support.keyrings import LockedKeyring, OpenKeyring, own_keyring
from support.terminal import at_terminal

from bill_mcp.audit_cli.log_file import find_log
from bill_mcp.records.audit import Audit
from bill_mcp.records.store import RecordFile

pytestmark = pytest.mark.usefixtures("logging_as_before")
OPERATORS_KEY = "canary-key-of-the-operator"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def run(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """``bill-mcp audit`` of an operator who set ``BILL_MCP_KEY``."""
    command_line = CommandLine(
        home=home,
        monkeypatch=monkeypatch,
        capsys=capsys,
        first_words=("audit",),
        hidden=OPERATORS_KEY,
    )
    monkeypatch.setenv("BILL_MCP_KEY", OPERATORS_KEY)
    return command_line


@pytest.fixture
def log(home: Path, run: CommandLine) -> AuditLog:
    """A log as a server with BILL_MCP_KEY leaves it: three rows, its head kept."""
    return left_by_a_server(home)


def left_by_a_server(home: Path) -> AuditLog:
    found = find_log({**os.environ, "BILL_MCP_HOME": str(home)})
    log = AuditLog(found.path, Audit(found.custody.key))
    log.write(
        an_entry(write="w1"),
        an_entry(
            kind="outcome",
            write="w1",
            outcome="done",
            bill_ids=("stp01",),
            at=AT + timedelta(seconds=1),
        ),
        an_entry(
            kind="refused",
            agent="http:evil\x1b[2J\tx",
            at=AT + timedelta(days=1),
            arguments={"name": '=HYPERLINK("https://x")', "n": [1]},
        ),
    )
    assert found.custody.keep_head(found.path, log.records)
    return log


# audit


def test_rows_are_shown_newest_first_one_a_line(
    run: CommandLine, log: AuditLog
) -> None:
    ran = run()
    assert (ran.code, ran.err) == (0, "")
    lines = [line.split("\t") for line in ran.out.splitlines()]
    assert [line[0] for line in lines] == ["3", "2", "1"]
    assert lines[1][:9] == [
        "2",
        "2026-11-24T09:30:01.000+00:00",
        "outcome",
        "stdio:1",
        "bill_create_a_payment",
        "done",
        "",
        "money write",
        "",
    ]
    assert lines[1][9:] == ["stp01", "", "", "", "w1"]


def test_texts_of_others_can_neither_move_the_cursor_nor_make_cells(
    run: CommandLine, log: AuditLog
) -> None:
    ran = run("--kind", "refused")
    (line,) = ran.out.splitlines()
    assert "\x1b" not in line
    assert line.split("\t")[3] == "http:evil[2J x"


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (("--agent", "stdio:1"), ["2", "1"]),
        (("--action", "bill_create_a_payment", "--limit", "1"), ["3"]),
        (("--outcome", "done"), ["2"]),
        (("--kind", "intent"), ["1"]),
        (("--since", "2026-11-25"), ["3"]),
        (("--until", "2026-11-24T10:30:01+01:00"), ["1"]),
        (("--since", "2027-01-01"), []),
    ],
)
def test_rows_are_chosen(
    run: CommandLine, log: AuditLog, words: tuple[str, ...], rows: list[str]
) -> None:
    ran = run(*words)
    assert ran.code == 0
    assert [line.split("\t")[0] for line in ran.out.splitlines()] == rows


def test_time_that_is_none_is_named(run: CommandLine) -> None:
    ran = run("--since", "yesterday")
    assert ran.code == 2
    assert "--since is no ISO time" in ran.err


def test_without_a_log_nothing_is_shown_and_nothing_is_made(
    run: CommandLine, home: Path
) -> None:
    assert run() == Ran(code=0, out="", err="")
    ran = run("verify")
    assert ran.code == 0
    assert ran.out.startswith("whole: nothing has been logged yet\n")
    assert run("export").err == "head: none\n"
    assert not (home / "journal.sqlite").exists()
    assert not (home / "secrets.enc").exists()


def test_journal_without_a_table_of_the_log_is_an_empty_log(
    run: CommandLine, home: Path
) -> None:
    records = RecordFile(home / "journal.sqlite", ("CREATE TABLE other (a)",))
    records.look_now(lambda _: None)
    records.close()
    assert run() == Ran(code=0, out="", err="")
    assert run("verify").code == 0


def test_row_that_cannot_be_read_is_shown_as_such(
    run: CommandLine, log: AuditLog
) -> None:
    log.tamper(("UPDATE audit SET content = X'FF' WHERE seq = 1", ()))
    assert run("--limit", "3").out.splitlines()[2].startswith("1\t\t(unreadable)\t")


def test_locked_keyring_does_not_hide_the_rows(
    run: CommandLine, log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BILL_MCP_KEY")
    ran = run(ring=LockedKeyring())
    assert (ran.code, len(ran.out.splitlines()), ran.err) == (0, 3, "")


def test_a_person_sees_a_table(log: AuditLog, home: Path) -> None:
    variables = {"BILL_MCP_HOME": str(home), "BILL_MCP_KEY": OPERATORS_KEY}
    with at_terminal("audit", variables=variables) as terminal:
        assert terminal.end() == 0
    assert "at (UTC)" in terminal.shown
    assert "2026-11-24 09:30:01" in terminal.shown
    assert "\x1b[2J" not in terminal.shown
    with at_terminal("audit", "--kind", "halt", variables=variables) as terminal:
        assert terminal.end() == 0
    assert "no row is like that" in terminal.shown


# audit verify


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


# audit export


def test_json_lines_hold_what_is_authenticated(run: CommandLine, log: AuditLog) -> None:
    ran = run("export", "--format", "jsonl")
    head = log.head()
    assert head is not None
    assert (ran.code, ran.err) == (0, f"head: row 3, {head.hmac}\n")
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert [row["seq"] for row in rows] == [1, 2, 3]
    assert rows[2]["hmac"] == head.hmac
    content = json.dumps(rows[0]["content"], sort_keys=True, separators=(",", ":"))
    assert content == an_entry(write="w1").content()


def test_spreadsheet_gets_no_formulas(run: CommandLine, log: AuditLog) -> None:
    log.write(
        an_entry(agent="=1+1", user=" +1", approver="-1", action="@x", write="\t")
    )
    ran = run("export", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [row["seq"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[1]["bill_ids"] == "stp01"
    assert rows[1]["effects"] == "money write"
    assert json.loads(rows[2]["arguments"])["n"] == [1]
    assert rows[2]["agent"] == "http:evil\\u001b[2J\\u0009x"
    told = [rows[3][name] for name in ("agent", "user", "approver", "action")]
    assert told == ["'=1+1", "' +1", "'-1", "'@x"]


def test_export_goes_to_a_private_file(
    run: CommandLine, log: AuditLog, tmp_path: Path
) -> None:
    out = tmp_path / "audit.csv"
    ran = run("export", "--format", "csv", "--out", str(out))
    assert (ran.code, ran.out) == (0, "")
    assert out.stat().st_mode & 0o777 == 0o600
    assert len(out.read_text().splitlines()) == 4


def test_export_that_cannot_be_written_is_named(
    run: CommandLine, log: AuditLog, tmp_path: Path
) -> None:
    for words, why in (
        (("--out", str(tmp_path / "no" / "file")), "No such file"),
        (("--out", str(log.path)), "the log itself"),
        (("--format", "xml"), "csv or jsonl"),
    ):
        ran = run("export", *words)
        assert ran.code == 2
        assert why in ran.err
    assert run("verify").code == 0


def test_changed_row_is_exported_as_the_text_that_it_is(
    run: CommandLine, log: AuditLog
) -> None:
    log.tamper(("UPDATE audit SET content = 'é\nx' WHERE seq = 1", ()))
    first, *rest = run("export").out.splitlines()
    assert json.loads(first)["content"] == "é\nx"
    assert len(rest) == 2
    csv_rows = list(csv.DictReader(io.StringIO(run("export", "--format", "csv").out)))
    assert csv_rows[0]["kind"] == ""


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
