"""What ``bill-mcp doctor`` says of the audit log's key."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from keyring.backends import fail
from support.keyrings import LockedKeyring, OpenKeyring, own_keyring
from support.simulator_process import Simulator, simulator_process

from bill_mcp import cli

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
