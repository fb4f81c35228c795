"""The commands ``login``, ``logout``, ``status`` and ``open``."""

from __future__ import annotations

from typing import Annotated

import typer

from bill_mcp.settings import resolve
from bill_mcp.settings_places import resolve_place

Environment = Annotated[
    str | None,
    typer.Option(help="local (a simulator), sandbox or production."),
]
Profile = Annotated[
    str | None, typer.Option(help="Name of the account; `default` by default.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.command()(login)
    app.command()(logout)
    app.command()(status)
    app.command("open")(open_question)


def login(
    terminal: Annotated[
        bool, typer.Option("--terminal", help="Ask here, not in a browser.")
    ] = False,
    mfa: Annotated[
        bool,
        typer.Option("--mfa", help="Only the code, for an account that is connected."),
    ] = False,
    profile: Profile = None,
    environment: Environment = None,
) -> None:
    """Connect a BILL account: check it at BILL, and keep it where secrets rest."""
    from bill_mcp.accounts_cli import login as asking

    given = {"profile": profile, "environment": environment}
    if mfa:
        code = asking.make_trusted(resolve(given), in_terminal=terminal)
    else:
        code = asking.connect(resolve_place(given), in_terminal=terminal)
    raise typer.Exit(code)


def logout(profile: Profile = None) -> None:
    """Remove a connected account, its secrets and its remembered MFA."""
    from bill_mcp.accounts_cli import leaving

    raise typer.Exit(leaving.remove(profile))


def status() -> None:
    """Say which accounts are connected, where, and what is kept of them."""
    from bill_mcp.accounts_cli import showing

    raise typer.Exit(showing.show())


def open_question(
    question: Annotated[
        str | None, typer.Argument(metavar="ID", help="Which one, if several wait.")
    ] = None,
) -> None:
    """Open the page that waits for you in your browser."""
    from bill_mcp.accounts_cli import opening

    raise typer.Exit(opening.open_waiting(question))
