"""The command ``notify-key``."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("notify-key")(notify_key)


def notify_key(
    replace: Annotated[
        bool, typer.Option("--replace", help="Make another one in its place.")
    ] = False,
) -> None:
    """Make the key that signs announcements to your webhook, and show it once."""
    from bill_mcp.announcing.notify_key import make_key
    from bill_mcp.sessions.vault import open_vault
    from bill_mcp.settings_places import resolve_home

    home = resolve_home({})
    key = home.vault_key.reveal() if home.vault_key else None
    made = make_key(open_vault(home.path, key), replace=replace)
    typer.echo(
        "Give this key to the receiver of your webhook; it is not shown again. "
        "Running servers sign with it from now on.",
        err=True,
    )
    typer.echo(made.reveal())
