"""The kill switch stops everything, and nothing but a person lifts it."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from support.clock import START

from bill_mcp.errors import ConfigError, Outcome, RefusedError
from bill_mcp.records import halt as kill_switch
from bill_mcp.records.halt import UNREADABLE, Halt
from bill_mcp.records.store import RecordFile


def test_halt_holds_until_it_is_lifted(tmp_path: Path) -> None:
    home = tmp_path / "home"
    kill_switch.check(home)
    halted = kill_switch.halt(home, at=START, by="mia", reason="odd payments")
    assert halted == Halt(at=START, by="mia", reason="odd payments")
    assert kill_switch.is_halted(home) == halted
    with pytest.raises(RefusedError, match="since 2026-11-23 15:10 UTC") as caught:
        kill_switch.check(home)
    assert (caught.value.code, caught.value.outcome) == ("halted", Outcome.NOT_DONE)
    assert "bill-mcp halt --lift" in caught.value.advice
    assert "odd payments" not in f"{caught.value}{caught.value.advice}"
    assert (home / "HALTED").stat().st_mode & 0o777 == 0o600
    assert kill_switch.lift(home)
    kill_switch.check(home)
    assert not kill_switch.lift(home)


def test_second_halt_keeps_the_time_and_reason_of_the_first(tmp_path: Path) -> None:
    first = kill_switch.halt(tmp_path, at=START, by="mia", reason="first")
    later = START + timedelta(hours=1)
    assert kill_switch.halt(tmp_path, at=later, by="tom", reason="second") == first
    assert kill_switch.is_halted(tmp_path) == first


def test_halt_returns_when_the_intent_that_was_being_written_is_on_disk(
    tmp_path: Path,
) -> None:
    file = RecordFile(tmp_path / "journal.sqlite", ("CREATE TABLE intents (id)",))
    is_let_through = threading.Event()

    def write(connection: sqlite3.Connection) -> None:
        kill_switch.check(tmp_path)
        is_let_through.set()
        while kill_switch.is_halted(tmp_path) is None:
            pass
        connection.execute("INSERT INTO intents VALUES (1)")

    with ThreadPoolExecutor(1) as thread, closing(file):
        writing = thread.submit(file.transact_now, write)
        assert is_let_through.wait(20)
        kill_switch.halt(tmp_path, at=START, by="mia")
        with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as other:
            [intents] = other.execute("SELECT COUNT(*) FROM intents").fetchone()
        writing.result()
    assert intents == 1


@pytest.mark.parametrize("content", ["", "no journal at all, just a text"])
def test_damaged_journal_does_not_keep_anybody_from_halting(
    content: str, tmp_path: Path
) -> None:
    (tmp_path / "journal.sqlite").write_text(content)
    kill_switch.halt(tmp_path, at=START, by="mia")
    with pytest.raises(RefusedError):
        kill_switch.check(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b"{}",
        b'{"at": 1, "by": "x", "reason": ""}',
        b'{"at": "yesterday", "by": "x", "reason": ""}',
        b"[" * 100_000,
    ],
)
def test_file_that_cannot_be_read_halts(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "HALTED").write_bytes(content)
    assert kill_switch.is_halted(tmp_path) == UNREADABLE
    with pytest.raises(RefusedError, match="halted everything"):
        kill_switch.check(tmp_path)
    assert kill_switch.halt(tmp_path, at=START, by="mia") == UNREADABLE
    assert kill_switch.lift(tmp_path)
    assert kill_switch.is_halted(tmp_path) is None


def test_name_that_is_there_halts_whatever_it_is(tmp_path: Path) -> None:
    switch = tmp_path / "HALTED"
    switch.symlink_to(tmp_path / "nowhere")
    assert kill_switch.is_halted(tmp_path) == UNREADABLE
    assert kill_switch.lift(tmp_path)
    switch.mkdir()
    assert kill_switch.is_halted(tmp_path) == UNREADABLE
    with pytest.raises(ConfigError, match="HALTED"):
        kill_switch.lift(tmp_path)


def test_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="HALTED"):
        kill_switch.halt(home, at=START, by="mia")
