"""Records that were begun without a vault, or that somebody pretends were."""

from __future__ import annotations

import base64
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from keyring.backends import fail
from support.audit_log import OPERATORS_KEY, AuditLog, left_by_a_server
from support.command_line import CommandLine
from support.keyrings import own_keyring
from support.sealing import sealing_key
from support.terminal import at_terminal

from bill_mcp.clock import SystemClock
from bill_mcp.errors import ConfigError
from bill_mcp.records import audit_chain
from bill_mcp.records.approvers import Approvers
from bill_mcp.records.store import RecordFile
from bill_mcp.safekeeping import SCHEMAS
from bill_mcp.secret import Secret
from bill_mcp.sessions.audit_custody import KEY_ENTRY, head_entry
from bill_mcp.sessions.vault import open_vault

pytestmark = pytest.mark.usefixtures("logging_as_before")

FORGERS_KEY = b"a key that the forger has chosen"
PASSPHRASE = "the forger's own eight words here"
MISTRUSTED = "the audit.key that lies beside the records could be anybody's"
CREATE = ("call", "bill_create_a_department", '{"name": "North"}')
VENDORS = ("call", "bill_get_list_of_vendors", "{}")
LIST = ("call", "bill_get_list_of_departments", "{}")


@pytest.fixture
def command(run: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Any command of the operator who set ``BILL_MCP_KEY``."""
    made = replace(run, first_words=())
    monkeypatch.setenv("BILL_MCP_KEY", OPERATORS_KEY)
    return made


@pytest.fixture
def begun(
    home: Path, monkeypatch: pytest.MonkeyPatch, command: CommandLine
) -> AuditLog:
    """A log that was begun without a vault; the key is set since."""
    monkeypatch.delenv("BILL_MCP_KEY")
    with own_keyring(fail.Keyring()):  # type: ignore[no-untyped-call]
        log = left_by_a_server(home)
    command.capsys.readouterr()  # what the server said of it
    monkeypatch.setenv("BILL_MCP_KEY", OPERATORS_KEY)
    return log


def forge(home: Path) -> None:
    """Do what somebody can who may write the files but lacks the operator's key."""
    (home / "secrets.enc").unlink()
    (home / "audit.key").write_text(base64.b64encode(FORGERS_KEY).decode())
    path, code = home / "journal.sqlite", audit_chain.BEFORE_THE_FIRST
    log = AuditLog(path)
    rows = log.records.look_now(
        lambda file: file.execute("SELECT seq, content FROM audit").fetchall()
    )
    for seq, content in rows:
        told = content.replace('"done"', '"gone"')
        code = audit_chain.code_of(FORGERS_KEY, seq, code, told.encode())
        name = audit_chain.key_name(FORGERS_KEY)
        statement = "UPDATE audit SET key = ?, content = ?, hmac = ? WHERE seq = ?"
        log.tamper((statement, (name, told, code.decode(), seq)))
    head = audit_chain.Head(count=len(rows), hmac=code.decode())
    (home / head_entry(path).replace("/", ".")).write_text(head.as_text())
    log.records.close()


def approvers(home: Path, key: str | None) -> Approvers:
    file = RecordFile(home / "journal.sqlite", SCHEMAS)
    return Approvers(file, key=sealing_key(home, key))


def make_oneself_an_approver(home: Path) -> None:
    own = Approvers(
        RecordFile(home / "journal.sqlite", SCHEMAS), key=lambda: FORGERS_KEY
    )
    anyio.run(own.add, "dana", Secret(PASSPHRASE), SystemClock().now())


def test_log_that_was_written_anew_under_a_planted_key_is_not_called_whole(
    run: CommandLine, log: AuditLog, home: Path
) -> None:
    log.records.close()
    forge(home)
    ran = run("verify")
    assert ran.code == 2
    assert (ran.out, MISTRUSTED in ran.err) == ("", True)
    assert "the key of the audit log was removed" in ran.err
    assert not (home / "secrets.enc").exists()
    shown = run()
    assert (shown.code, len(shown.out.splitlines())) == (0, 3)
    assert "these rows are not checked" in shown.err


def test_approver_whom_a_planted_key_sealed_can_release_nothing(
    log: AuditLog, home: Path
) -> None:
    log.records.close()
    forge(home)
    make_oneself_an_approver(home)
    with pytest.raises(ConfigError, match="could be anybody's"):
        anyio.run(
            approvers(home, OPERATORS_KEY).check,
            "dana",
            Secret(PASSPHRASE),
            SystemClock().now(),
        )


def test_approver_whom_a_planted_key_sealed_cannot_lift_a_halt(
    log: AuditLog, home: Path, command: CommandLine
) -> None:
    log.records.close()
    forge(home)
    make_oneself_an_approver(home)
    halted = command("halt")
    assert halted.code == 0
    assert MISTRUSTED in halted.err
    variables = {"BILL_MCP_HOME": str(home), "BILL_MCP_KEY": OPERATORS_KEY}
    with at_terminal(
        "halt", "--lift", variables=variables, controlling=True
    ) as terminal:
        terminal.type("dana", after="Approver [dana]: ")
        assert terminal.end() == 2
    assert "could be anybody's" in terminal.shown
    assert (home / "HALTED").exists()


def test_nothing_is_written_but_reads_go_on_until_the_records_are_taken_over(
    home: Path, monkeypatch: pytest.MonkeyPatch, command: CommandLine
) -> None:
    world = ("--environment", "local", "--state", str(home.with_name("world.db")))
    monkeypatch.delenv("BILL_MCP_KEY")
    assert command(*CREATE, *world).code == 0
    monkeypatch.setenv("BILL_MCP_KEY", OPERATORS_KEY)
    refused = command(*CREATE, *world)
    assert refused.code != 0
    assert "journal_unavailable" in refused.out + refused.err
    assert MISTRUSTED in refused.out + refused.err
    listed = command(*LIST, *world)
    assert (listed.code, listed.out.count("North")) == (0, 1)
    vendor = command(*VENDORS, *world)  # its bank details can't be noted, only told
    assert (vendor.code, '"results"' in vendor.out) == (0, True)
    command("halt")
    assert command("halt", "--lift").code == 2
    assert (home / "HALTED").exists()
    for words in (("status",), ("approvals",), ("audit",), ("audit", "verify")):
        ran = command(*words)
        assert MISTRUSTED in ran.out + ran.err
        assert "`bill-mcp audit verify --accept` at a terminal" in ran.out + ran.err
        assert "Traceback" not in ran.err
    assert open_vault(home, OPERATORS_KEY).get(KEY_ENTRY) is None


def test_person_who_began_without_a_vault_takes_the_records_into_one(
    run: CommandLine, begun: AuditLog, home: Path
) -> None:
    key = base64.b64decode((home / "audit.key").read_text())
    variables = {"BILL_MCP_HOME": str(home), "BILL_MCP_KEY": OPERATORS_KEY}
    with at_terminal(
        "audit", "verify", "--accept", variables=variables, controlling=True
    ) as terminal:
        terminal.wait_for("whole: 3 rows, none changed, none missing")
        terminal.wait_for("may have made up every row, approver and")
        terminal.type("yes", after="do you trust them? (yes/no): ")
        assert terminal.end() == 0
    assert "taken over: " in terminal.shown
    verified = run("verify")
    assert verified.out.startswith("whole: 4 rows, none changed, none missing")
    assert "kept head: row 4" in verified.out
    assert sealing_key(home, OPERATORS_KEY)() == key
    assert list(home.glob("audit*")) == []
    (line,) = run("--kind", "accepted").out.splitlines()
    assert line.startswith("4\t")
    told = json.loads(run("export").out.splitlines()[3])["content"]["arguments"]
    assert (told["key"], told["problems"]) == ("taken over from audit.key", [])
    assert run("verify", "--accept").code == 2  # nothing to accept any more


@pytest.mark.parametrize("answer", ["no", "\x04"])
def test_without_a_yes_nothing_is_taken_over(
    begun: AuditLog, home: Path, answer: str
) -> None:
    there = sorted(path.name for path in home.glob("audit*"))
    variables = {"BILL_MCP_HOME": str(home), "BILL_MCP_KEY": OPERATORS_KEY}
    with at_terminal(
        "audit", "verify", "--accept", variables=variables, controlling=True
    ) as terminal:
        terminal.type(answer, after="(yes/no): ")
        assert terminal.end() == 1
    assert "Nothing was changed" in terminal.shown
    assert sorted(path.name for path in home.glob("audit*")) == there
    assert not (home / "secrets.enc").exists()
    with closing(sqlite3.connect(begun.path)) as file:
        assert file.execute("SELECT count(*) FROM audit").fetchone() == (3,)


def test_nobody_takes_records_over_where_there_is_no_terminal(
    home: Path, begun: AuditLog
) -> None:
    variables = {"BILL_MCP_HOME": str(home), "BILL_MCP_KEY": OPERATORS_KEY}
    with at_terminal("audit", "verify", "--accept", variables=variables) as screen:
        assert screen.end() == 2
    assert "there is no terminal here" in screen.shown
    assert not (home / "secrets.enc").exists()


def test_key_that_the_log_was_not_written_with_is_not_taken_over(
    log: AuditLog, home: Path
) -> None:
    log.records.close()
    (home / "secrets.enc").unlink()
    (home / "audit.key").write_text(base64.b64encode(FORGERS_KEY).decode())
    variables = {"BILL_MCP_HOME": str(home), "BILL_MCP_KEY": OPERATORS_KEY}
    with at_terminal(
        "audit", "verify", "--accept", variables=variables, controlling=True
    ) as terminal:
        terminal.wait_for("NOT WHOLE: 3 problems")
        terminal.type("yes", after="(yes/no): ")
        assert terminal.end() == 2
    assert "was written under another key" in terminal.shown
    assert not (home / "secrets.enc").exists()
