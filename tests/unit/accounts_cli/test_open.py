"""Which waiting question ``bill-mcp open`` opens, and what it shows of it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.command_line import CommandLine

from bill_mcp.pages.ticket_files import TicketFile, TicketFolder

pytestmark = pytest.mark.usefixtures("logging_as_before")


def wait(home: Path, letter: str) -> TicketFile:
    """A question of another process, with its ticket where only we can read it."""
    folder = TicketFolder(home / "tickets")
    folder.prepare()
    ticket = TicketFile(
        id=letter * 26,
        ticket="canary-ticket",
        address="http://127.0.0.1:4711",
        title="Confirm\x1b[2J with a code",
        phrase="one two three four",
        expires=(datetime.now(UTC) + timedelta(minutes=5)).isoformat(),
    )
    folder.put(ticket)
    return ticket


def test_the_waiting_question_is_opened_and_its_ticket_stays_hidden(
    tmp_path: Path, home: Path
) -> None:
    ticket = wait(home, "a")
    program, seen = tmp_path / "browser", tmp_path / "seen"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" >{seen}\n', encoding="utf-8")
    program.chmod(0o700)
    ran = subprocess.run(
        [sys.executable, "-m", "bill_mcp", "open"],
        env={
            "PATH": os.environ["PATH"],
            "BILL_MCP_HOME": str(home),
            "BROWSER": f"{program} %s",
        },
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "one two three four" in ran.stdout
    assert "canary" not in ran.stdout
    page = home / "tickets" / f"{ticket.id}.html"
    assert seen.read_text(encoding="utf-8") == page.as_uri()
    assert "canary-ticket" in page.read_text(encoding="utf-8")


def test_one_of_several_is_named_by_its_id_or_its_address(
    run: CommandLine, home: Path
) -> None:
    first, second = wait(home, "a"), wait(home, "b")
    ran = run("open")
    assert ran.code == 2
    for ticket in (first, second):
        told = f"bill-mcp open {ticket.id}   Confirm[2J with a code (one two three"
        assert told in ran.err
    for named in (first.id, f"http://127.0.0.1:4711/q/{second.id}"):
        assert "no browser can be opened here" in run("open", named).err
    assert "nothing waits for you here" in run("open", "c" * 26).err


def test_nothing_waits_where_nobody_asked(run: CommandLine) -> None:
    ran = run("open")
    assert (ran.code, ran.out) == (2, "")
    assert "nothing waits for you here" in ran.err
