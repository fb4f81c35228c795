"""An operator's command line, and an audit log that a server left."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.audit_log import OPERATORS_KEY, AuditLog, left_by_a_server
from support.command_line import CommandLine


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
