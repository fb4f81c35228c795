"""Puts together what must be known after a crash: journal, audit log, approvals."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bill_mcp.client.request import NewId
from bill_mcp.clock import Clock
from bill_mcp.records import (
    approvals,
    approvers,
    audit,
    bank_details,
    claims,
    entering,
    halt,
    lasting,
    processes,
    store,
)
from bill_mcp.records.answers import Answers
from bill_mcp.records.approvals import Approval, Approvals
from bill_mcp.records.approvers import Approvers
from bill_mcp.records.audit import Audit, AuditEntry, Kind
from bill_mcp.records.bank_details import KnownDetails
from bill_mcp.records.journal import Journal
from bill_mcp.records.processes import Processes
from bill_mcp.records.store import RecordFile
from bill_mcp.sessions.agent_locks import AgentLocks
from bill_mcp.sessions.audit_custody import AuditCustody
from bill_mcp.sessions.head_keeper import HeadKeeper
from bill_mcp.sessions.profiles import OpenVault

SCHEMAS = (
    claims.SCHEMA,
    entering.SCHEMA,
    processes.SCHEMA,
    audit.SCHEMA,
    approvals.SCHEMA,
    approvers.SCHEMA,
    bank_details.SCHEMA,
)


@dataclass(frozen=True, kw_only=True)
class Safekeeping:
    """The records of one `BILL_MCP_HOME`, or of a world that ends with the process.

    Attributes:
        heads: None where the audit log ends with the process.
    """

    file: RecordFile
    custody: AuditCustody
    heads: HeadKeeper | None
    audit: Audit
    journal: Journal
    approvals: Approvals
    approvers: Approvers
    bank_details: KnownDetails

    def close(self) -> None:
        """Keep the head of the audit log, and close the file."""
        if self.heads is not None:
            self.heads.close()
        self.file.close()

    def committed(self) -> None:
        """Say that rows were added, so that the head is kept soon."""
        if self.heads is not None:
            self.heads.keep()


def open_records(
    home: Path,
    *,
    lasts: bool,
    moves_real_money: bool,
    home_is_given: bool,
    open_vault: OpenVault,
    locks: AgentLocks | None,
    clock: Clock,
    new_id: NewId,
) -> Safekeeping:
    """The records; the file is opened at its first use.

    Args:
        home: Where they are.
        lasts: False for a world that ends with this process: then in memory.
        moves_real_money: Outside ``local``, the place must be one that lasts.
        home_is_given: The operator named the place.
        open_vault: Keeps the key of the audit log.
        locks: Of the processes that share the file; None where there are none.
        clock: Tells when.
        new_id: Source of ids.
    """
    path = home / store.FILE_NAME if lasts else None
    file = RecordFile(path, SCHEMAS)
    custody = AuditCustody(home, open_vault, locks, lasts=lasts)
    log = Audit(custody.key)
    heads = HeadKeeper(lambda: custody.keep_head(path, file)) if lasts else None

    def check_place() -> None:
        if moves_real_money and lasts:
            lasting.check(home, is_given=home_is_given)

    journal = Journal(
        file,
        clock=clock,
        processes=Processes(locks),
        audit=log,
        check_halt=lambda: halt.check(home),
        check_place=check_place,
        new_token=lambda: secrets.token_hex(8),
        answers=Answers(custody.key),
    )
    return Safekeeping(
        file=file,
        custody=custody,
        heads=heads,
        audit=log,
        journal=journal,
        approvals=Approvals(
            file,
            clock,
            new_id,
            key=custody.key,
            note=approval_note(log, clock),
        ),
        approvers=Approvers(file, key=custody.key, note=approver_note(log, clock)),
        bank_details=KnownDetails(file, custody.key),
    )


def approval_note(
    log: Audit, clock: Clock
) -> Callable[[sqlite3.Connection, Approval, str], None]:
    """Writes an audit row for everything that happens to an approval."""

    def note(connection: sqlite3.Connection, approval: Approval, event: str) -> None:
        wanted = approval.wanted
        entry = AuditEntry(
            at=clock.now(),
            kind=Kind.APPROVAL,
            agent=wanted.agent_name,
            profile=wanted.profile,
            environment=wanted.environment,
            organization=wanted.organization,
            action=wanted.action,
            verdict=event,
            approval=approval.id,
            approver=approval.decided_by,
        )
        log.append(connection, entry)

    return note


def approver_note(
    log: Audit, clock: Clock
) -> Callable[[sqlite3.Connection, str, str], None]:
    """Writes an audit row when somebody may approve, or may no more."""

    def note(connection: sqlite3.Connection, name: str, event: str) -> None:
        entry = AuditEntry(
            at=clock.now(), kind=Kind.APPROVER, approver=name, verdict=event
        )
        log.append(connection, entry)

    return note
