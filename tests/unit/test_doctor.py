"""What ``bill-mcp doctor`` says of the records, and where no keyring loads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from keyring.backends import fail
from support.audit_log import left_by_a_server
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
    examining(bill, tmp_path, monkeypatch)
    with own_keyring(ring), pytest.raises(SystemExit) as ended:
        cli.main()
    (line,) = [x for x in capfd.readouterr().out.splitlines() if told in x]
    assert line.split()[0] == mark
    assert ended.value.code == 0
    assert not (tmp_path / "audit.key").exists()


def examining(bill: Simulator, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what a person sets whose server talks to *bill*, and who runs the doctor."""
    for name in os.environ:
        if name.startswith("BILL_"):
            monkeypatch.delenv(name)
    for name, value in bill.credentials().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BILL_MCP_ENVIRONMENT", "local")
    monkeypatch.setenv("BILL_MCP_BASE_URL", bill.base_url)
    monkeypatch.setenv("BILL_MCP_HOME", str(home))
    monkeypatch.setattr(sys, "argv", ["bill-mcp", "doctor"])


def test_it_tells_records_that_were_begun_without_the_vault_that_is_there(
    bill: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    examining(bill, tmp_path, monkeypatch)
    with own_keyring(fail.Keyring()):  # type: ignore[no-untyped-call]
        left_by_a_server(tmp_path)
    with own_keyring(OpenKeyring()), pytest.raises(SystemExit) as ended:
        cli.main()
    told = "mend audit log: the records in"
    (line,) = [x for x in capfd.readouterr().out.splitlines() if x.startswith(told)]
    assert "`bill-mcp audit verify --accept` at a terminal" in line
    assert ended.value.code == 1


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


NOT_THERE = "keyrings.absent.Keyring"


def by_itself(home: Path, *words: str, **variables: str) -> tuple[int, str]:
    """Run a command in a process of its own, which looks for a keyring anew."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith("BILL_")}
    ran = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "bill_mcp", *words],
        env={**kept, "BILL_MCP_HOME": str(home), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout


@pytest.mark.parametrize(
    "words", [("doctor",), ("call", "bill_get_api_session_details")]
)
def test_keyring_that_cannot_be_loaded_is_not_missed_where_variables_are_complete(
    bill: Simulator, tmp_path: Path, words: tuple[str, ...]
) -> None:
    code, told = by_itself(
        tmp_path,
        *words,
        **bill.credentials(),
        PYTHON_KEYRING_BACKEND=NOT_THERE,
        BILL_MCP_ENVIRONMENT="local",
        BILL_MCP_BASE_URL=bill.base_url,
    )
    assert code == 0, told
    assert "Traceback" not in told


@pytest.mark.parametrize("named", [NOT_THERE, "keyring.core.Absent", "nonsense", ""])
def test_keyring_that_cannot_be_loaded_is_named_before_a_person_types_secrets(
    tmp_path: Path, named: str
) -> None:
    code, told = by_itself(
        tmp_path,
        "login",
        "--environment",
        "sandbox",
        PYTHON_KEYRING_BACKEND=named,
    )
    assert code == 2
    assert told.startswith(f"bill-mcp: the keyring {named!r} of PYTHON_KEYRING_BACK")
    assert "Set BILL_MCP_KEY" in told
