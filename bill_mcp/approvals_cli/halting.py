"""``bill-mcp halt``: the kill switch, set by anybody and lifted by an approver."""

from __future__ import annotations

import sqlite3
import sys
from datetime import datetime

import anyio

from bill_mcp.approvals_cli.opened import DONE, NOT_DONE, opened, user_name
from bill_mcp.approvals_cli.proving import prove
from bill_mcp.approvals_cli.showing import halted
from bill_mcp.approvals_cli.terminal import controlling_terminal
from bill_mcp.clock import SystemClock
from bill_mcp.errors import BillMcpError
from bill_mcp.records import halt as kill_switch
from bill_mcp.records.audit import AuditEntry, Kind
from bill_mcp.settings_places import resolve_home

NOT_HALTED = "nothing is halted"
MEANS = "Nothing that changes anything at BILL goes out, until `bill-mcp halt --lift`."
LIFTED = "lifted: writes go out again"


def halt(reason: str) -> int:
    """Stop all writes; the exit code of the command.

    Asks nothing, and stops before it opens the records: it must work when nothing else
    does.
    """
    home = resolve_home({}).path
    now = SystemClock().now()
    was_halted = kill_switch.is_halted(home) is not None
    found = kill_switch.halt(home, at=now, by=user_name(), reason=reason)
    how = "halted already," if was_halted else "halted"
    sys.stdout.write(f"{halted(found, how)}\n{MEANS}\n")
    if not was_halted:  # nothing has changed, so the log has nothing to tell
        _note(now)
    return DONE


def _note(now: datetime) -> None:
    entry = AuditEntry(at=now, kind=Kind.HALT, approver=user_name(), verdict="halted")
    try:
        with opened() as records:
            anyio.run(records.journal.note, entry)
    except (BillMcpError, OSError, sqlite3.Error) as error:
        sys.stderr.write(f"bill-mcp: the audit log does not have it: {error}\n")


def lift() -> int:
    """Let writes go out again, on an approver's word; the exit code of the command.

    Raises:
        ConfigError: An approver must agree, and there is no terminal to ask at; or the
            log could not have it.
    """
    with opened() as records:
        if kill_switch.is_halted(records.home) is None:
            sys.stdout.write(f"{NOT_HALTED}\n")
            return DONE
        by = user_name()
        names = anyio.run(records.approvers.names)
        if names:
            with controlling_terminal(records.live) as terminal:
                try:
                    approver = prove(records, terminal, names)
                except EOFError:
                    approver = None
                if approver is None:
                    terminal.say("Still halted.")
                    return NOT_DONE
                by = approver.name
        records.custody.key()  # or it would be lifted, but nothing would say so
        kill_switch.lift(records.home)
        entry = AuditEntry(
            at=records.clock.now(),
            kind=Kind.HALT,
            approver=by,
            verdict="lifted",
        )
        anyio.run(records.journal.note, entry)
    sys.stdout.write(f"{LIFTED}\n")
    return DONE
