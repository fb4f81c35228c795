"""``bill-mcp approver``: people with the right to release money, and their passphrases.

The first approver is whoever comes first; every other one needs an approver's word.
"""

from __future__ import annotations

from functools import partial

import anyio

from bill_mcp.approvals_cli.opened import DONE, NOT_DONE, Opened, opened, user_name
from bill_mcp.approvals_cli.proving import prove, prove_one
from bill_mcp.approvals_cli.terminal import ControllingTerminal, controlling_terminal
from bill_mcp.errors import ConfigError
from bill_mcp.records.approvers import Voucher, check_name
from bill_mcp.records.passphrases import weakness
from bill_mcp.secret import Secret

UNCHANGED = "Nothing was changed."
RULE = (
    "Choose a passphrase that no agent and no file knows: at least 12 characters, or "
    "4 words."
)


def add(name: str | None) -> int:
    """Have a person choose the passphrase of *name*; the exit code of the command.

    Raises:
        ConfigError: There is no terminal, or the name is no name.
    """
    with opened() as records, controlling_terminal(records.live) as terminal:
        try:
            chosen = name or terminal.line("Name of the approver", user_name())
            check_name(chosen)
            done = _add(records, terminal, chosen)
        except EOFError:
            done = False
        if not done:
            terminal.say(UNCHANGED)
            return NOT_DONE
        terminal.say(f"{chosen} can approve with that passphrase.", "green")
        return DONE


def remove(name: str) -> int:
    """Have *name* approve no more; the exit code of the command.

    Raises:
        ConfigError: There is no terminal, or no such approver.
    """
    with opened() as records, controlling_terminal(records.live) as terminal:
        if name not in anyio.run(records.approvers.names):
            raise ConfigError("there is no approver of that name")
        try:
            proven = prove_one(records, terminal, name)
        except EOFError:
            proven = None
        now = records.clock.now()
        if proven is None or not anyio.run(
            records.approvers.remove, name, proven.passphrase, now
        ):
            terminal.say(UNCHANGED)
            return NOT_DONE
        terminal.say(f"{name} can approve no more.", "green")
        return DONE


def _add(records: Opened, terminal: ControllingTerminal, name: str) -> bool:
    names = anyio.run(records.approvers.names)
    if name in names:
        terminal.say(f"{name} is an approver already; this changes the passphrase.")
        return _change(records, terminal, name)
    voucher: Voucher | None = None
    if names:
        terminal.say("An approver who is there already must agree to another one.")
        voucher = prove(records, terminal, names)
        if voucher is None:
            return False
    passphrase = _chosen(terminal)
    now = records.clock.now()
    return anyio.run(
        partial(records.approvers.add, name, passphrase, now, voucher=voucher)
    )


def _change(records: Opened, terminal: ControllingTerminal, name: str) -> bool:
    proven = prove_one(records, terminal, name)
    if proven is None:
        return False
    fresh, now = _chosen(terminal), records.clock.now()
    return anyio.run(records.approvers.change, name, proven.passphrase, fresh, now)


def _chosen(terminal: ControllingTerminal) -> Secret:
    terminal.say(RULE)
    while True:
        first = terminal.hidden("New passphrase")
        fault = weakness(first)
        if fault is not None:
            terminal.say(f"! {fault}", "yellow")
        elif first == terminal.hidden("Once more"):
            return first
        else:
            terminal.say("! These two are not the same.", "yellow")
