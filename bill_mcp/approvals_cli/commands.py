"""The commands ``approver``, ``approvals``, ``approve``, ``deny`` and ``halt``."""

from __future__ import annotations

from typing import Annotated

import typer

Id = Annotated[str, typer.Argument(metavar="ID", help="As `bill-mcp approvals` tells.")]


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    approver = typer.Typer(help="Who may approve.", no_args_is_help=True)
    approver.command("add")(add_approver)
    approver.command("remove")(remove_approver)
    app.add_typer(approver, name="approver")
    app.command()(approvals)
    app.command()(approve)
    app.command()(deny)
    app.command()(halt)


def add_approver(
    name: Annotated[
        str | None, typer.Argument(help="By default the name of your user.")
    ] = None,
) -> None:
    """Let a person approve, by a passphrase typed here; or change a passphrase."""
    from bill_mcp.approvals_cli import appointing

    raise typer.Exit(appointing.add(name))


def remove_approver(name: Annotated[str, typer.Argument()]) -> None:
    """Let a person approve no more; asks for their passphrase."""
    from bill_mcp.approvals_cli import appointing

    raise typer.Exit(appointing.remove(name))


def approvals() -> None:
    """Show what waits for an approver."""
    from bill_mcp.approvals_cli import listing

    raise typer.Exit(listing.show_all())


def approve(approval: Id) -> None:
    """Show one call that waits, and let it go out once."""
    from bill_mcp.approvals_cli import deciding

    raise typer.Exit(deciding.approve(approval))


def deny(approval: Id) -> None:
    """Decline one call that waits."""
    from bill_mcp.approvals_cli import deciding

    raise typer.Exit(deciding.deny(approval))


def halt(
    lift: Annotated[
        bool, typer.Option("--lift", help="Let writes go out again.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Kept with the halt.")] = "",
) -> None:
    """Stop everything that changes something at BILL, in every process, at once."""
    from bill_mcp.approvals_cli import halting

    raise typer.Exit(halting.lift() if lift else halting.halt(reason))
