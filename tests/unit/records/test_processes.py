"""Which processes live, as the others find it in the journal's file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bill_mcp.records import processes
from bill_mcp.records.processes import Processes
from bill_mcp.records.store import RecordFile
from bill_mcp.sessions.agent_locks import AgentLocks


class Side:
    """One process: its locks, and its connection to the shared file."""

    def __init__(self, home: Path) -> None:
        self.locks = AgentLocks(home / "agents")
        self.file = RecordFile(home / "journal.sqlite", (processes.SCHEMA,))
        self.processes = Processes(self.locks)

    def sees(self, other: Side) -> bool:
        return self.file.look_now(
            lambda c: self.processes.is_alive(c, other.processes.own)
        )

    def end(self) -> None:
        self.file.close()
        self.locks.close()


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Side, Side]:
    return Side(tmp_path), Side(tmp_path)


def test_process_that_was_made_known_lives_until_it_ends(
    sides: tuple[Side, Side],
) -> None:
    one, other = sides
    assert not other.sees(one)
    one.file.transact_now(one.processes.make_known)
    assert other.sees(one)
    one.end()
    assert not other.sees(one)
    other.end()


def test_process_is_known_though_its_first_intent_was_taken_back(
    sides: tuple[Side, Side],
) -> None:
    one, other = sides

    def refused(connection: sqlite3.Connection) -> None:
        one.processes.make_known(connection)
        raise PermissionError

    with pytest.raises(PermissionError):
        one.file.transact_now(refused)
    one.file.transact_now(one.processes.make_known)
    assert other.sees(one)
    one.end()
    other.end()
