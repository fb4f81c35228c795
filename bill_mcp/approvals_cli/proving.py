"""Asks who the approver is, and has them prove it by their passphrase."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import anyio

from bill_mcp.approvals_cli.opened import Opened
from bill_mcp.approvals_cli.terminal import ControllingTerminal
from bill_mcp.errors import CallError
from bill_mcp.records.approvers import Voucher

_MINUTE = timedelta(minutes=1)


def prove(
    records: Opened, terminal: ControllingTerminal, names: Sequence[str]
) -> Voucher | None:
    """The approver who typed the right passphrase, or None where nobody did."""
    default = names[0] if len(names) == 1 else ""
    if not default:
        terminal.say(f"Approvers: {', '.join(names)}")
    name = terminal.line("Approver", default)
    return prove_one(records, terminal, name)


def prove_one(
    records: Opened, terminal: ControllingTerminal, name: str
) -> Voucher | None:
    """*name* with the right passphrase, or None: an empty line, or no tries left."""
    approvers = records.approvers
    try:
        while True:
            if not _may_try(records, terminal, name):
                return None
            passphrase = terminal.hidden(f"Passphrase of {name or 'nobody'}")
            if not passphrase.reveal():
                return None
            now = records.clock.now()
            if anyio.run(approvers.check, name, passphrase, now):
                return Voucher(name=name, passphrase=passphrase)
            terminal.say("! That is not the passphrase.", "yellow")
    except CallError as error:
        terminal.say(f"! {error}", "yellow")
        return None


def _may_try(records: Opened, terminal: ControllingTerminal, name: str) -> bool:
    now = records.clock.now()
    standing = anyio.run(records.approvers.standing, name, now)
    if standing.closed_until is not None:
        minutes = -(-(standing.closed_until - now) // _MINUTE)
        terminal.say(f"! Too many wrong tries. Wait {minutes} minutes.", "yellow")
        return False
    terminal.say(f"{standing.tries_left} tries left; Enter stops.", "dim")
    return True
