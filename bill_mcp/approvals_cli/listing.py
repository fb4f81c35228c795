"""``bill-mcp approvals``: what waits for a person."""

from __future__ import annotations

import sys

import anyio
from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from bill_mcp.approvals_cli.halting import MEANS
from bill_mcp.approvals_cli.opened import DONE, Opened, opened
from bill_mcp.approvals_cli.showing import amount, environment_of, halted, show
from bill_mcp.approvals_cli.unsettled import show_unsettled
from bill_mcp.quoting import visible
from bill_mcp.records.halt import is_halted

NOTHING = "no call waits for approval"
NOTHING_COUNTS = "no approval counts here"


def show_all() -> int:
    """Show everything that waits for a person; the exit code of the command."""
    with opened() as records:
        found = is_halted(records.home)
        if found is not None:
            # First: while it holds, what is approved below does not go out either.
            sys.stdout.write(f"{halted(found)}\n{MEANS}\n")
        fault = records.custody.fault()
        if fault is None:
            _show_waiting(records)
        else:  # nobody can tell who asked for what waits, or granted it
            sys.stdout.write(f"{NOTHING_COUNTS}: {fault}\n")
        show_unsettled(anyio.run(records.journal.unsettled))
    return DONE


def _show_waiting(records: Opened) -> None:
    waiting = anyio.run(records.approvals.waiting)
    now = records.clock.now()
    if not waiting:
        sys.stdout.write(f"{NOTHING}\n")
        return
    if not sys.stdout.isatty():  # one line a call, for grep
        for approval in waiting:
            wanted = approval.wanted
            told = (
                approval.id,
                f"{(approval.expires_at - now).total_seconds():.0f} s left",
                environment_of(approval).partition(":")[0],
                visible(wanted.organization),
                visible(wanted.title),
                amount(approval),
                visible(wanted.agent_name),
            )
            sys.stdout.write("\t".join(told) + "\n")
        return
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)

    def say(text: str = "", style: str = "") -> None:
        console.print(Text(text, style=style))

    for approval in waiting:
        show(say, approval, now)
        say(f"bill-mcp approve {approval.id}    or    bill-mcp deny {approval.id}")
        console.print(Rule(style="dim"))
