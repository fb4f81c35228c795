"""What ``bill-mcp doctor`` says of the records: key, journal, and a halt."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from keyring.backends import fail
from support.command_line import CommandLine
from support.keyrings import LockedKeyring, OpenKeyring, own_keyring
from support.simulator_process import Simulator, simulator_process

from bill_mcp import cli
from bill_mcp.records import halt
from bill_mcp.records.store import RecordFile
from bill_mcp.safekeeping import SCHEMAS

pytestmark = pytest.mark.usefixtures("logging_as_before")


@pytest.fixture(scope="module")
def bill() -> Iterator[Simulator]:
    with simulator_process() as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("ring", "mark", "told"),
    [
        (OpenKeyring(), "ok", "the key of the audit log rests in the keyring"),
        (LockedKeyring(), "mend", "audit log: the keyring is locked"),
        (
            fail.Keyring(),  # type: ignore[no-untyped-call]
            "mend",
            "whoever can read that folder could forge the log",
        ),
    ],
)
def test_it_says_where_the_key_of_the_audit_log_rests(
    bill: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    ring: OpenKeyring,
    mark: str,
    told: str,
) -> None:
    for name in os.environ:
        if name.startswith("BILL_"):
            monkeypatch.delenv(name)
    for name, value in bill.credentials().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BILL_MCP_ENVIRONMENT", "local")
    monkeypatch.setenv("BILL_MCP_BASE_URL", bill.base_url)
    monkeypatch.setenv("BILL_MCP_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["bill-mcp", "doctor"])
    with own_keyring(ring), pytest.raises(SystemExit) as ended:
        cli.main()
    (line,) = [x for x in capfd.readouterr().out.splitlines() if told in x]
    assert line.split()[0] == mark
    assert ended.value.code == 0
    assert not (tmp_path / "audit.key").exists()


@pytest.fixture
def examine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> CommandLine:
    """The doctor of an operator whose server is the simulator of this process."""
    return CommandLine(
        home=tmp_path / "home",
        monkeypatch=monkeypatch,
        capsys=capfd,
        first_words=("doctor",),
    )


def test_it_tells_a_damaged_journal_from_one_that_serves(examine: CommandLine) -> None:
    ran = examine()
    assert (ran.code, "ok   no journal yet in" in ran.out) == (0, True)
    path = examine.home / "journal.sqlite"
    file = RecordFile(path, SCHEMAS)
    file.transact_now(
        lambda c: c.executemany(
            "INSERT INTO touched VALUES ('o', ?, 'a', 'made', 0)",
            [(f"{n:0200}",) for n in range(200)],
        )
    )
    file.close()
    ran = examine()
    assert (ran.code, f"ok   the journal {path} can" in ran.out) == (0, True)
    whole = path.read_bytes()
    for broken in (b"garbage " * 200, whole[:8192] + b"\xff" * 4096 + whole[12288:]):
        path.write_bytes(broken)
        ran = examine()
        assert ran.code == 1
        assert f"mend {path} is damaged" in ran.out
        assert "Put back the newest copy that is whole" in ran.out


def test_it_tells_that_everything_is_halted_and_by_whom(examine: CommandLine) -> None:
    at = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    halt.halt(examine.home, at=at, by="mia", reason="[odd] bills")
    ran = examine()
    told = "mend halted since 2026-11-24 09:30 UTC by mia: [odd] bills. `bill-mcp halt"
    assert (ran.code, told in ran.out) == (0, True)
