"""What a command does when nobody reads what it prints, as in ``| head -1``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.audit_log import AuditLog, left_by_a_server
from support.terminal import KEPT

KEY = "canary-key-of-the-operator"
UNBUFFERED = [{}, {"PYTHONUNBUFFERED": "1"}]


def unread(home: Path, *words: str, **variables: str) -> int:
    """The exit code of a command that finds nobody at the other end of its pipes."""
    reading, writing = os.pipe()
    os.close(reading)
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    try:
        return subprocess.run(  # noqa: S603 -- ourselves
            [sys.executable, "-m", "bill_mcp", *words],
            env={**kept, "BILL_MCP_HOME": str(home), "BILL_MCP_KEY": KEY, **variables},
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            check=False,
            timeout=60,
        ).returncode
    finally:
        os.close(writing)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AuditLog:
    monkeypatch.setenv("BILL_MCP_KEY", KEY)
    return left_by_a_server(tmp_path)


@pytest.mark.parametrize("variables", UNBUFFERED, ids=["buffered", "unbuffered"])
def test_check_of_the_log_tells_what_it_found_though_nobody_reads_on(
    log: AuditLog, tmp_path: Path, variables: dict[str, str]
) -> None:
    assert unread(tmp_path, "audit", "verify", **variables) == 0
    log.tamper(("DELETE FROM audit WHERE seq = 3", ()))
    assert unread(tmp_path, "audit", "verify", **variables) == 1
    assert unread(tmp_path, "audit", "verify", "--accept", **variables) == 0
    assert unread(tmp_path, "audit", "verify", **variables) == 0


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "approvals"),
        (0, "tools"),
        (0, "--help"),
        (1, "call bill_get_vendor_details vendorId=00901NOBODY"),
        (2, "audit --since yesterday"),
        (2, "no such command"),
    ],
)
def test_every_command_ends_as_if_it_were_read(
    tmp_path: Path, code: int, words: str
) -> None:
    assert unread(tmp_path, *words.split(), PYTHONUNBUFFERED="1") == code


def test_reader_of_the_first_line_gets_it_whole(log: AuditLog, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "bill_mcp", "audit", "export"],
        env={**os.environ, "BILL_MCP_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["seq"] == 1
        process.stdout.close()
        _, told = process.communicate()
    assert (process.returncode, told.startswith("head: row 3, ")) == (0, True)
