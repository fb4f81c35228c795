"""Which rows ``bill-mcp audit`` shows, and how."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.audit_log import OPERATORS_KEY, AuditLog, an_entry
from support.command_line import CommandLine, Ran
from support.keyrings import LockedKeyring
from support.terminal import at_terminal

from bill_mcp.records.store import RecordFile

pytestmark = pytest.mark.usefixtures("logging_as_before")


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


@pytest.mark.parametrize(
    ("words", "known"),
    [
        (("--outcome", "foo"), "not_done, unknown, done, not 'foo'"),
        (("--kind", "zzz"), "settled, halt, accepted, not 'zzz'"),
    ],
)
def test_value_that_no_row_can_have_is_refused_with_those_that_can(
    run: CommandLine, log: AuditLog, words: tuple[str, str], known: str
) -> None:
    ran = run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"bill-mcp: {words[0]} is one of ")
    assert known in ran.err


@pytest.mark.parametrize(
    ("spelled", "action"),
    [
        ("BILL_CREATE_A_PAYMENT", "bill_create_a_payment"),
        (
            "bill_archive_mutliple_chart_of_accounts",
            "bill_archive_multiple_chart_of_accounts",
        ),
    ],
)
def test_action_is_found_by_every_spelling_that_a_call_may_use(
    run: CommandLine, log: AuditLog, spelled: str, action: str
) -> None:
    log.write(an_entry(action=action))
    ran = run("--action", spelled, "--limit", "1")
    (line,) = ran.out.splitlines()
    assert (ran.code, line.split("\t")[4]) == (0, action)


def test_action_of_another_version_is_found_and_told(
    run: CommandLine, log: AuditLog
) -> None:
    log.write(an_entry(action="bill_pay"))
    ran = run("--action", "bill_pay")
    assert (ran.code, len(ran.out.splitlines())) == (0, 1)
    assert "no tool of this version is named 'bill_pay'" in ran.err


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
