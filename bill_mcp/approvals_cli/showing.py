"""One approval as a person sees it: where, what speaks against it, what is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from bill_mcp.accounts_cli.screen import COLOURS
from bill_mcp.environments import Environment
from bill_mcp.pages.layout import ABOUT
from bill_mcp.quoting import quoted, visible
from bill_mcp.records.approvals import Approval
from bill_mcp.records.halt import Halt
from bill_mcp.records.payments import amount_of

ALARM = "bold white on red"
AMOUNT = "Amount"


class Say(Protocol):
    """Prints one line."""

    def __call__(self, text: str = "", style: str = "") -> None: ...


def show(say: Say, approval: Approval, now: datetime) -> None:
    """Print all that an approver must know, third parties' words below ours."""
    wanted = approval.wanted
    say(environment_of(approval), _colour(wanted.environment))
    say(f"Organization: {visible(wanted.organization)}")
    for reason in wanted.reasons:
        say(f"! {visible(reason)}", "bold yellow")
    say()
    say(visible(wanted.title), "bold")
    for label, value, third_party in _lines(approval):
        if third_party:
            say(f"  {label}:")
            say(f"      {quoted(value)}", "italic")
        else:
            say(f"  {label}: {visible(value)}")
    say("  Agent:")
    say(f"      {quoted(wanted.agent_name)}", "italic")
    say(f"  Profile: {visible(wanted.profile)}")
    say(f"  Action: {visible(wanted.action)}")
    say(f"Approval {visible(approval.id)}, {left(approval, now)}", "dim")


def halted(found: Halt, how: str = "halted") -> str:
    """Since when everything is halted, by whom, and why."""
    since = f" since {found.at:%Y-%m-%d %H:%M} UTC" if found.at else ""
    told = f": {visible(found.reason)}" if found.reason else ""
    return f"{how}{since} by {visible(found.by)}{told}"


def environment_of(approval: Approval) -> str:
    """Which BILL it is about, in loud words."""
    named = approval.wanted.environment
    if named not in set(Environment):
        return visible(named).upper()
    name, meaning = ABOUT[Environment(named)]
    return f"{name.upper()}: {meaning}"


def amount(approval: Approval) -> str:
    """The amount with its currency, or nothing."""
    wanted = approval.wanted
    if wanted.cents is None:
        return ""
    return f"{amount_of(wanted.cents)} {visible(wanted.currency or '')}".rstrip()


def left(approval: Approval, now: datetime) -> str:
    """How long it still lives, in words."""
    seconds = max(int((approval.expires_at - now).total_seconds()), 0)
    minutes, rest = divmod(seconds, 60)
    return f"expires in {minutes} min {rest:02} s"


def _lines(approval: Approval) -> Iterator[tuple[str, str, bool]]:
    lines = approval.wanted.lines
    told = any(line.label.lower() == AMOUNT.lower() for line in lines)
    if approval.wanted.cents is not None and not told:
        yield AMOUNT, amount(approval), False
    for line in lines:
        yield visible(line.label), line.value, line.third_party


def _colour(environment: str) -> str:
    if environment in {Environment.LOCAL, Environment.SANDBOX}:
        return COLOURS[Environment(environment)]
    return ALARM
