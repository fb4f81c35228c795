"""An audit log to write, to break and to check."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from bill_mcp.audit_cli.log_file import find_log
from bill_mcp.records import audit
from bill_mcp.records.audit import Audit, AuditEntry, Kind
from bill_mcp.records.audit_chain import Head, Report
from bill_mcp.records.store import RecordFile

KEY = b"0123456789abcdef0123456789abcdef"
OPERATORS_KEY = "canary-key-of-the-operator"
AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def an_entry(**given: object) -> AuditEntry:
    """The intent of a payment, with whatever a test wants otherwise."""
    usual: dict[str, object] = {
        "at": AT,
        "kind": Kind.INTENT,
        "agent": "stdio:1",
        "action": "bill_create_a_payment",
        "effects": ("money", "write"),
    }
    return AuditEntry(**{**usual, **given})  # type: ignore[arg-type]


@dataclass
class AuditLog:
    """One log, written as servers do and broken as somebody with a file editor does."""

    path: Path
    audit: Audit = field(default_factory=lambda: Audit(lambda: KEY))

    def __post_init__(self) -> None:
        self.records = RecordFile(self.path, (audit.SCHEMA,))

    def write(self, *entries: AuditEntry) -> None:
        for entry in entries:
            self.records.transact_now(partial(self.audit.append, entry=entry))

    def head(self) -> Head | None:
        return self.records.look_now(audit.head)

    def verify(self, kept: Head | None = None) -> Report:
        return self.records.look_now(lambda c: self.audit.verify(c, kept))

    def tamper(self, *statements: tuple[str, tuple[object, ...]]) -> None:
        """Change the file behind the log's back: nothing forbids it there."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            found = other.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall()
            for (name,) in found:
                other.execute(f"DROP TRIGGER {name}")
            for statement, values in statements:
                other.execute(statement, values)


def left_by_a_server(home: Path) -> AuditLog:
    """A log of three rows, its key and its head kept where a server keeps them."""
    found = find_log({**os.environ, "BILL_MCP_HOME": str(home)})
    log = AuditLog(found.path, Audit(found.custody.key))
    log.write(
        an_entry(write="w1"),
        an_entry(
            kind="outcome",
            write="w1",
            outcome="done",
            bill_ids=("stp01",),
            at=AT + timedelta(seconds=1),
        ),
        an_entry(
            kind="refused",
            agent="http:evil\x1b[2J\tx",
            at=AT + timedelta(days=1),
            arguments={"name": '=HYPERLINK("https://x")', "n": [1]},
        ),
    )
    assert found.custody.keep_head(found.path, log.records)
    return log
