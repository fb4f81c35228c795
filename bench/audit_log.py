"""What the audit log costs: a row, a whole check, and keeping its head."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bill_mcp.records import audit
from bill_mcp.records.audit import Audit, AuditEntry
from bill_mcp.records.store import RecordFile
from bill_mcp.sessions.agent_locks import AgentLocks
from bill_mcp.sessions.audit_custody import AuditCustody
from bill_mcp.sessions.vault import FileVault

HEADS = ("what", "median ms", "p99 ms")
COUNT = 300
VERIFIED = 100_000
HEADS_KEPT = 20
ENTRY = AuditEntry(
    at=datetime(2026, 11, 24, tzinfo=UTC),
    kind="intent",
    write="0123456789abcdef",
    agent="stdio:default:1",
    profile="default",
    environment="sandbox",
    organization="sandbox 00801ABCDEFGHJKLMNPQ",
    user="00601ABCDEFGHJKLMNPQ",
    action="bill_create_a_payment",
    effects=("money", "write"),
    verdict="allowed",
    arguments={
        "vendorId": "00901ABCDEFGHJKLMNPQ",
        "billId": "00n01ABCDEFGHJKLMNPQ",
        "amount": 1250.5,
        "processDate": "2026-11-24",
    },
    digest="0" * 64,
)


def rows() -> list[tuple[str, ...]]:
    """Each step on a file of its own, on this machine's disk."""
    with tempfile.TemporaryDirectory() as folder:
        return _rows(Path(folder))


def _rows(folder: Path) -> list[tuple[str, ...]]:
    key = b"k" * 32
    log = Audit(lambda: key)
    records = RecordFile(folder / "journal.sqlite", (audit.SCHEMA,))
    add = partial(log.append, entry=ENTRY)
    told = [
        _timed("a transaction that writes nothing", lambda: _nothing(records), COUNT),
        _timed(
            "a transaction that adds one row", lambda: records.transact_now(add), COUNT
        ),
        _appended(records, add),
    ]
    began = time.perf_counter()
    report = records.look_now(lambda connection: log.verify(connection, None))
    took = (time.perf_counter() - began) * 1000
    if not report.is_whole:
        raise RuntimeError("the log is not whole")
    told += [
        (f"verify {report.rows:,} rows", f"{took:.0f}", ""),
        _kept_heads(folder, records, add),
    ]
    records.close()
    return told


def _nothing(records: RecordFile) -> None:
    records.transact_now(lambda _: None)


def _appended(records: RecordFile, add: Callable[..., int]) -> tuple[str, ...]:
    """One row inside a transaction that is open anyway; makes the log long too."""
    count = VERIFIED - COUNT
    began = time.perf_counter()
    records.transact_now(lambda c: [add(c) for _ in range(count)])
    took = (time.perf_counter() - began) / count * 1000
    return ("one row inside an open transaction", f"{took:.3f}", "")


def _kept_heads(
    folder: Path, records: RecordFile, add: Callable[..., int]
) -> tuple[str, ...]:
    vault = FileVault(folder / "secrets.enc", "a long random key")
    custody = AuditCustody(folder, lambda: vault, AgentLocks(folder / "agents"))
    path = folder / "journal.sqlite"

    def keep() -> None:
        records.transact_now(add)
        custody.keep_head(path, records)

    return _timed("keep the head in the encrypted file", keep, HEADS_KEPT)


def _timed(what: str, step: Callable[[], object], count: int) -> tuple[str, ...]:
    took = []
    for _ in range(count):
        began = time.perf_counter()
        step()
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    p99 = took[int(len(took) * 0.99)]
    return (what, f"{statistics.median(took):.2f}", f"{p99:.2f}")
