"""What the approver's commands say when the records can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.terminal import at_terminal

from bill_mcp.clock import SystemClock
from bill_mcp.records import halt


@pytest.mark.parametrize(
    "words",
    [
        ("approvals",),
        ("approve", "ABCDEFGH"),
        ("deny", "ABCDEFGH"),
        ("approver", "add", "bob"),
        ("approver", "remove", "bob"),
        ("halt", "--lift"),
    ],
    ids=" ".join,
)
def test_person_is_told_that_the_journal_is_damaged_and_what_to_do(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    halt.halt(tmp_path, at=SystemClock().now(), by="mia")
    (tmp_path / "journal.sqlite").write_bytes(b"garbage\n" * 200)
    with at_terminal(
        *words,
        variables={"BILL_MCP_HOME": str(tmp_path), "BILL_MCP_KEY": "canary-key"},
        controlling=True,
    ) as terminal:
        assert terminal.end() == 2
    assert f"bill-mcp: {tmp_path / 'journal.sqlite'} is damaged" in terminal.shown
    assert "Put back the newest copy that is whole" in terminal.shown
    assert "Traceback" not in terminal.shown
    assert halt.is_halted(tmp_path) is not None


def test_person_is_told_that_the_journal_can_not_be_used(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").mkdir()
    with at_terminal(
        "approvals", variables={"BILL_MCP_HOME": str(tmp_path)}
    ) as terminal:
        assert terminal.end() == 2
    assert "can't be used" in terminal.shown
    assert "Traceback" not in terminal.shown
