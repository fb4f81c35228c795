"""A person at a terminal: what is told, and what is asked without showing it."""

from __future__ import annotations

import getpass
import sys
import warnings
from collections.abc import Mapping
from typing import Protocol

from rich.console import Console
from rich.text import Text

from bill_mcp.environments import Environment
from bill_mcp.errors import ConfigError
from bill_mcp.pages.layout import ABOUT

COLOURS = {
    Environment.LOCAL: "cyan",
    Environment.SANDBOX: "green",
    Environment.PRODUCTION: "bold red",
}
"""Like the pages; the words say the same to those who see no colours."""


class Screen(Protocol):
    """What the questions of a login need of a terminal."""

    def say(self, text: str = "", style: str = "") -> None: ...

    def line(self, label: str, default: str = "") -> str:
        """What the person types, or *default* for an empty line."""

    def hidden(self, label: str) -> str:
        """What the person types without seeing it, spaces and all."""

    def choice(self, title: str, options: Mapping[str, tuple[str, str]]) -> str:
        """The key of the option that the person chooses."""

    def agree(self, question: str) -> bool: ...


class TerminalScreen:
    """The terminal of this process."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, markup=False, soft_wrap=True)

    def say(self, text: str = "", style: str = "") -> None:
        self._console.print(Text(text, style=style))

    def line(self, label: str, default: str = "") -> str:
        prompt = f"{label} [{default}]: " if default else f"{label}: "
        return self._console.input(prompt, markup=False).strip() or default

    def hidden(self, label: str) -> str:
        with warnings.catch_warnings():
            # Where it cannot hide the input, getpass only warns and then shows it.
            warnings.simplefilter("error", getpass.GetPassWarning)
            try:
                return getpass.getpass(f"{label} (hidden): ")
            except getpass.GetPassWarning:
                raise ConfigError(
                    "this terminal cannot hide what is typed, so nothing is asked here"
                ) from None

    def choice(self, title: str, options: Mapping[str, tuple[str, str]]) -> str:
        self.say(title, "bold")
        keys = list(options)
        for number, (name, hint) in enumerate(options.values(), start=1):
            self.say(f"  {number}  {name}. {hint}")
        while True:
            answer = self.line(f"1 to {len(keys)}")
            if answer.isascii() and answer.isdigit() and 0 < int(answer) <= len(keys):
                return keys[int(answer) - 1]

    def agree(self, question: str) -> bool:
        while True:
            answer = self.line(f"{question} (y/n)", "y").lower()
            if answer in {"y", "yes", "n", "no"}:
                return answer.startswith("y")


def need_terminal() -> None:
    """Refuse to go on where nobody could answer.

    Raises:
        ConfigError: Standard input is no terminal.
    """
    if not sys.stdin.isatty():
        raise ConfigError(
            "standard input is no terminal, and secrets are not read from pipes; run "
            "`bill-mcp login --terminal` in a terminal, or set the BILL_* variables"
        )


def show_environment(screen: Screen, environment: Environment) -> None:
    """Say in words and colour which BILL this is about."""
    name, meaning = ABOUT[environment]
    screen.say(f"{name.upper()}: {meaning}", COLOURS[environment])
