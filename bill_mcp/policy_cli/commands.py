"""The command ``policy check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bill_mcp.errors import ConfigError
from bill_mcp.settings import policy_path

policy_app = typer.Typer(help="What each agent may do.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.add_typer(policy_app, name="policy")


@policy_app.callback()
def policy() -> None:
    """What each agent may do."""


@policy_app.command()
def check(
    file: Annotated[
        Path | None,
        typer.Argument(help="A policy file; by default the one that is set."),
    ] = None,
) -> None:
    """Check a policy file and say in words what each agent may. Exit: 0 ok, 2 not."""
    from bill_mcp.policy_cli import checking

    path = file or policy_path({})
    if path is None:
        raise ConfigError(
            "no policy file: name one, or set BILL_MCP_POLICY. Without one, production "
            "allows reading and writing only; what needs a person is up to --confirm"
        )
    checking.show(path)
