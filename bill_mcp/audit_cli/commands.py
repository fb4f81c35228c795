"""The commands ``audit``, ``audit verify`` and ``audit export``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bill_mcp.errors import ConfigError, Outcome, UnknownActionError

SHOWN = 50

audit_app = typer.Typer(
    help="The audit log: show it, check it, export it.", invoke_without_command=True
)


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.add_typer(audit_app, name="audit")


@audit_app.callback()
def show(
    context: typer.Context,
    agent: Annotated[str | None, typer.Option(help="Of this agent.")] = None,
    action: Annotated[str | None, typer.Option(help="Of this action.")] = None,
    outcome: Annotated[
        str | None, typer.Option(help="done, not_done or unknown.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help="intent, outcome, refused, approval, approver, settled, halt or "
            "accepted."
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="ISO time or day, in UTC if not said.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Before that time or day.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = SHOWN,
) -> None:
    """Show the audit log, the newest row first."""
    if context.invoked_subcommand is not None:
        return
    from bill_mcp.audit_cli import showing
    from bill_mcp.audit_cli.log_file import find_log
    from bill_mcp.records.audit import Filters, Kind

    filters = Filters(
        kind=_one_of("--kind", kind, Kind),
        agent=agent,
        action=_canonical(action),
        outcome=_one_of("--outcome", outcome, Outcome),
        since=_moment("--since", since),
        until=_moment("--until", until),
        limit=limit,
        newest_first=True,
    )
    raise typer.Exit(showing.show(find_log(), filters))


@audit_app.command()
def verify(
    accept: Annotated[
        bool,
        typer.Option(
            "--accept",
            help="Take a log that is not whole as it is, or records that were begun "
            "without a vault, and write that down in the log.",
        ),
    ] = False,
) -> None:
    """Check every row of the audit log. Exit: 0 whole, 1 changed or rows missing."""
    from bill_mcp.audit_cli import taking_over, verifying
    from bill_mcp.audit_cli.log_file import find_log
    from bill_mcp.clock import SystemClock

    log = find_log()
    if accept and log.custody.fault() is not None:
        raise typer.Exit(taking_over.take_over(log, SystemClock()))
    if accept:
        raise typer.Exit(verifying.accept(log, SystemClock()))
    raise typer.Exit(verifying.verify(log))


@audit_app.command()
def export(
    format_name: Annotated[
        str, typer.Option("--format", help="csv or jsonl.")
    ] = "jsonl",
    out: Annotated[
        Path | None, typer.Option(help="File to write; standard output by default.")
    ] = None,
) -> None:
    """Write every row of the audit log; its head goes to standard error."""
    from bill_mcp.audit_cli import exporting
    from bill_mcp.audit_cli.log_file import find_log

    raise typer.Exit(exporting.export(find_log(), format_name, out))


def _one_of(option: str, text: str | None, known: type[StrEnum]) -> str | None:
    if text is None or text in set(known):
        return text
    raise ConfigError(f"{option} is one of {', '.join(known)}, not {text[:20]!r}")


def _canonical(action: str | None) -> str | None:
    """The name under which the log has the action, for any that a call may use.

    One that is unknown now may stand in the log all the same, from another version.
    """
    if action is None:
        return None
    from bill_mcp.specs import loading

    try:
        return loading.load().find(action).name
    except UnknownActionError:
        sys.stderr.write(
            f"bill-mcp: no tool of this version is named {action[:80]!r}; "
            "`bill-mcp tools WORDS` searches\n"
        )
        return action


def _moment(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{option} is no ISO time, such as 2026-11-24") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
